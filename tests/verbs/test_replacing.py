"""Sending a change instead of one that waits: the old one ends as the new one begins, or neither does."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, do_send_back, why_not_decide
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Account, AuditEntry, Change, Environment, Operation, Stack

from .rows import DIGEST, VALUES, asked_for, at, awaiting, everything

WAITS = [
    (ChangeStatus.PLANNING, {}),
    (ChangeStatus.AWAITING_APPROVAL, {}),
    (ChangeStatus.AWAITING_APPROVAL, {"sent_back": True}),
    (ChangeStatus.QUEUED, {"held": True}),
    (ChangeStatus.QUEUED, {"start_at": timezone.now() + timedelta(days=2)}),
]


def update(old: Change, **more: object) -> Ask:
    """An update sent instead of this change."""
    return Ask(ChangeKind.UPDATE, replaces=old.pk, **more)  # type: ignore[arg-type]  # any of its fields


def refused(actor: Actor, environment: Environment, ask: Ask) -> Refusal:
    """Why it is not taken; nothing at all may have been written."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_request(actor, environment, ask)
    assert everything() == before
    return caught.value


@pytest.mark.parametrize(("status", "columns"), WAITS)
def test_what_waits_is_replaced(
    shared: Environment,
    alice: Actor,
    status: ChangeStatus,
    columns: dict[str, object],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    old = at(do_request(alice, shared, Ask(ChangeKind.UPDATE)), status, secrets="sealed", **columns)
    with django_capture_on_commit_callbacks() as rings:
        new = do_request(alice, shared, update(old, reason="Smaller."))
    old.refresh_from_db()
    assert (old.status, old.secrets, old.cleanup, old.held, old.sent_back) == ("superseded", "", False, False, False)
    assert old.finished_at is not None
    assert old.next_check_at is None
    assert (new.supersedes, new.status, old.superseded_by) == (old, ChangeStatus.PLANNING, new)
    assert set(Operation.objects.filter(is_open=True).values_list("change", flat=True)) == {new.pk}
    assert len(rings) == 1
    ended, begun = AuditEntry.objects.get(verb="supersede"), AuditEntry.objects.get(change=new)
    assert (ended.change, ended.by_id) == (old, alice.user_id)
    assert ended.summary == "Superseded: Update hello-erlang/dev of alice, by: Update"
    assert begun.summary == "Update hello-erlang/dev, instead of another change"
    assert begun.detail == {"supersedes": str(old.pk)}


def test_a_create_is_replaced_and_its_shell_counts_as_no_stack(account: Account, alice: Actor, ada: Actor) -> None:
    old = awaiting(asked_for(alice, "prod"))
    do_send_back(ada, old, comment="Larger.")
    Stack.objects.filter(kind="data").update(status="REVIEW_IN_PROGRESS")
    new = do_request_create(alice, "hello-erlang", "prod", Ask(ChangeKind.CREATE, VALUES, replaces=old.pk))
    assert new.environment_id == old.environment_id
    assert set(Stack.objects.values_list("status", flat=True)) == {""}
    assert new.environment.status == "requested"
    old.refresh_from_db()
    assert why_not_decide(ada, old) == "This change is superseded; there is nothing to decide."
    with pytest.raises(Refusal):
        do_approve(ada, old, digest=DIGEST)


def test_without_being_told_to_nothing_is_replaced(shared: Environment, alice: Actor) -> None:
    old = do_request(alice, shared, Ask(ChangeKind.UPDATE))
    refusal = refused(alice, shared, Ask(ChangeKind.UPDATE))
    assert (refusal.code, refusal.change_id) == ("change-open", str(old.pk))


@pytest.mark.parametrize(
    "status", [status for status in ChangeStatus if status not in {"planning", "awaiting_approval"}]
)
def test_what_runs_or_is_over_is_not(shared: Environment, alice: Actor, status: ChangeStatus) -> None:
    """Queued to run at once is as good as running."""
    old = at(do_request(alice, shared, Ask(ChangeKind.UPDATE)), status)
    refusal = refused(alice, shared, update(old))
    assert refusal.code == "cannot-replace"
    assert refusal.sentence == f"The change that this one should replace is {status.label.lower()} already."


def test_only_by_who_may_take_it_back(shared: Environment, alice: Actor, bob: Actor, ada: Actor) -> None:
    old = do_request(alice, shared, Ask(ChangeKind.UPDATE))
    assert refused(bob, shared, update(old)).code == "not-yours"
    assert do_request(ada, shared, update(old)).requested_by_id == ada.user_id


def test_only_a_change_of_the_same_environment(shared: Environment, alice: Actor) -> None:
    other = asked_for(alice, "dev-alice")
    assert refused(alice, shared, update(other)).sentence.endswith("is not one of hello-erlang/dev.")
    assert refused(alice, shared, Ask(ChangeKind.UPDATE, replaces=uuid.uuid4())).code == "cannot-replace"


def test_a_new_one_that_cannot_be_leaves_the_old_one(shared: Environment, alice: Actor) -> None:
    old = do_request(alice, shared, Ask(ChangeKind.UPDATE))
    values = {"compute": {"InstanceType": "no-such-machine"}}
    assert refused(alice, shared, update(old, values=values)).code == "bad-values"
    assert refused(alice, shared, Ask(ChangeKind.WAKE, replaces=old.pk)).code == "wrong-order"


def test_a_second_click_finds_the_first_ones_change(shared: Environment, alice: Actor) -> None:
    old, key = do_request(alice, shared, Ask(ChangeKind.UPDATE)), uuid.uuid4()
    first = do_request(alice, shared, update(old, key=key))
    assert do_request(alice, shared, update(old, key=key)) == first
    assert refused(alice, shared, update(old)).code == "cannot-replace"
