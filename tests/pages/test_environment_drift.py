"""The page of drift: what differs from the templates, checking now, and asking for a repair or for taking it over."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, DriftStatus, StackKind
from provisioning.models import Account, Change, DriftCheck, DriftedResource, Environment

from . import outside_rows, rows
from .change_rows import part
from .outside_rows import GROUP, TABLE, difference
from .rows import page

ClientOf = Callable[[User], Client]
HERE = "/environments/hello-erlang/dev-alice/"
DRIFT = f"{HERE}drift/"
DETECT, REPAIR, ACCEPT = f"{DRIFT}detect/", f"{DRIFT}repair/", f"{DRIFT}accept/"
COMPUTE, DATA = StackKind.COMPUTE, StackKind.DATA
SIZE = difference("/MaxSize", "1", "4")
ADDED = difference("/Tags/3", "null", '{"Key": "Team", "Value": "ops"}', "ADD")


def words(client: Client, path: str) -> str:
    """A page as people read it."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page(client, path))))


def pick(name: str, path: str, kind: StackKind = COMPUTE) -> str:
    """The box of one property."""
    return f"{kind}|{name}|{path}"


@pytest.fixture
def differing(dev: Environment) -> DriftedResource:
    """A group of machines whose size somebody has changed and that somebody has tagged."""
    outside_rows.checked(dev, DATA)
    return outside_rows.drifted(outside_rows.checked(dev, COMPUTE), "Group", GROUP, SIZE, ADDED)


