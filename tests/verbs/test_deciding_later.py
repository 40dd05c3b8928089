"""Approving and running are separate acts: now, later by hand, or from a given time on."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, do_reject, why_not_decide, why_not_reject
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request_create
from provisioning.actions.running import do_run, why_not_run
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import AuditEntry, Change

from .conftest import person
from .rows import DIGEST, HIDDEN, VALUES, asked_for, at, awaiting, everything

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def run_refused(actor: Actor, change: Change) -> Refusal:
    """Why it is not run; nothing at all may have been written, and the page says the same."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_run(actor, change)
    assert everything() == before
    assert why_not_run(actor, Change.objects.get(pk=change.pk)) == caught.value.sentence
    return caught.value


def held(change: Change, **more: object) -> Change:
    """The change, approved by nobody in particular, to be run by hand."""
    return at(change, ChangeStatus.QUEUED, held=True, expires_at=timezone.now() + DAY, **more)


def test_approved_for_later_it_waits(waiting: Change, ada: Actor) -> None:
    deadline = timezone.now() + DAY
    Change.objects.update(expires_at=deadline)
    change = do_approve(ada, waiting, digest=DIGEST, run="later")
    change.refresh_from_db()
    assert (change.status, change.held, change.start_at, change.expires_at) == ("queued", True, None, deadline)


def test_approved_to_run_now_it_does_not_expire(waiting: Change, ada: Actor) -> None:
    Change.objects.update(expires_at=timezone.now() + DAY)
    change = do_approve(ada, waiting, digest=DIGEST)
    change.refresh_from_db()
    assert (change.held, change.start_at, change.expires_at) == (False, None, None)


def test_approved_for_a_time_it_may_start_within_a_day_of_it(waiting: Change, ada: Actor) -> None:
    start = timezone.now() + 3 * DAY
    Change.objects.update(expires_at=timezone.now() + HOUR)
    change = do_approve(ada, waiting, digest=DIGEST, run="later", start_at=start)
    change.refresh_from_db()
    assert (change.status, change.held, change.start_at, change.expires_at) == ("queued", False, start, start + DAY)


@pytest.mark.parametrize(("run", "kept"), [("now", True), ("later", False)])
def test_the_requesters_start_stays_unless_the_approver_chooses(
    account: object, alice: Actor, ada: Actor, run: str, *, kept: bool
) -> None:
    start = timezone.now() + DAY
    change = do_request_create(alice, "hello-erlang", "prod", Ask(ChangeKind.CREATE, VALUES, start_at=start))
    assert Change.objects.get().start_at == start
    change = do_approve(ada, awaiting(change), digest=DIGEST, run="now" if run == "now" else "later")
    assert (change.start_at, change.held) == ((start, False) if kept else (None, True))


def test_a_requested_start_that_has_gone_by_means_now(waiting: Change, ada: Actor) -> None:
    Change.objects.update(start_at=timezone.now() - HOUR)
    assert do_approve(ada, waiting, digest=DIGEST).start_at is None


@pytest.mark.parametrize(
    ("ahead", "sentence"),
    [(-timedelta(minutes=1), "is in the past. Choose a time to come."), (31 * DAY, "at most 30 days ahead.")],
)
def test_a_start_is_within_thirty_days(
    waiting: Change, alice: Actor, ada: Actor, ahead: timedelta, sentence: str
) -> None:
    start, before = timezone.now() + ahead, everything()
    with pytest.raises(Refusal) as approving:
        do_approve(ada, waiting, digest=DIGEST, start_at=start)
    with pytest.raises(Refusal) as asking:
        do_request_create(alice, "fileshare", "prod", Ask(ChangeKind.CREATE, VALUES, start_at=start))
    assert everything() == before
    for refusal in (approving.value, asking.value):
        assert refusal.code == "bad-start"
        assert refusal.sentence.endswith(sentence)
        assert refusal.fields == {"start_at": refusal.sentence}


