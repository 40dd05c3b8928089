"""do_approve and do_reject: one plan, one decision, never by who asked."""

from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from provisioning.actions.actor import Actor
from provisioning.actions.deciding import approvals, do_approve, do_reject, do_send_back, standing, why_not_decide
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request_create
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, Verdict
from provisioning.models import Account, AuditEntry, Change, Decision, Environment

from .rows import DIGEST, HIDDEN, asked_for, at, awaiting, everything

MINE = "You asked for this change, so somebody else decides."


def refused(actor: Actor, change: Change, *, rejects: bool = False, digest: str = DIGEST, why: str = "No.") -> Refusal:
    """Why the decision is not taken; nothing at all may have been written."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        _ = do_reject(actor, change, comment=why) if rejects else do_approve(actor, change, digest=digest)
    assert everything() == before
    return caught.value


def test_an_admin_approves_and_it_runs(
    waiting: Change, ada: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    entries = AuditEntry.objects.count()
    assert why_not_decide(ada, waiting) == ""
    with django_capture_on_commit_callbacks() as rings:
        do_approve(ada, waiting, digest=DIGEST, comment="Fine.")
    waiting.refresh_from_db()
    assert waiting.status == ChangeStatus.QUEUED
    assert len(rings) == 1
    decision = waiting.decisions.get()
    assert (decision.by_id, decision.verdict, decision.comment, decision.plan_digest) == (
        ada.user_id,
        Verdict.APPROVED,
        "Fine.",
        DIGEST,
    )
    assert AuditEntry.objects.count() == entries + 1
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.verb, entry.by_id, entry.reason, entry.detail) == ("approve", ada.user_id, "Fine.", {"plan": DIGEST})


def test_an_admin_rejects_and_it_ends(
    waiting: Change, ada: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    Change.objects.update(secrets="sealed")
    entries = AuditEntry.objects.count()
    with django_capture_on_commit_callbacks() as rings:
        do_reject(ada, waiting, comment="Not on a Friday.")
    waiting.refresh_from_db()
    assert waiting.status == ChangeStatus.REJECTED
    assert waiting.finished_at is not None
    assert waiting.secrets == ""
    assert waiting.cleanup, "the plan left change sets in AWS (S7)"
    assert len(rings) == 1
    assert all(waiting.operations.values_list("is_open", flat=True)), "until they are tidied away"
    assert waiting.environment.status == EnvironmentStatus.REMOVED
    decision = waiting.decisions.get()
    assert (decision.by_id, decision.verdict, decision.comment) == (ada.user_id, Verdict.REJECTED, "Not on a Friday.")
    assert AuditEntry.objects.count() == entries + 1
    assert AuditEntry.objects.filter(verb="reject", by_id=ada.user_id, reason="Not on a Friday.").count() == 1


def test_a_rejected_change_leaves_an_environment_that_lives(shared: Environment, alice: Actor, ada: Actor) -> None:
    Environment.objects.update(stage="prod", name="prod")
    change = awaiting(at(shared.changes.get(), ChangeStatus.PLANNING))
    do_reject(ada, change, comment="Not now.")
    shared.refresh_from_db()
    assert shared.status == EnvironmentStatus.READY


@pytest.mark.parametrize("rejects", [False, True])
def test_nobody_decides_about_their_own(account: Account, ada: Actor, grace: Actor, *, rejects: bool) -> None:
    """Not even an admin; another admin does."""
    change = awaiting(asked_for(ada, "prod"))
    refusal = refused(ada, change, rejects=rejects)
    assert (refusal.code, refusal.sentence, refusal.forbidden) == ("not-yours-to-decide", MINE, True)
    assert why_not_decide(ada, change) == MINE
    assert do_approve(grace, change, digest=DIGEST).status == ChangeStatus.QUEUED


@pytest.mark.parametrize("rejects", [False, True])
def test_the_requester_is_told_so_before_anything_else(waiting: Change, alice: Actor, *, rejects: bool) -> None:
    assert refused(alice, waiting, rejects=rejects).sentence == MINE


@pytest.mark.parametrize("rejects", [False, True])
def test_others_may_not(waiting: Change, bob: Actor, audrey: Actor, *, rejects: bool) -> None:
    for somebody in (bob, audrey):
        refusal = refused(somebody, waiting, rejects=rejects)
        assert (refusal.code, refusal.forbidden) == ("not-yours-to-decide", True)
        assert refusal.sentence == "Only admins decide about prod."


@pytest.mark.parametrize("digest", ["", "e" * 64, DIGEST[:-1], DIGEST.upper()])
def test_a_plan_that_moved(waiting: Change, ada: Actor, digest: str) -> None:
    refusal = refused(ada, waiting, digest=digest)
    assert (refusal.code, refusal.forbidden) == ("plan-moved", False)
    assert refusal.sentence.endswith("Read it again, then decide.")


def test_a_page_opened_before_the_plan_moved(waiting: Change, ada: Actor) -> None:
    """What counts is the row as it is now, not the one that the page was made from."""
    seen = Change.objects.get(pk=waiting.pk)
    Change.objects.update(plan_digest="f" * 64)
    assert seen.plan_digest == DIGEST
    assert refused(ada, seen).code == "plan-moved"


@pytest.mark.parametrize("first_rejects", [False, True])
@pytest.mark.parametrize("second_rejects", [False, True])
def test_the_second_is_told_who_decided(
    waiting: Change, ada: Actor, grace: Actor, *, first_rejects: bool, second_rejects: bool
) -> None:
    if first_rejects:
        do_reject(ada, waiting, comment="No.")
    else:
        do_approve(ada, waiting, digest=DIGEST)
    refusal = refused(grace, waiting, rejects=second_rejects)
    word = "rejected" if first_rejects else "approved"
    assert (refusal.code, refusal.forbidden) == ("decided", False)
    assert refusal.sentence == f"ada has {word} this already."


@pytest.mark.parametrize("why", ["", "   ", "\n\t"])
def test_a_rejection_needs_a_reason(waiting: Change, ada: Actor, why: str) -> None:
    refusal = refused(ada, waiting, rejects=True, why=why)
    assert (refusal.code, refusal.fields) == ("no-reason", {"comment": "Say why."})


@pytest.mark.parametrize("status", [status for status in ChangeStatus if status != "awaiting_approval"])
def test_there_must_be_something_to_decide(waiting: Change, ada: Actor, status: ChangeStatus) -> None:
    at(waiting, status)
    refusal = refused(ada, waiting)
    assert (refusal.code, refusal.forbidden) == ("nothing-to-decide", False)
    assert refusal.sentence == f"This change is {status.label.lower()}; there is nothing to decide."


def test_two_approvals_are_two_people(vault: Path, alice: Actor, bob: Actor, ada: Actor, audrey: Actor) -> None:
    change = awaiting(do_request_create(alice, "vault", "prod", Ask(ChangeKind.CREATE, HIDDEN)))
    assert do_approve(ada, change, digest=DIGEST).status == ChangeStatus.AWAITING_APPROVAL
    assert do_approve(ada, change, digest=DIGEST).status == ChangeStatus.AWAITING_APPROVAL, "one voice, said twice"
    assert refused(alice, change).sentence == MINE
    assert refused(audrey, change).sentence == "Only admins or engineers decide about prod."
    assert do_approve(bob, change, digest=DIGEST).status == ChangeStatus.QUEUED


def test_saying_it_twice_writes_nothing(vault: Path, alice: Actor, ada: Actor) -> None:
    change = awaiting(do_request_create(alice, "vault", "prod", Ask(ChangeKind.CREATE, HIDDEN)))
    do_approve(ada, change, digest=DIGEST, comment="Fine.")
    before = everything()
    do_approve(ada, change, digest=DIGEST, comment="Fine!")
    assert everything() == before
    assert [decision.reviewer for decision in approvals(change)] == ["ada"]


def test_of_one_person_the_newest_decision_counts(vault: Path, alice: Actor, bob: Actor, ada: Actor) -> None:
    """Nothing is overwritten: the first thought stays on record."""
    change = awaiting(do_request_create(alice, "vault", "prod", Ask(ChangeKind.CREATE, HIDDEN)))
    do_approve(ada, change, digest=DIGEST)
    do_send_back(ada, change, comment="On second thoughts: smaller.")
    assert [decision.verdict for decision in standing(change)] == [Verdict.SENT_BACK]
    assert do_approve(ada, change, digest=DIGEST).status == ChangeStatus.AWAITING_APPROVAL
    assert do_approve(bob, change, digest=DIGEST).status == ChangeStatus.QUEUED
    said = [(decision.reviewer, decision.verdict) for decision in change.decisions.all()]
    assert said == [("ada", "approved"), ("ada", "sent_back"), ("ada", "approved"), ("bob", "approved")]


def test_an_approval_of_the_requester_never_counts(vault: Path, alice: Actor, bob: Actor, ada: Actor) -> None:
    """Not even one that got into the rows some other way."""
    change = awaiting(do_request_create(alice, "vault", "prod", Ask(ChangeKind.CREATE, HIDDEN)))
    Decision.objects.create(
        change=change, plan_digest=DIGEST, by_id=alice.user_id, verdict=Verdict.APPROVED, at=timezone.now()
    )
    assert do_approve(ada, change, digest=DIGEST).status == ChangeStatus.AWAITING_APPROVAL
    assert [decision.reviewer for decision in approvals(change)] == ["ada"]
    assert do_approve(bob, change, digest=DIGEST).status == ChangeStatus.QUEUED


def test_one_of_two_may_still_reject(vault: Path, alice: Actor, bob: Actor, ada: Actor) -> None:
    change = awaiting(do_request_create(alice, "vault", "prod", Ask(ChangeKind.CREATE, HIDDEN)))
    do_approve(ada, change, digest=DIGEST)
    assert do_reject(bob, change, comment="Wait.").status == ChangeStatus.REJECTED


def test_an_approval_of_an_older_plan_counts_for_nothing(vault: Path, alice: Actor, bob: Actor, ada: Actor) -> None:
    change = awaiting(do_request_create(alice, "vault", "prod", Ask(ChangeKind.CREATE, HIDDEN)))
    do_approve(ada, change, digest=DIGEST)
    Change.objects.update(plan_digest="f" * 64)
    assert do_approve(bob, change, digest="f" * 64).status == ChangeStatus.AWAITING_APPROVAL


def test_a_change_taken_back_cannot_be_approved(waiting: Change, alice: Actor, ada: Actor) -> None:
    do_cancel(alice, waiting)
    assert refused(ada, waiting).sentence == "This change is cancelled; there is nothing to decide."
