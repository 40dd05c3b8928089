"""Plans that nobody decides about, or runs, in time; those that wait for a start; and rules that approve."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.actions.deciding import do_approve, do_reject, do_send_back
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request_create
from provisioning.actions.running import do_run
from provisioning.blueprints.model import AutoApproval
from provisioning.blueprints.policies import PolicyFloor
from provisioning.engine import ending
from provisioning.engine.claims import LeaseLostError, claim_change
from provisioning.engine.loading import work_for
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind
from provisioning.models import AuditEntry, Change, Operation

from .yard import COMPUTE, HELLO, UPDATED, Yard

HOUR = timedelta(hours=1)


def planned(yard: Yard) -> Change:
    change = yard.drive(yard.create(HELLO, "prod"))
    assert change.status == "awaiting_approval"
    return change


def policy(settings: Any, **parts: Any) -> None:
    """What the platform says of prod, over what the blueprint does."""
    settings.POLICIES = [PolicyFloor("*", "prod", tuple(parts.items()), "policy.yaml", 1)]


def verbs(change: Change) -> Iterable[str]:
    return AuditEntry.objects.filter(change=change).order_by("pk").values_list("verb", flat=True)


def nothing_is_left(yard: Yard, change: Change) -> None:
    yard.fake.finish()
    assert yard.fake.stacks() == []
    assert yard.fake.world.change_sets == {}
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    assert not Operation.objects.filter(change=change, is_open=True).exists()


def test_a_plan_waits_as_long_as_its_policy_says(yard: Yard) -> None:
    change = planned(yard)
    assert change.expires_at == timezone.now() + 72 * HOUR
    assert change.next_check_at == change.expires_at
    yard.pass_time(change, hours=71, minutes=59)
    assert change.status == "awaiting_approval"


def test_what_nobody_decided_about_ends_and_leaves_nothing(yard: Yard) -> None:
    change = planned(yard)
    Change.objects.filter(pk=change.pk).update(secrets="kept until the end")
    yard.pass_time(change, hours=72)
    assert (change.status, change.secrets, change.environment.status) == ("expired", "", "removed")
    assert change.finished_at is not None
    assert change.plans.get().void_because == "it expired before enough people had decided"
    assert "expire" in verbs(change)
    nothing_is_left(yard, change)
    with pytest.raises(Refusal):
        yard.approve(change)
    assert yard.drive(yard.create(HELLO, "prod")).status == "awaiting_approval", "the name is free again"


def test_an_expired_update_leaves_the_stacks_as_they_were(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    yard.pass_time(change, hours=72)
    assert (change.status, change.environment.status) == ("expired", "ready")
    assert {one.status for one in yard.fake.stacks()} == {"CREATE_COMPLETE"}
    assert {one.execution for found in yard.fake.stacks() for one in found.change_sets.values()} == {"EXECUTE_COMPLETE"}


def test_what_was_sent_back_expires_too(yard: Yard) -> None:
    change = planned(yard)
    do_send_back(yard.ada, change, comment="Smaller, please")
    yard.pass_time(change, hours=72)
    assert change.status == "expired"


def test_a_sweep_alone_ends_it(yard: Yard) -> None:
    change = planned(yard)
    yard.clock.shift(72 * HOUR)
    yard.sweep()
    change.refresh_from_db()
    assert change.status == "expired"
    nothing_is_left(yard, change)


def test_the_policy_may_have_it_planned_again(yard: Yard, settings: Any) -> None:
    policy(settings, on_expiry="plan_again", expires_hours=5)
    change = planned(yard)
    first = change.plan_digest
    yard.pass_time(change, hours=5)
    assert (change.status, change.attempt) == ("awaiting_approval", 2)
    assert change.plan_digest != first
    assert change.expires_at == timezone.now() + 5 * HOUR
    assert [plan.void_because for plan in change.plans.all()] == ["it expired before enough people had decided", ""]
    with pytest.raises(Refusal, match="plan"):
        do_approve(yard.ada, change, digest=first)
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"
    assert [stack.executed for stack in yard.fake.stacks()] == [1, 1]


def test_an_approval_of_the_plan_before_does_not_count_for_the_same_plan_again(yard: Yard, settings: Any) -> None:
    environment = yard.ready(HELLO, "prod")
    policy(settings, on_expiry="plan_again")
    change = yard.did(environment, ChangeKind.PARK)
    do_approve(yard.ada, change, digest=change.plan_digest, run="later")
    yard.pass_time(change, hours=72)
    assert change.status == "awaiting_approval"
    assert change.plans.all()[0].void_because == "it expired before it was run"
    assert len(yard.fake.stacks()) == 2
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"


def test_what_is_held_runs_when_somebody_says_so(yard: Yard) -> None:
    change = planned(yard)
    do_approve(yard.ada, change, digest=change.plan_digest, run="later")
    yard.pass_time(change, hours=30)
    assert (change.status, change.held) == ("queued", True)
    assert change.waiting_for == "Approved; waits until somebody runs it"
    assert change.next_check_at == change.expires_at
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    do_run(yard.alice, change)
    assert yard.drive(change).status == "succeeded"


def test_what_is_held_too_long_expires(yard: Yard) -> None:
    change = planned(yard)
    do_approve(yard.ada, change, digest=change.plan_digest, run="later")
    yard.pass_time(change, hours=72)
    assert change.status == "expired"
    nothing_is_left(yard, change)


def test_what_is_held_may_still_be_rejected(yard: Yard) -> None:
    change = planned(yard)
    do_approve(yard.ada, change, digest=change.plan_digest, run="later")
    yard.drive(change)
    do_reject(yard.ada, change, comment="On second thoughts")
    assert yard.drive(change).status == "rejected"
    nothing_is_left(yard, change)


def test_what_has_a_start_begins_then_and_not_before(yard: Yard) -> None:
    change = planned(yard)
    start = timezone.now() + 30 * HOUR
    do_approve(yard.ada, change, digest=change.plan_digest, start_at=start)
    yard.pass_time(change, hours=29)
    assert (change.status, change.next_check_at) == ("queued", start)
    assert change.waiting_for == "Starts 2026-05-05 15:00 UTC"
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    yard.pass_time(change, hours=1)
    assert change.status == "succeeded"
    assert change.started_at == start


def test_a_start_that_was_missed_by_a_day_does_not_come_as_a_surprise(yard: Yard) -> None:
    change = planned(yard)
    do_approve(yard.ada, change, digest=change.plan_digest, start_at=timezone.now() + HOUR)
    yard.pass_time(change, hours=26)
    assert change.status == "expired"
    nothing_is_left(yard, change)


def test_what_was_approved_in_time_to_run_now_runs(yard: Yard) -> None:
    """However late a worker comes to it: the approval was given, and it is read again anyway."""
    change = planned(yard)
    yard.clock.shift(71 * HOUR)
    yard.approve(change)
    yard.pass_time(change, hours=20)
    assert change.status == "succeeded"


def test_a_start_the_requester_asked_for_is_kept(yard: Yard) -> None:
    start = timezone.now() + 50 * HOUR
    asked = Ask(ChangeKind.CREATE, {"compute": COMPUTE[HELLO]}, start_at=start)
    change = yard.drive(do_request_create(yard.alice, HELLO, "prod", asked))
    yard.approve(change)
    yard.drive(change)
    assert (change.status, change.start_at, change.next_check_at) == ("queued", start, start)
    yard.pass_time(change, hours=50)
    assert change.status == "succeeded"


def test_a_plan_that_moved_before_its_start_is_decided_about_again(yard: Yard) -> None:
    change = planned(yard)
    do_approve(yard.ada, change, digest=change.plan_digest, start_at=timezone.now() + 5 * HOUR)
    yard.drive(change)
    yard.fake.lose_stack("hello-erlang-data-prod")
    yard.pass_time(change, hours=5)
    assert change.status == "awaiting_approval"
    assert "was deleted by somebody else" in change.plans.all()[0].void_because
    assert yard.fake.calls_of("ExecuteChangeSet") == 0


@pytest.mark.parametrize("end", [ending.expired, lambda work: ending.moved(work, "something moved")])
def test_saying_run_meanwhile_wins(yard: Yard, end: Callable[[Work], None]) -> None:
    """A worker has made up its mind; before it writes that down, somebody says when the change runs."""
    change = planned(yard)
    do_approve(yard.ada, change, digest=change.plan_digest, run="later")
    yard.drive(change)
    claimed = claim_change(change.pk)
    assert claimed is not None
    work = work_for(claimed, yard.fake.aws_for)
    do_run(yard.alice, change)
    with pytest.raises(LeaseLostError):
        end(work)
    assert change.plans.get().void_because == ""
    assert yard.pass_time(change, seconds=30).status == "succeeded"


def rule(*kinds: ChangeKind) -> tuple[AutoApproval, ...]:
    return (AutoApproval("Waking is harmless", frozenset(kinds), data="any", monthly_increase=None),)


def test_a_rule_approves_under_its_own_name(yard: Yard, settings: Any) -> None:
    policy(settings, auto_approvals=rule(ChangeKind.CREATE))
    change = yard.drive(yard.create(HELLO, "prod"))
    assert change.status == "succeeded", change.problem
    decision = change.decisions.get()
    assert (decision.by, decision.reviewer, decision.verdict) == (None, "Waking is harmless", "approved")
    assert decision.plan_digest == change.plan_digest
    assert "approved by the rule “Waking is harmless”" in AuditEntry.objects.get(change=change, verb="queued").summary


def test_a_rule_for_another_kind_asks_people(yard: Yard, settings: Any) -> None:
    policy(settings, auto_approvals=rule(ChangeKind.WAKE))
    assert planned(yard).decisions.count() == 0


def test_a_rule_does_not_start_what_has_a_start(yard: Yard, settings: Any) -> None:
    policy(settings, auto_approvals=rule(ChangeKind.CREATE))
    start = timezone.now() + 5 * HOUR
    asked = Ask(ChangeKind.CREATE, {"compute": COMPUTE[HELLO]}, start_at=start)
    change = yard.drive(do_request_create(yard.alice, HELLO, "prod", asked))
    assert (change.status, change.expires_at) == ("queued", start + 24 * HOUR)
    assert yard.pass_time(change, hours=5).status == "succeeded"
