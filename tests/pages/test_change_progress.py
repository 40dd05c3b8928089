"""A change while it moves: its rail, its resources, the part that asks for itself, and its story."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.changes.rail import Record, rail
from portal.changes.resources import StackProgress, progress
from portal.changes.rights import stage_policy
from provisioning.engine.playbooks import PLAYBOOKS
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, StepState
from provisioning.models import Account, Change, Environment, Event, Step

from . import rows
from .change_rows import HTMX, PROBLEM, event, part, planned, resource, shown_ids, under_way

SignIn = Callable[[User], Client]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def moving(dev: Environment, alice: User) -> Change:
    """alice's create, which works on both stacks now."""
    return under_way(dev, alice)


class TestRail:
    """The stops, from what the engine recorded."""

    def steps(self, change: Change, upto: str, state: str = StepState.DONE, seconds: int = 5) -> None:
        """Record every step to `upto`, each `seconds` long; the last one is in `state`."""
        start, playbook = change.requested_at, PLAYBOOKS[change.kind]
        for position, step in enumerate((*playbook.planning, *playbook.running)):
            last = step.name == upto
            Step.objects.create(
                change=change,
                name=step.name,
                position=position,
                state=state if last else StepState.DONE,
                started_at=start,
                finished_at=None if last and state == StepState.WAITING else start + timedelta(seconds=seconds),
            )
            start += timedelta(seconds=seconds)
            if last:
                return
        raise AssertionError(f"No step {upto}")

    def stops(self, change: Change, now: datetime) -> list[tuple[str, int | None, str]]:
        """State, elapsed seconds and note of every stop."""
        change.refresh_from_db()
        record = Record(change, list(change.steps.all()), list(change.decisions.all()), stage_policy(change))
        return [(stop.state, stop.elapsed, stop.note) for stop in rail(record, now=now)]

    def test_running(self, dev: Environment, alice: User) -> None:
        with time_machine.travel(NOON, tick=False):
            change = rows.change(dev, alice, ChangeStatus.RUNNING, ChangeKind.CREATE)
        self.steps(change, "ensure_data_stack", StepState.WAITING)
        planning_steps = len(PLAYBOOKS[change.kind].planning)
        now = NOON + timedelta(seconds=planning_steps * 5 + 42)
        found = self.stops(change, now)
        assert found[:3] == [
            ("done", planning_steps * 5, ""),
            ("skipped", None, "Not asked at dev"),
            ("running", 42, ""),
        ]
        assert found[3:] == [("pending", None, "")] * 3

    def test_a_step_that_aws_cannot_serve_waits(self, dev: Environment, alice: User) -> None:
        change = rows.change(dev, alice, ChangeStatus.RUNNING, ChangeKind.CREATE, tries=3)
        self.steps(change, "ensure_data_stack", StepState.WAITING)
        assert self.stops(change, timezone.now())[2][0] == "waiting"

    def test_failed_and_what_was_not_reached(self, dev: Environment, alice: User) -> None:
        change = rows.change(dev, alice, ChangeStatus.FAILED, ChangeKind.CREATE, problem=PROBLEM)
        self.steps(change, "ensure_data_stack", StepState.FAILED)
        assert [state for state, _, _ in self.stops(change, timezone.now())][2:4] == ["failed", "pending"]
        assert self.stops(change, timezone.now())[-1][2] == "Not reached"

    def test_nothing_to_do_is_not_left_open(self, dev: Environment, alice: User) -> None:
        change = rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        self.steps(change, "ensure_plan_sealed")
        assert {state for state, _, _ in self.stops(change, timezone.now())[1:]} == {"skipped"}

    def test_who_approved_and_how_long_it_took(self, alice: User, ada: User, account: Account) -> None:
        prod = rows.environment(alice, "prod")
        with time_machine.travel(NOON, tick=False):
            change = planned(rows.change(prod, alice, ChangeStatus.QUEUED, ChangeKind.CREATE), resource("Messages"))
        self.steps(change, "ensure_plan_sealed")
        sealed = len(PLAYBOOKS[change.kind].planning) * 5
        change.decisions.create(
            plan_digest=change.plan_digest, by=ada, verdict="approved", at=NOON + timedelta(seconds=sealed + 60)
        )
        assert self.stops(change, timezone.now())[1] == ("done", 60, "By Ada")

    def test_waits_for_admins_at_prod(self, alice: User, account: Account) -> None:
        prod = rows.environment(alice, "prod")
        change = planned(rows.change(prod, alice, ChangeStatus.AWAITING_APPROVAL), resource("Messages"))
        assert self.stops(change, timezone.now())[1] == ("waiting", None, "Asks admins")