def test_a_start_is_asked_for_only_where_something_waits(account: object, alice: Actor) -> None:
    with pytest.raises(Refusal) as caught:
        do_request_create(alice, "hello-erlang", "dev", Ask(ChangeKind.CREATE, VALUES, start_at=timezone.now() + HOUR))
    assert caught.value.fields == {"start_at": "Nothing waits at dev: send it when it should run."}
    assert not Change.objects.exists()


def test_the_last_approval_says_when(vault: Path, alice: Actor, bob: Actor, ada: Actor) -> None:
    change = awaiting(do_request_create(alice, "vault", "prod", Ask(ChangeKind.CREATE, HIDDEN)))
    assert not do_approve(ada, change, digest=DIGEST, run="later").held
    change = do_approve(bob, change, digest=DIGEST, run="now")
    assert (change.status, change.held) == (ChangeStatus.QUEUED, False)


@pytest.mark.parametrize("waits", [{"held": True}, {"start_at": timezone.now() + 2 * DAY}])
def test_what_waits_is_run_by_hand(
    waiting: Change,
    alice: Actor,
    waits: dict[str, object],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    at(waiting, ChangeStatus.QUEUED, expires_at=timezone.now() + 3 * DAY, next_check_at=None, **waits)
    with django_capture_on_commit_callbacks() as rings:
        do_run(alice, waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.held, waiting.start_at, waiting.expires_at) == ("queued", False, None, None)
    assert len(rings) == 1
    assert waiting.next_check_at is not None
    assert AuditEntry.objects.filter(verb="run", by_id=alice.user_id, change=waiting).count() == 1


def test_who_runs_it(shared: object, alice: Actor, bob: Actor, ada: Actor, audrey: Actor) -> None:
    """alice's environment; carol asked; whoever may decide may run it as well."""
    carol = person("carol", "engineers")
    change = asked_for(carol, "prod")
    change.environment.owner_id = alice.user_id
    change.environment.save()
    refusal = run_refused(bob, held(change))
    assert (refusal.code, refusal.forbidden) == ("not-yours", True)
    assert run_refused(audrey, change).code == "not-allowed"
    for somebody in (carol, alice, ada):
        assert not do_run(somebody, held(change)).held


@pytest.mark.parametrize("status", list(ChangeStatus))
def test_only_what_waits_is_run(waiting: Change, alice: Actor, status: ChangeStatus) -> None:
    at(waiting, status)
    refusal = run_refused(alice, waiting)
    assert refusal.sentence == f"This change is {status.label.lower()}; it does not wait to be run."


def test_what_nobody_ran_in_time_is_not_run(waiting: Change, alice: Actor, ada: Actor) -> None:
    at(waiting, ChangeStatus.QUEUED, held=True, expires_at=timezone.now())
    refusal = run_refused(alice, waiting)
    assert refusal.code == "too-old"
    assert refusal.sentence.endswith(" UTC: nobody ran it in time.")
    assert why_not_reject(ada, waiting) == refusal.sentence


def test_what_waits_to_run_can_still_be_rejected(waiting: Change, ada: Actor, grace: Actor) -> None:
    do_approve(ada, waiting, digest=DIGEST, run="later")
    waiting.refresh_from_db()
    assert why_not_decide(grace, waiting) == "ada has approved this already."
    assert why_not_reject(grace, waiting) == ""
    assert do_reject(grace, waiting, comment="Not this week.").status == ChangeStatus.REJECTED


def test_what_runs_is_not_rejected_any_more(waiting: Change, ada: Actor, grace: Actor) -> None:
    do_approve(ada, waiting, digest=DIGEST, run="later")
    do_run(grace, waiting)
    waiting.refresh_from_db()
    assert why_not_reject(grace, waiting) == "ada has approved this already."
    with pytest.raises(Refusal, match="ada has approved this already"):
        do_reject(grace, waiting, comment="No.")
