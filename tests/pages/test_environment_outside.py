"""What happened outside Stackyard, how old what a page shows is, and looking again."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeStatus, EnvironmentStatus, Outside, StackKind
from provisioning.models import AuditEntry, Change, Environment, Stack

from . import outside_rows, rows
from .change_rows import part
from .rows import page

ClientOf = Callable[[User], Client]
HERE = "/environments/hello-erlang/dev-alice/"
LOOK = f"{HERE}look-again/"
PAGES = (HERE, f"{HERE}activity/", f"{HERE}drift/", f"{HERE}connect/", f"{HERE}settings/", f"{HERE}unprotect/")


def words(client: Client, path: str) -> str:
    """A page as people read it."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page(client, path))))


class TestOutside:
    """Stacks that somebody deleted, changed, or is changing."""

    def test_compute_that_is_gone_can_be_woken(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.DELETED, "DELETE_COMPLETE")
        html, text = page(client_of(alice), HERE), words(client_of(alice), HERE)
        assert "The compute stack was deleted outside Stackyard" in text
        assert "Noticed 5 min ago" in text
        assert re.search(rf'action="{HERE}act/wake/".*?Wake dev-alice</button>', html, re.DOTALL)
        assert "Compute stack deleted outside Stackyard" in text

    def test_compute_that_cannot_be_woken_is_created(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.DELETED, "DELETE_COMPLETE")
        Stack.objects.filter(kind=StackKind.COMPUTE).update(template=None)
        html = page(client_of(alice), HERE)
        assert "Create dev-alice again to bring compute back." in html
        assert re.search(r'href="/request/hello-erlang/\?name=dev-alice">.*?Create dev-alice</a>', html, re.DOTALL)
        assert "act/wake/" not in html

    def test_a_data_stack_that_is_gone_leaves_tables_to_take_over(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        rows.without(dev, StackKind.COMPUTE)
        outside_rows.outside(dev, StackKind.DATA, Outside.DELETED, "DELETE_COMPLETE")
        html, text = page(client_of(alice), HERE), words(client_of(alice), HERE)
        assert "The data stack was deleted outside Stackyard" in text
        assert "it takes them over with every item" in text
        assert 'href="/orphans/?q=dev-alice"' in html

    def test_what_was_changed_can_be_compared(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.CHANGED, "UPDATE_COMPLETE")
        html = page(client_of(alice), HERE)
        assert "The compute stack was changed outside Stackyard" in html
        assert f'<a href="{HERE}drift/">Check drift</a>' in html
        assert "/update/" in html

    def test_what_got_stuck_outside_leads_to_its_way_out(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        Change.objects.all().delete()
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.CHANGED)
        html = page(client_of(alice), HERE)
        assert 'href="#doctor-compute"' in html
        assert 'id="doctor-compute"' in html

    def test_while_it_moves_the_page_looks_again_by_itself(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.MOVING, "UPDATE_IN_PROGRESS")
        html = page(client_of(alice), HERE)
        assert "Somebody changes the compute stack outside Stackyard" in html
        assert 'hx-trigger="every' in html
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.CHANGED, "UPDATE_COMPLETE")
        assert 'hx-trigger="every' not in page(client_of(alice), HERE)

    def test_what_may_not_be_done_is_not_offered(
        self, dev: Environment, alice: User, audrey: User, client_of: ClientOf
    ) -> None:
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.CHANGED, "UPDATE_COMPLETE")
        assert "was changed outside" in page(client_of(audrey), HERE)
        assert "/update/" not in page(client_of(audrey), HERE)
        rows.change(dev, alice, ChangeStatus.RUNNING)
        assert "/update/" not in page(client_of(alice), HERE)

    def test_nothing_is_updated_while_a_stack_takes_no_update(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.MOVING, "UPDATE_IN_PROGRESS")
        assert "/update/" not in page(client_of(alice), HERE)
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.CHANGED, "UPDATE_ROLLBACK_FAILED")
        html = page(client_of(alice), f"{HERE}activity/")
        assert f'href="{HERE}#doctor-compute"' in html
        assert "/update/" not in html

    def test_the_list_says_it_too(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        assert "Changed outside" not in page(client_of(alice), "/environments/")
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.CHANGED, "UPDATE_COMPLETE")
        assert "Changed outside" in page(client_of(alice), "/environments/")

    def test_the_badge_tells_every_page(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.DELETED, "DELETE_COMPLETE")
        Environment.objects.update(status=EnvironmentStatus.DATA_ONLY)
        for path in PAGES:
            text = words(client_of(alice), path)
            assert "Data only" in text
            assert "Compute stack deleted outside Stackyard" in text


