"""Releases in a browser: an image deployed, two releases compared, the way back in one click, and what ran well in
staging promoted to prod by two people."""

import re
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from bench.asking import ask_create, follow
from bench.running import Running, free_ports, launch_of
from bench.visitor import Visitor

from .chromium import PATIENCE, Windows

HOME, PROD = "/environments/fileshare/staging/", "/environments/fileshare/prod/"
IMAGE = "nginx:1.27"


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Stackyard of its own: in the tier's, fileshare's prod waits for somebody all the time."""
    port, aws_port = free_ports(2)
    with closing(Running(launch_of(tmp_path_factory.mktemp("home"), port, aws_port))) as own:
        own.bring_up()
        yield own


@pytest.fixture(scope="module")
def _signed_in() -> dict[str, object]:
    """Nobody is signed in there yet."""
    return {}


@pytest.fixture(scope="module")
def both(yard: Running) -> None:
    """fileshare is up in staging and in prod."""
    alice, ada = (Visitor(yard.address).sign_in(name) for name in ("alice", "ada"))
    follow(alice, ask_create(alice, "fileshare", "staging"))
    path = ask_create(alice, "fileshare", "prod")
    follow(alice, path, "Awaiting approval")
    form = ada.get(path).form(f"{path}approve/")
    ada.post(form.action, form.filled({"comment": "Go on"}))
    follow(alice, path)


def ended_well(page: Page) -> None:
    """The change that the page is about comes to a good end."""
    expect(page.locator("main").get_by_text("Succeeded").first).to_be_visible(timeout=3 * PATIENCE)


@pytest.mark.usefixtures("both")
def test_deployed_compared_and_put_back_in_one_click(windows: Windows) -> None:
    page = windows.open("alice")
    page.goto(HOME)
    page.get_by_role("link", name="Deploy…").click()
    page.get_by_label("Image", exact=True).fill("two words")
    page.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_text("Leave out blanks").first).to_be_visible()
    page.get_by_label("Image", exact=True).fill(IMAGE)
    page.get_by_role("button", name="Deploy", exact=True).click()
    page.wait_for_url("**/changes/*/")
    expect(page.get_by_text(f"Image {IMAGE} is deployed instead of nginx:stable.")).to_be_visible(timeout=PATIENCE)
    ended_well(page)

    page.goto(f"{HOME}releases/")
    newest = page.get_by_role("row").filter(has_text=IMAGE).first
    newest.get_by_role("link", name=re.compile("^Compare release")).click()
    compared = page.get_by_role("row", name=re.compile("^Image"))
    expect(compared).to_contain_text("nginx:stable")
    expect(compared).to_contain_text(IMAGE)
    page.get_by_role("link", name="The other way round").click()
    expect(page.get_by_role("row", name=re.compile("^Image")).locator("ins")).to_have_text("nginx:stable")

    page.goto(f"{HOME}releases/")
    page.get_by_role("button", name="Roll back to release 1", exact=True).click()
    page.wait_for_url("**/changes/*/")
    ended_well(page)


@pytest.mark.usefixtures("both")
def test_what_ran_well_is_promoted_to_prod_by_two_people(windows: Windows) -> None:
    alice = windows.open("alice")
    alice.goto(f"{HOME}deploy/")
    alice.get_by_label("Image", exact=True).fill(IMAGE)
    alice.get_by_role("button", name="Deploy", exact=True).click()
    alice.wait_for_url("**/changes/*/")
    ended_well(alice)

    alice.goto(f"{HOME}releases/")
    alice.get_by_role("link", name=re.compile("^Promote release .* to prod")).click()
    expect(alice.get_by_text("It was proved good in staging")).to_be_visible()
    alice.get_by_label("Reason").fill("It ran well in staging")
    alice.get_by_role("button", name="Ask to promote to prod").click()
    alice.wait_for_url("**/changes/*/")
    path = urlsplit(alice.url).path
    expect(alice.get_by_role("button", name="Approve and run now")).to_be_disabled(timeout=5 * PATIENCE)

    ada = windows.open("ada")
    ada.goto(path)
    expect(ada.get_by_role("heading", name=re.compile("^Same template as staging, where it has run"))).to_be_visible()
    expect(ada.get_by_role("row", name=re.compile("^staging"))).to_contain_text("still there")
    expect(ada.get_by_text(f"Image {IMAGE} is deployed instead of nginx:stable.")).to_be_visible()
    ada.get_by_role("button", name="Approve and run now").click()
    ended_well(alice)

    alice.goto(f"{PROD}releases/")
    expect(alice.get_by_role("row").filter(has_text=IMAGE).first).to_contain_text("from staging, release")
