"""do_cancel before anything was altered, do_retry after a failure."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.retrying import do_retry
from provisioning.actions.taking_back import do_cancel, why_not_cancel
from provisioning.lifecycle import CANCELLABLE_CHANGES, ChangeKind, ChangeStatus, EnvironmentStatus, StepState
from provisioning.models import (
    Account,
    AuditEntry,
    Change,
    Environment,
    Operation,
    SealedPlan,
    Stack,
    Step,
    Template,
)

from .conftest import person
from .rows import DIGEST, asked_for, at, everything


@pytest.fixture
def planned(account: Account, alice: Actor) -> Change:
    """alice's request of dev-alice, which the engine has begun to plan."""
    change = asked_for(alice, "dev-alice")
    for position, (name, state) in enumerate({"ensure_one": StepState.DONE, "ensure_two": StepState.WAITING}.items()):
        Step.objects.create(change=change, name=name, position=position, state=state)
    change.operations.update(action="create", change_set_id="arn:set", changes=[], read_from="change_set", token="t")
    return change


@pytest.fixture
def failed(planned: Change) -> Change:
    """The same after a step stopped: a new plan is needed."""
    Step.objects.filter(name="ensure_two").update(state=StepState.FAILED)
    problem = {"sentence": "It broke.", "replan": True}
    return at(planned, ChangeStatus.FAILED, problem=problem, plan={}, plan_digest=DIGEST, findings=[{}], tries=3)


def cancel_refused(actor: Actor, change: Change) -> Refusal:
    """Why it is not taken back; nothing at all may have been written."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_cancel(actor, change)
    assert everything() == before
    return caught.value


def retry_refused(actor: Actor, change: Change) -> Refusal:
    """Why it is not tried again; nothing at all may have been written."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_retry(actor, change)
    assert everything() == before
    return caught.value