class TestSeen:
    """How old what is shown is."""

    @pytest.mark.parametrize("path", PAGES)
    def test_every_page_says_when_its_stacks_were_last_seen(
        self, dev: Environment, alice: User, client_of: ClientOf, path: str
    ) -> None:
        seen = timezone.now() - timedelta(minutes=7)
        Stack.objects.filter(kind=StackKind.DATA).update(observed_at=seen)
        html = page(client_of(alice), path)
        line = re.search(r'<div id="seen".*?</div>', html, re.DOTALL)
        assert line is not None
        # The oldest of both looks: nothing on the page is older.
        assert re.search(rf'As of <time [^>]*title="{seen:%Y-%m-%d %H:%M} UTC"[^>]*>7 min ago</time>', line[0])
        assert f'action="{LOOK}"' in line[0]
        assert f'name="back" value="{path}"' in line[0]

    def test_what_was_never_seen_says_so(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        Stack.objects.filter(kind=StackKind.COMPUTE).update(observed_at=None)
        assert "Not seen in AWS yet" in page(client_of(alice), HERE)

    def test_a_stack_that_is_gone_makes_nothing_older(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.without(dev, StackKind.COMPUTE)
        Stack.objects.filter(kind=StackKind.COMPUTE).update(observed_at=timezone.now() - timedelta(days=2))
        assert "As of just now" in words(client_of(alice), HERE)


class TestLookAgain:
    """One click, also for those who only read."""

    def test_is_due_at_once_and_alters_nothing(self, dev: Environment, audrey: User, client_of: ClientOf) -> None:
        answer = client_of(audrey).post(LOOK, {"back": f"{HERE}settings/"})
        assert answer["Location"] == f"{HERE}settings/"
        assert all(stack.look_due_at is not None for stack in dev.stacks.all())
        assert not Change.objects.exists()
        assert "looking again" in page(client_of(audrey), f"{HERE}settings/")

    def test_leads_nowhere_else(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        assert client_of(alice).post(LOOK, {"back": "https://elsewhere.example/"})["Location"] == HERE

    def test_the_line_asks_until_somebody_has_looked(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        client = client_of(alice)
        sent = client.post(LOOK, {"back": f"{HERE}settings/"}, headers={"HX-Request": "true"})
        line = sent.content.decode()
        assert "<html" not in line
        asked = re.search(r'hx-get="([^"]+)"', line)
        assert asked is not None
        again = unescape(asked[1])
        assert "looking again" in part(client, again)
        Stack.objects.update(look_due_at=None, observed_at=timezone.now())
        done = client.get(again, headers={"HX-Request": "true"})
        assert done["HX-Trigger"] == "looked"
        assert "hx-get" not in done.content.decode()
        assert "Something is different" not in done.content.decode()

    def test_the_line_says_that_something_is_different_now(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        client = client_of(alice)
        line = client.post(LOOK, {"back": f"{HERE}settings/"}, headers={"HX-Request": "true"}).content.decode()
        asked = re.search(r'hx-get="([^"]+)"', line)
        assert asked is not None
        Stack.objects.update(look_due_at=None)
        outside_rows.outside(dev, StackKind.COMPUTE, Outside.DELETED, "DELETE_COMPLETE")
        assert f'<a href="{HERE}settings/">Something is different now. Show it</a>' in part(client, unescape(asked[1]))

    def test_is_written_down(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        client_of(alice).post(LOOK)
        assert AuditEntry.objects.filter(environment=dev, by=alice).exists()
