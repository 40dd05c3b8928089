"""Every button of a decision that is off says why, and pressed all the same from an older page it decides nothing."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from bench.running import Running

from .chromium import PATIENCE, Windows

APPROVE = "Approve and run now"
DECISION = (APPROVE, "Send back", "Reject")


def _ask(alice: Page) -> str:
    """alice asks for prod; the path of the change, once its plan waits."""
    alice.goto("/request/hello-erlang/?name=prod")
    alice.get_by_role("button", name="Request prod environment").click()
    alice.wait_for_url("**/changes/*/")
    expect(_button(alice, APPROVE)).to_be_visible(timeout=5 * PATIENCE)
    return urlsplit(alice.url).path


def _button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def _expect_off(page: Page, why: str, names: tuple[str, ...] = DECISION) -> None:
    """The buttons are there, off, and say why to those who cannot see that it stands beside them."""
    expect(page.locator("#decide").get_by_text(why)).to_be_visible(timeout=PATIENCE)
    for name in names:
        expect(_button(page, name)).to_be_disabled()
        expect(_button(page, name)).to_have_accessible_description(re.compile(re.escape(why)))


def _stand_still(page: Page) -> None:
    """The page hears nothing new from now on, as if somebody had read it for a while on a train."""
    page.route("**/live/**", lambda route: route.fulfill(status=204))


def _write(yard: Running, path: str, values: str) -> None:
    change = path.strip("/").rpartition("/")[2]
    rows = f"from provisioning.models import Change; rows = Change.objects.filter(pk='{change}')"
    times = "from django.utils import timezone; now = timezone.now()"
    yard.manage("shell", "-c", f"{rows}; {times}; rows.update({values})")


def test_ones_own_then_moved_then_expired(windows: Windows, yard: Running) -> None:
    alice, ada = windows.open("alice"), windows.open("ada")
    path = _ask(alice)
    _expect_off(alice, "You asked for this change, so somebody else decides.")

    ada.goto(path)
    _stand_still(ada)
    ada.get_by_label("Comment").fill("Read every line.")
    _write(yard, path, "plan_digest='f' * 64")
    with ada.expect_response("**/approve/") as answer:
        _button(ada, APPROVE).click()
    assert answer.value.status == 409
    expect(ada.get_by_role("alert").filter(has_text="The plan moved: it is not the one you looked at")).to_be_visible()
    expect(ada.get_by_label("Comment")).to_have_value("Read every line.")

    _write(yard, path, "expires_at=now, next_check_at=now")
    ada.unroute("**/live/**")
    ada.goto(path)
    _expect_off(ada, "nobody decided in time")
    expect(ada.get_by_role("status").filter(has_text="Nobody decided by")).to_be_visible(timeout=PATIENCE)
    _expect_off(ada, "nobody decided in time")


def test_decided_by_somebody_else(windows: Windows) -> None:
    alice, ada, grace = windows.open("alice"), windows.open("ada"), windows.open("grace")
    path = _ask(alice)
    grace.goto(path)
    _stand_still(grace)

    ada.goto(path)
    ada.get_by_text("Approve, and run it later").click()
    _button(ada, "Approve, run later").click()
    expect(ada.get_by_text("Approved. It waits until somebody runs it.").first).to_be_visible()
    expect(_button(ada, "Run now")).to_be_enabled()

    with grace.expect_response("**/approve/") as answer:
        _button(grace, APPROVE).click()
    assert answer.value.status == 409
    expect(grace.get_by_role("alert").filter(has_text="Ada Adler has approved this already.")).to_be_visible()

    bob = windows.open("bob")
    bob.goto(path)
    expect(_button(bob, "Run now")).to_be_disabled()
    expect(_button(bob, "Run now")).to_have_accessible_description(
        "alice asked for this change. Ask alice or an admin."
    )

    _button(alice, "Withdraw").click()
    expect(alice.get_by_text("Taken back. Nothing was altered.")).to_be_visible()
    for name in DECISION:
        expect(_button(alice, name)).to_have_count(0)