class TestResources:
    """What happens to each resource, folded from events."""

    def fold(self, change: Change) -> StackProgress:
        """The compute stack's progress."""
        operations = change.operations.select_related("stack").filter(stack__kind=StackKind.COMPUTE)
        return progress(operations, list(change.events.all()), now=timezone.now())[0]

    def test_the_first_failure_and_what_followed_from_it(self, moving: Change) -> None:
        event(moving, "", "CREATE_IN_PROGRESS", of_stack=True)
        event(moving, "Role", "CREATE_COMPLETE")
        event(moving, "Group", "CREATE_FAILED", "The key pair 'mine' does not exist.")
        event(moving, "Balancer", "CREATE_FAILED", "Resource creation cancelled")
        event(moving, "", "ROLLBACK_IN_PROGRESS", of_stack=True)
        event(moving, "Group", "DELETE_COMPLETE")
        event(moving, "Role", "DELETE_IN_PROGRESS")
        found = self.fold(moving)
        assert [(line.name, line.status.label, line.note) for line in found.failed] == [
            ("Group", "Create failed", "The key pair is not there. AWS says: “The key pair 'mine' does not exist”")
        ]
        assert [line.name for line in found.consequences] == ["Balancer"]
        assert found.followed == "more was cancelled because of it"
        assert [(line.name, line.status.label) for line in found.moving] == [("Role", "Deleting")]

    def test_another_attempt_begins_anew(self, moving: Change) -> None:
        event(moving, "Group", "CREATE_FAILED", "No such key")
        event(moving, "", "ROLLBACK_COMPLETE", of_stack=True)
        event(moving, "", "CREATE_IN_PROGRESS", of_stack=True)
        event(moving, "Group", "CREATE_IN_PROGRESS")
        found = self.fold(moving)
        assert found.failed == ()
        assert [line.name for line in found.moving] == ["Group"]

    def test_what_is_still_to_come(self, moving: Change) -> None:
        moving.operations.update(changes=[resource("Role"), resource("Group"), resource("Table", "Keep")])
        event(moving, "Role", "CREATE_COMPLETE")
        found = self.fold(moving)
        assert (found.coming, found.total) == (("Group",), 2)
        assert [line.status.tone for line in found.finished] == ["good"]