@pytest.mark.parametrize("status", sorted(CANCELLABLE_CHANGES))
def test_a_change_is_taken_back_before_it_alters_anything(
    planned: Change,
    alice: Actor,
    status: ChangeStatus,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    at(planned, status, secrets="sealed")
    entries = AuditEntry.objects.count()
    with django_capture_on_commit_callbacks() as rings:
        do_cancel(alice, planned)
    planned.refresh_from_db()
    assert (planned.status, planned.secrets, planned.cleanup) == (ChangeStatus.CANCELLED, "", True)
    assert planned.next_check_at is not None
    assert len(rings) == 1, "somebody has to tidy up in AWS (S7)"
    assert all(planned.operations.values_list("is_open", flat=True)), "until that is done"
    assert planned.environment.status == EnvironmentStatus.REMOVED
    assert AuditEntry.objects.count() == entries + 1
    assert AuditEntry.objects.filter(verb="cancel", by_id=alice.user_id, change=planned).count() == 1


@pytest.mark.parametrize("status", sorted(set(ChangeStatus) - CANCELLABLE_CHANGES - {ChangeStatus.RUNNING}))
def test_it_is_too_late_once_it_has_ended(planned: Change, alice: Actor, status: ChangeStatus) -> None:
    at(planned, status)
    refusal = cancel_refused(alice, planned)
    assert (refusal.code, refusal.forbidden) == ("too-late", False)
    assert refusal.sentence == f"This change is {status.label.lower()}; it cannot be taken back any more."


def test_the_row_decides_not_the_page(planned: Change, alice: Actor) -> None:
    """The page was opened while it was planning; it runs by now."""
    seen = Change.objects.get(pk=planned.pk)
    at(planned, ChangeStatus.RUNNING)
    planned.operations.update(called_at=timezone.now())
    assert seen.status == ChangeStatus.PLANNING
    assert cancel_refused(alice, seen).code == "cannot-cancel"


def test_one_that_runs_is_only_marked_and_whoever_holds_it_goes_on(
    planned: Change, alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    at(planned, ChangeStatus.RUNNING, lease_token=uuid.uuid4(), waiting_for="The stack is being updated", tries=2)
    planned.operations.update(called_at=timezone.now(), action="update")
    before: dict[str, Any] = dict(Change.objects.values().get(pk=planned.pk))
    with django_capture_on_commit_callbacks() as rings:
        do_cancel(alice, planned)
    after: dict[str, Any] = dict(Change.objects.values().get(pk=planned.pk))
    assert {name for name, value in after.items() if value != before[name]} == {
        *("cancel_asked_at", "cancel_asked_by_id", "wakes", "next_check_at")
    }
    assert (after["cancel_asked_by_id"], after["wakes"], len(rings)) == (alice.user_id, before["wakes"] + 1, 1)
    entry = AuditEntry.objects.get(verb="cancel", change=planned)
    assert (entry.by_id, entry.summary.startswith("Asked to cancel what runs")) == (alice.user_id, True)


def test_what_alters_aws_bit_by_bit_is_not_cancelled(planned: Change, alice: Actor) -> None:
    """Of steps that make calls of their own, nobody can say that none was made yet."""
    at(planned, ChangeStatus.RUNNING, kind=ChangeKind.UNPROTECT)
    assert "bit by bit" in cancel_refused(alice, planned).sentence


def test_between_two_stacks_there_is_nothing_to_roll_back(planned: Change, alice: Actor) -> None:
    at(planned, ChangeStatus.RUNNING)
    planned.operations.filter(stack__kind="data").update(called_at=timezone.now(), finished_at=timezone.now())
    assert "Part of it is done" in cancel_refused(alice, planned).sentence


def test_one_that_is_set_aside_while_it_runs_is_taken_up_first(planned: Change, ada: Actor) -> None:
    at(planned, ChangeStatus.RUNNING, set_aside_at=timezone.now())
    assert "taken up again first" in cancel_refused(ada, planned).sentence


def test_who_may_take_back(planned: Change, bob: Actor, audrey: Actor, ada: Actor) -> None:
    for somebody, code in ((bob, "not-yours"), (audrey, "not-allowed")):
        refusal = cancel_refused(somebody, planned)
        assert (refusal.code, refusal.forbidden) == (code, True)
    assert do_cancel(ada, planned).status == ChangeStatus.CANCELLED


def test_a_shared_environment_does_not_make_a_change_everybodys(
    shared: Environment, alice: Actor, bob: Actor, audrey: Actor
) -> None:
    """alice's environment, bob's change: bob takes it back, or alice, or an admin; no other engineer."""
    carol = person("carol", "engineers")
    change = do_request(bob, shared, Ask(ChangeKind.UPDATE))
    refusal = cancel_refused(carol, change)
    assert (refusal.code, refusal.forbidden) == ("not-yours", True)
    assert refusal.sentence == "bob asked for this change. Ask bob, alice or an admin."
    assert why_not_cancel(carol, change) == refusal.sentence
    assert cancel_refused(audrey, change).code == "not-allowed"
    for somebody in (bob, alice):
        assert why_not_cancel(somebody, change) == ""
        at(do_cancel(somebody, change), ChangeStatus.AWAITING_APPROVAL, cleanup=False)


@pytest.mark.parametrize("waits", [{"held": True}, {"start_at": timezone.now() + timedelta(days=2)}, {}])
def test_what_is_approved_and_does_not_run_yet_is_taken_back(
    planned: Change, alice: Actor, waits: dict[str, object]
) -> None:
    at(planned, ChangeStatus.QUEUED, **waits)
    assert do_cancel(alice, planned).status == ChangeStatus.CANCELLED


def test_taking_back_an_update_leaves_the_environment_ready(shared: Environment, alice: Actor) -> None:
    do_cancel(alice, do_request(alice, shared, Ask(ChangeKind.UPDATE)))
    shared.refresh_from_db()
    assert shared.status == EnvironmentStatus.READY


def test_a_retry_plans_again(
    failed: Change, alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    Stack.objects.filter(kind="data").update(status="REVIEW_IN_PROGRESS")
    entries = AuditEntry.objects.count()
    with django_capture_on_commit_callbacks() as rings:
        do_retry(alice, failed)
    failed.refresh_from_db()
    assert (failed.status, failed.attempt, failed.tries, failed.problem) == (ChangeStatus.PLANNING, 2, 0, None)
    assert (failed.plan, failed.plan_digest, failed.findings, failed.finished_at) == (None, "", [], None)
    assert len(rings) == 1
    assert not failed.steps.exists(), "every step is taken again"
    for operation in failed.operations.all():
        assert operation.is_open
        assert (operation.action, operation.change_set_id, operation.token, operation.changes) == ("", "", "", None)
        assert operation.template_id is not None, "what was asked for stays"
    assert Stack.objects.get(kind="data").status == "", "the shell of the old plan counts as no stack"
    assert AuditEntry.objects.count() == entries + 1
    assert AuditEntry.objects.filter(verb="retry", by_id=alice.user_id, detail={"attempt": 2}).count() == 1


def test_a_retry_forgets_the_parts_and_when_it_should_have_run(failed: Change, alice: Actor) -> None:
    """The last part sends what the whole work is for; the first sent less."""
    first = failed.operations.select_related("stack").get(stack__kind="data")
    goal = first.template
    part = Template.objects.create(digest="p" * 64, body="part")
    Operation.objects.create(
        change=failed, stack=first.stack, part=1, template=goal, parameters={"A": "1"}, keep=["Pin"], action="update"
    )
    Operation.objects.filter(pk=first.pk).update(
        template=part, parameters={}, imports=[{"name": "t"}], rests_on={"status": "x"}, purpose="Take over 1 table"
    )
    SealedPlan.objects.create(change=failed, number=1, digest=DIGEST, content={}, sealed_at=timezone.now())
    soon = timezone.now() + timedelta(hours=1)
    Change.objects.update(expires_at=soon, start_at=soon, held=True, sent_back=True)
    do_retry(alice, failed)
    failed.refresh_from_db()
    first = failed.operations.get(stack__kind="data")
    assert (first.part, first.template, first.parameters, first.keep) == (0, goal, {"A": "1"}, ["Pin"])
    assert (first.imports, first.rests_on, first.purpose) == ([], {}, "")
    assert (failed.expires_at, failed.start_at, failed.held, failed.sent_back) == (None, None, False, False)
    assert failed.plans.get().void_because == "It failed, and was tried again."


def test_a_retry_of_a_part_keeps_what_was_done_before_it(failed: Change, alice: Actor) -> None:
    Change.objects.update(problem={"sentence": "It broke.", "replan": False}, held=True)
    stack = failed.operations.get(stack__kind="data").stack
    Operation.objects.create(change=failed, stack=stack, part=1, action="update", is_open=False)
    do_retry(alice, failed)
    failed.refresh_from_db()
    assert sorted(failed.operations.values_list("stack__kind", "part")) == [("compute", 0), ("data", 0), ("data", 1)]
    assert not failed.held


def test_a_retry_goes_on_where_it_stopped(failed: Change, alice: Actor) -> None:
    """Where the plan still holds, what was done stays done, and nobody decides twice."""
    Change.objects.update(problem={"sentence": "It broke.", "replan": False})
    do_retry(alice, failed)
    failed.refresh_from_db()
    assert (failed.status, failed.attempt, failed.plan_digest) == (ChangeStatus.QUEUED, 1, DIGEST)
    assert list(failed.steps.values_list("name", flat=True)) == ["ensure_one"]
    assert set(failed.operations.values_list("is_open", "change_set_id")) == {(True, "arn:set")}


@pytest.mark.parametrize("status", [status for status in ChangeStatus if status != "failed"])
def test_only_failures_are_tried_again(planned: Change, alice: Actor, status: ChangeStatus) -> None:
    at(planned, status)
    refusal = retry_refused(alice, planned)
    assert (refusal.code, refusal.sentence) == ("not-failed", "Only a failed change can be tried again.")


def test_two_retries_are_one(failed: Change, alice: Actor) -> None:
    seen = Change.objects.get(pk=failed.pk)
    do_retry(alice, failed)
    assert retry_refused(alice, seen).code == "not-failed"
    assert Change.objects.get().attempt == 2


def test_not_while_the_failure_is_being_tidied_up(failed: Change, alice: Actor) -> None:
    Change.objects.update(cleanup=True)
    assert retry_refused(alice, failed).code == "tidying"


def test_history_is_not_tried_again(failed: Change, alice: Actor) -> None:
    """A newer change exists, whatever became of it."""
    Change.objects.filter(pk=failed.pk).update(requested_at=timezone.now() - timedelta(hours=1))
    newer = at(asked_for(alice, "dev-alice"), ChangeStatus.SUCCEEDED)
    assert retry_refused(alice, failed).code == "newer-change"
    at(newer, ChangeStatus.FAILED)
    assert do_retry(alice, newer).status == ChangeStatus.PLANNING


def test_who_may_retry(failed: Change, bob: Actor, audrey: Actor, ada: Actor) -> None:
    for somebody, code in ((bob, "not-yours"), (audrey, "not-allowed")):
        refusal = retry_refused(somebody, failed)
        assert (refusal.code, refusal.forbidden) == (code, True)
    assert do_retry(ada, failed).status == ChangeStatus.PLANNING