class TestWhatIsShown:
    """Per stack, resource and property."""

    def test_before_the_first_check(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        text = words(client_of(alice), DRIFT)
        assert text.count("Nobody has checked it so far.") == 2
        assert "Checked nightly" in text
        assert "AWS compares only what a template sets" in text
        assert "Plan the repair" not in text

    def test_in_sync_with_when_and_by_whom(self, dev: Environment, alice: User, bob: User, client_of: ClientOf) -> None:
        outside_rows.checked(dev, DATA, asked_by=bob)
        outside_rows.checked(dev, COMPUTE)
        text = words(client_of(alice), DRIFT)
        assert text.count("As its template says") == 2
        assert "Checked 1 h ago , asked for by bob." in text
        assert "by the nightly check" in text
        assert "Drifted" not in text

    def test_each_property_as_expected_and_as_it_is(
        self, differing: DriftedResource, alice: User, client_of: ClientOf
    ) -> None:
        html, text = page(client_of(alice), DRIFT), words(client_of(alice), DRIFT)
        assert re.search(r"MaxSize<span.*?Changed.*?<del>1</del>.*?<ins>4</ins>", html, re.DOTALL)
        assert re.search(r"Tags.3<span.*?Added.*?—.*?<ins>{&quot;Key&quot;", html, re.DOTALL)
        assert "Group AutoScaling AutoScalingGroup" in text
        assert "Not as its template says" in text
        assert 'Drift<span class="count">1</span>' in html

    def test_the_overview_and_the_badge_say_it(
        self, differing: DriftedResource, alice: User, client_of: ClientOf
    ) -> None:
        html, text = page(client_of(alice), HERE), words(client_of(alice), HERE)
        assert "Not everything is as its template says" in text
        assert f'<a href="{DRIFT}">See what differs</a>' in html
        assert "Drifted" in text

    def test_what_was_accepted_is_told_apart_with_its_change(
        self, differing: DriftedResource, dev: Environment, bob: User, alice: User, client_of: ClientOf
    ) -> None:
        change = rows.change(dev, bob, ChangeStatus.SUCCEEDED, ChangeKind.ACCEPT_DRIFT)
        DriftedResource.objects.update(accepted=[SIZE, ADDED], accepted_by=change)
        html, text = page(client_of(alice), DRIFT), words(client_of(alice), DRIFT)
        assert "2 properties accepted by bob" in text
        assert f'<a href="/changes/{change.pk}/">See the change that accepted them</a>' in html
        assert "Differs, as accepted" in text
        assert 'name="picks"' not in html
        assert "Drifted" not in words(client_of(alice), HERE)
        # Another value than the one that was accepted is drift again.
        DriftedResource.objects.update(differences=[difference("/MaxSize", "1", "9"), ADDED])
        html = page(client_of(alice), DRIFT)
        assert f'value="{pick("Group", "/MaxSize")}"' in html
        assert "1 property accepted by bob" in re.sub(r"\s+", " ", html)

    def test_what_was_deleted_says_what_can_be_done(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        check = outside_rows.checked(dev, DATA)
        gone = outside_rows.drifted(check, "MessagesTable", TABLE, status=DriftStatus.DELETED)
        html = page(client_of(alice), DRIFT)
        assert "Deleted outside Stackyard" in html
        assert 'name="picks"' not in html
        answer = client_of(alice).post(ACCEPT, {"picks": [pick(gone.logical_id, "/TableName", DATA)]})
        assert answer.status_code == 422
        assert not Change.objects.exists()

    def test_a_check_that_did_not_end_keeps_what_it_found(
        self, differing: DriftedResource, alice: User, client_of: ClientOf
    ) -> None:
        DriftCheck.objects.filter(stack__kind=COMPUTE).update(reason="AWS may not read Role.")
        text = words(client_of(alice), DRIFT)
        assert "The last check did not come to its end: AWS may not read Role." in text
        assert "MaxSize" in text

    def test_what_a_roll_back_skipped_waits_for_a_check(
        self, dev: Environment, alice: User, client_of: ClientOf
    ) -> None:
        dev.stacks.filter(kind=COMPUTE).update(skipped=["Group", "Listener"])
        assert "A roll-back skipped Group, Listener." in words(client_of(alice), DRIFT)

    def test_what_cannot_be_checked_says_why(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        rows.without(dev, COMPUTE)
        assert "nothing to check" in words(client_of(alice), DRIFT)
        rows.without(dev, DATA)
        html = page(client_of(alice), DRIFT)
        assert re.search(r"<button[^>]*disabled[^>]*>.*?Check now</button>", html, re.DOTALL)

    def test_costs_few_queries_however_much_differs(
        self,
        differing: DriftedResource,
        alice: User,
        client_of: ClientOf,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(40):
            outside_rows.drifted(differing.check_of, f"Alarm{number}", "AWS::CloudWatch::Alarm", SIZE)
        client = client_of(alice)
        with django_assert_max_num_queries(24):
            page(client, DRIFT)


class TestCheck:
    """Checking now."""

    def test_is_asked_for_and_followed(self, dev: Environment, alice: User, client_of: ClientOf) -> None:
        client = client_of(alice)
        answer = client.post(DETECT, follow=True)
        assert answer.redirect_chain == [(DRIFT, 302)]
        html = answer.content.decode()
        assert html.count("A check runs, asked for by alice.") == 2
        assert 'hx-trigger="every' in html
        assert "<html" not in part(client, DRIFT)
        DriftCheck.objects.update(result=DriftStatus.IN_SYNC, detection_id="", seen_at=timezone.now())
        assert 'hx-trigger="every' not in page(client, DRIFT)

    def test_while_it_runs_nothing_is_repaired_or_accepted(
        self, differing: DriftedResource, alice: User, client_of: ClientOf
    ) -> None:
        DriftCheck.objects.filter(stack__kind=COMPUTE).update(detection_id="1", asked_at=timezone.now())
        html = page(client_of(alice), DRIFT)
        assert html.count("Wait until the check has ended.") == 2
        assert 'name="picks"' not in html
        assert f'action="{REPAIR}"' not in html

    def test_is_not_for_who_only_reads(self, dev: Environment, audrey: User, client_of: ClientOf) -> None:
        html = page(client_of(audrey), DRIFT)
        assert re.search(r'<button[^>]*disabled aria-describedby="why-not-check"', html)
        assert client_of(audrey).post(DETECT).status_code == 403
        assert not DriftCheck.objects.exclude(asked_at=None).exists()


class TestRepair:
    """Back to what the template says."""

    def test_is_a_planned_change(self, differing: DriftedResource, alice: User, client_of: ClientOf) -> None:
        html = page(client_of(alice), DRIFT)
        assert re.search(r'<input type="checkbox" name="stacks" value="compute"[^>]*checked', html)
        assert 'name="stacks" value="data"' not in html
        answer = client_of(alice).post(REPAIR, {"stacks": ["compute"], "reason": "Nobody agreed to that."})
        made = Change.objects.get()
        assert answer["Location"] == f"/changes/{made.pk}/"
        assert (made.kind, made.reason) == (ChangeKind.REPAIR_DRIFT, "Nobody agreed to that.")
        assert [one.stack.kind for one in made.operations.all()] == [COMPUTE]

    def test_needs_a_stack(self, differing: DriftedResource, alice: User, client_of: ClientOf) -> None:
        answer = client_of(alice).post(REPAIR, {})
        assert answer.status_code == 422
        assert "Tick at least one stack." in answer.content.decode()
        assert client_of(alice).post(REPAIR, {"stacks": ["data"]}).status_code == 422
        assert not Change.objects.exists()

    def test_is_off_with_the_reason(
        self, differing: DriftedResource, dev: Environment, alice: User, audrey: User, client_of: ClientOf
    ) -> None:
        assert "not change anything" in page(client_of(audrey), DRIFT)
        for path in (REPAIR, ACCEPT):
            assert f'action="{path}"' not in page(client_of(audrey), DRIFT)
            assert client_of(audrey).post(path, {}).status_code == 403
        rows.change(dev, alice, ChangeStatus.RUNNING)
        html = page(client_of(alice), DRIFT)
        assert f'action="{REPAIR}"' not in html
        assert "open: update, running" in html

    def test_in_prod_says_who_has_to_agree(self, account: Account, alice: User, ada: User, client_of: ClientOf) -> None:
        prod = rows.environment(alice, "prod")
        outside_rows.drifted(outside_rows.checked(prod, COMPUTE), "Group", GROUP, SIZE)
        text = words(client_of(alice), "/environments/hello-erlang/prod/drift/")
        assert text.count("Needs 1 approval by admins") == 2


class TestAccept:
    """As it is in AWS from now on."""

    def test_sends_what_was_ticked(self, differing: DriftedResource, alice: User, client_of: ClientOf) -> None:
        sent = {"picks": [pick("Group", "/MaxSize")], "reason": "It has to be larger."}
        answer = client_of(alice).post(ACCEPT, sent)
        made = Change.objects.get()
        assert answer["Location"] == f"/changes/{made.pk}/"
        assert (made.kind, made.reason) == (ChangeKind.ACCEPT_DRIFT, "It has to be larger.")

    def test_needs_a_tick_and_keeps_what_was_sent(
        self, differing: DriftedResource, alice: User, client_of: ClientOf
    ) -> None:
        answer = client_of(alice).post(ACCEPT, {"reason": "It has to be larger."})
        assert answer.status_code == 422
        html = answer.content.decode()
        assert "Tick at least one property above." in html
        assert "It has to be larger." in html

    def test_what_has_become_something_else_is_not_accepted(
        self, differing: DriftedResource, alice: User, client_of: ClientOf
    ) -> None:
        sent = {"picks": [pick("Group", "/MaxSize"), pick("Group", "/MinSize")], "reason": "Larger."}
        answer = client_of(alice).post(ACCEPT, sent)
        assert answer.status_code == 422
        html = answer.content.decode()
        assert "What was ticked is not so any more." in html
        assert re.search(rf'value="{re.escape(pick("Group", "/MaxSize"))}"[^>]*checked', html)
        assert not Change.objects.exists()