class TestLive:
    """The part that asks for itself."""

    @pytest.mark.parametrize(
        ("status", "pause"),
        [("planning", "1s"), ("queued", "1s"), ("running", "1s"), ("awaiting_approval", "5s"), ("succeeded", None)],
    )
    def test_how_often(self, status: str, pause: str | None, dev: Environment, alice: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus(status))
        text = part(client_of(alice), f"/changes/{change.pk}/live/")
        assert re.findall(r"every (\w+)", text) == ([pause] if pause else [])

    def test_until_the_tidying_up_is_over(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.CANCELLED, cleanup=True)
        assert "every 1s" in part(client_of(alice), f"/changes/{change.pk}/live/")

    def test_nothing_new_is_answered_with_nothing(self, moving: Change, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        with time_machine.travel(NOON, tick=False):
            text = rows.page(client, f"/changes/{moving.pk}/")
            (address,) = re.findall(r'hx-get="([^"]*/live/[^"]*)"', text)
            address = address.replace("&amp;", "&")
            again = client.get(address, headers=HTMX)
            assert (again.status_code, again.content) == (204, b"")
            event(moving, "Group", "CREATE_IN_PROGRESS")
            news = client.get(address, headers=HTMX)
        assert news.status_code == 200
        assert "Group" in news.content.decode()
        assert "HX-Trigger" not in news  # the rest of the page is as it was

    def test_a_new_state_moves_the_rest_of_the_page(self, moving: Change, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        (address,) = re.findall(r'hx-get="([^"]*/live/[^"]*)"', rows.page(client, f"/changes/{moving.pk}/"))
        Change.objects.filter(pk=moving.pk).update(status=ChangeStatus.SUCCEEDED, finished_at=timezone.now())
        answer = client.get(address.replace("&amp;", "&"), headers=HTMX)
        assert answer["HX-Trigger"] == "change-moved"
        assert "hello-erlang/dev-alice was created." in answer.content.decode()
        rest = client.get(f"/changes/{moving.pk}/", headers=HTMX)
        assert "HX-Request" in rest["Vary"]
        text = rest.content.decode()
        assert "<html" not in text
        assert 'id="change-status" hx-swap-oob="true"' in text
        assert "has ended: succeeded" in text

    def test_without_htmx_it_is_the_page(self, moving: Change, alice: User, client_of: SignIn) -> None:
        answer = client_of(alice).get(f"/changes/{moving.pk}/live/")
        assert answer["Location"] == f"/changes/{moving.pk}/"

    def test_the_next_try_has_a_time(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        later = timezone.now() + timedelta(seconds=90)
        change = rows.change(
            dev, alice, ChangeStatus.PLANNING, tries=3, waiting_for="Try 3: AWS is busy.", next_check_at=later
        )
        text = part(client_of(alice), f"/changes/{change.pk}/live/")
        assert re.search(r"Try 3 did not get through, next try <time[^>]*>[^<]*</time>\. AWS is busy\.", text)


class TestStory:
    """Lines with ids that only grow."""

    def test_the_page_and_what_comes_after_are_the_whole(self, moving: Change, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        before = [event(moving, f"R{number}", "CREATE_COMPLETE").pk for number in range(3)]
        text = rows.page(client, f"/changes/{moving.pk}/")
        after = [event(moving, f"S{number}", "CREATE_COMPLETE").pk for number in range(2)]
        (address,) = re.findall(r'hx-get="([^"]*/events/[^"]*)"', text)
        tail = part(client, address.replace("&amp;", "&"))
        assert shown_ids(text) == before
        assert shown_ids(tail) == after
        assert f"after={after[-1]}" in tail

    def test_nothing_new_is_answered_with_nothing(self, moving: Change, alice: User, client_of: SignIn) -> None:
        last = event(moving, "R", "CREATE_COMPLETE").pk
        part(client_of(alice), f"/changes/{moving.pk}/events/?after={last}&count=1", 204)

    def test_a_line_that_was_committed_late_is_not_lost(self, moving: Change, alice: User, client_of: SignIn) -> None:
        first, second = event(moving, "A", "CREATE_COMPLETE"), event(moving, "B", "CREATE_COMPLETE")
        # The page had only B when A, with the lower id, was not committed yet.
        answer = client_of(alice).get(f"/changes/{moving.pk}/events/?after={second.pk}&count=1", headers=HTMX)
        assert answer["HX-Retarget"] == "#story"
        assert shown_ids(answer.content.decode()) == [first.pk, second.pk]

    def test_only_what_failed(self, moving: Change, alice: User, client_of: SignIn) -> None:
        event(moving, "Good", "CREATE_COMPLETE")
        failed = event(moving, "Bad", "CREATE_FAILED", "No such key")
        step = Event.objects.create(change=moving, at=timezone.now(), logical_id="Plan", status="step_failed")
        for address in (f"/changes/{moving.pk}/?failed=1", f"/changes/{moving.pk}/events/?failed=1"):
            assert shown_ids(rows.page(client_of(alice), address)) == [failed.pk, step.pk]

    def test_it_stops_asking_when_it_is_over(self, moving: Change, alice: User, client_of: SignIn) -> None:
        Change.objects.filter(pk=moving.pk).update(status=ChangeStatus.SUCCEEDED)
        line = event(moving, "R", "CREATE_COMPLETE").pk
        text = part(client_of(alice), f"/changes/{moving.pk}/events/?after=0&count=0")
        assert shown_ids(text) == [line]
        assert "hx-get" not in text

    def test_junk_in_the_address_is_no_crash(self, moving: Change, alice: User, client_of: SignIn) -> None:
        line = event(moving, "R", "CREATE_COMPLETE").pk
        text = part(client_of(alice), f"/changes/{moving.pk}/events/?after=²&count=-1")
        assert shown_ids(text) == [line]
