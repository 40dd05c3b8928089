"""How pages tell of an end that comes nearer, what more time costs, and who may give it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment

from . import rows
from .rows import page

ClientOf = Callable[[User], Client]
ONE = "/environments/hello-erlang/dev-alice/"
SETTINGS, EXTEND = f"{ONE}settings/", f"{ONE}extend/"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
PRICED = {"cost": {"stacks": {"compute": {"after": {"monthly": "73.00"}}}}}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


def ends(environment: Environment, **ahead: float) -> Environment:
    """The environment with its end so far ahead, and a price."""
    environment.expires_at = timezone.now() + timedelta(**ahead)
    environment.save(update_fields=["expires_at"])
    rows.change(environment, environment.owner, ChangeStatus.SUCCEEDED, plan=PRICED)
    return environment


def words(text: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.mark.parametrize(
    ("ahead", "tone"),
    [
        ({"days": 5}, "expiry quiet small"),
        ({"days": 2}, "expiry quiet"),
        ({"hours": 2}, "expiry attention"),
        ({"minutes": 30}, "expiry bad"),
    ],
)
def test_the_nearer_the_end_the_plainer_it_is_said_on_every_page_of_it(
    dev: Environment, alice: User, client_of: ClientOf, ahead: dict[str, float], tone: str
) -> None:
    ends(dev, **ahead)
    for path in (ONE, SETTINGS, f"{ONE}activity/"):
        text = page(client_of(alice), path)
        assert f'class="{tone}"' in text
        assert f'href="{SETTINGS}#lifetime"' in text


def test_what_stays_or_is_parked_says_nothing(dev: Environment, alice: User, client_of: ClientOf) -> None:
    assert 'class="expiry' not in page(client_of(alice), ONE)
    rows.without(ends(dev, hours=1), StackKind.COMPUTE)
    assert 'class="expiry' not in page(client_of(alice), ONE)


def test_more_time_says_what_it_costs(dev: Environment, alice: User, client_of: ClientOf) -> None:
    ends(dev, hours=20)
    text = words(page(client_of(alice), SETTINGS))
    assert "1 more day about $2.40" in text  # $73 a month of 730 hours
    assert "7 more days cost about $16.80 for its compute, at list prices." in text
    assert "Parking saves about $2.40 a day (≈ $73.00 a month)." in text


def test_waking_says_what_it_costs(dev: Environment, alice: User, client_of: ClientOf) -> None:
    rows.without(ends(dev, hours=20), StackKind.COMPUTE)
    assert "Waking costs about $2.40 a day (≈ $73.00 a month)." in words(page(client_of(alice), SETTINGS))
    assert "Wake dev-alice about $2.40 a day" in words(page(client_of(alice), ONE))


def test_deleting_compute_says_what_it_saves(dev: Environment, alice: User, client_of: ClientOf) -> None:
    ends(dev, hours=20)
    assert "Saves about $2.40 a day (≈ $73.00 a month)." in words(page(client_of(alice), SETTINGS))


def test_extending_moves_the_end_once_for_two_clicks(dev: Environment, alice: User, client_of: ClientOf) -> None:
    rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.CREATE)
    before = ends(dev, hours=20).expires_at
    assert before is not None
    text = page(client_of(alice), SETTINGS)
    seen = re.search(r'name="seen" value="([^"]+)"', text)
    assert seen is not None
    for answer in (
        "lasts until 2026-12-09 08:00 UTC now",
        "Its end was moved meanwhile: it is 2026-12-09 08:00 UTC now.",
    ):
        response = client_of(alice).post(EXTEND, {"seen": seen[1], "days": "7"}, follow=True)
        assert answer in words(response.content.decode())
    dev.refresh_from_db()
    assert dev.expires_at == before + timedelta(days=7)
    assert AuditEntry.objects.filter(verb="extend").count() == 1


@pytest.mark.parametrize("sent", [{}, {"days": "7"}, {"days": "0", "seen": "x"}, {"days": "7", "seen": "soon"}])
def test_what_makes_no_sense_extends_nothing(
    dev: Environment, alice: User, client_of: ClientOf, sent: dict[str, str]
) -> None:
    before = ends(dev, hours=20).expires_at
    response = client_of(alice).post(EXTEND, sent, follow=True)
    assert "Nothing was extended." in response.content.decode()
    dev.refresh_from_db()
    assert dev.expires_at == before


def test_others_and_auditors_are_not_offered_and_refused(
    dev: Environment, bob: User, audrey: User, client_of: ClientOf
) -> None:
    seen = ends(dev, hours=20).expires_at
    assert seen is not None
    for person in (bob, audrey):
        assert EXTEND not in page(client_of(person), SETTINGS)
        assert client_of(person).post(EXTEND, {"days": "1", "seen": seen.isoformat()}).status_code == 403
    dev.refresh_from_db()
    assert dev.expires_at == seen


def test_too_long_says_until_when(dev: Environment, alice: User, client_of: ClientOf) -> None:
    rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.CREATE)
    seen = ends(dev, hours=20).expires_at
    assert seen is not None
    response = client_of(alice).post(EXTEND, {"days": "56", "seen": seen.isoformat()}, follow=True)
    assert "Environments of dev last 56 days at most" in response.content.decode()


def test_once_over_it_says_what_happens_and_what_puts_it_off(
    dev: Environment, alice: User, client_of: ClientOf
) -> None:
    ends(dev, seconds=-90)
    assert "Its lifetime ended 1 min ago . Stackyard parks it within seconds." in words(page(client_of(alice), ONE))
    rows.change(dev, alice, ChangeStatus.RUNNING)
    assert "alice has a change of it open (update). It is parked once that has ended." in words(
        page(client_of(alice), ONE)
    )


def test_the_list_shows_and_filters_what_ends_soon(
    dev: Environment, alice: User, account: object, client_of: ClientOf
) -> None:
    ends(dev, hours=3)
    later, stays = rows.environment(alice, "dev-later"), rows.environment(alice, "dev-stays")
    gone = rows.without(rows.environment(alice, "dev-parked"), StackKind.COMPUTE)
    for one, days in ((later, 9), (gone, 0)):
        Environment.objects.filter(pk=one.pk).update(expires_at=timezone.now() + timedelta(days=days))
    everything = words(page(client_of(alice), "/environments/"))
    assert all(one.name in everything for one in (dev, later, stays, gone))
    assert "parked in 3 h" in everything
    soon = words(page(client_of(alice), "/environments/?expires=soon"))
    assert "dev-alice" in soon
    assert not any(one.name in soon for one in (later, stays, gone))


def test_a_park_of_stackyards_own_says_so(dev: Environment, alice: User, client_of: ClientOf) -> None:
    made = rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.PARK, goal={"lifetime_ended": NOON.isoformat()})
    assert "Stackyard itself, in the name of A Alice" in words(page(client_of(alice), f"/changes/{made.pk}/"))
    assert Change.objects.count() == 1
