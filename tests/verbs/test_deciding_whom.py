"""For whom a change waits: sent back, expired, moved; and the inbox, which keeps to the same rule."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portal.approvals.waiting import decidable_by
from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, do_reject, do_send_back, is_asked, why_not_decide
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Account, AuditEntry, Change, Decision, SealedPlan

from .conftest import person
from .rows import DIGEST, asked_for, at, awaiting, everything

HOUR = timedelta(hours=1)


def refused(actor: Actor, change: Change) -> Refusal:
    """Why the change is not approved; nothing at all may have been written, and the page says the same."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_approve(actor, change, digest=DIGEST)
    assert everything() == before
    assert why_not_decide(actor, Change.objects.get(pk=change.pk)) == caught.value.sentence
    return caught.value


def test_sent_back_it_is_the_requesters_turn(waiting: Change, ada: Actor, grace: Actor) -> None:
    do_send_back(ada, waiting, comment="Use the small machines.")
    waiting.refresh_from_db()
    assert (waiting.status, waiting.sent_back) == (ChangeStatus.AWAITING_APPROVAL, True)
    decision = waiting.decisions.get()
    assert (decision.reviewer, decision.verdict, decision.comment) == ("ada", "sent_back", "Use the small machines.")
    entry = AuditEntry.objects.get(verb="send_back")
    assert (entry.by_id, entry.reason, entry.detail) == (ada.user_id, "Use the small machines.", {"plan": DIGEST})
    refusal = refused(grace, waiting)
    assert (refusal.code, refusal.sentence) == ("sent-back", "ada sent this back: it is alice's turn.")
    with pytest.raises(Refusal, match="ada sent this back"):
        do_reject(grace, waiting, comment="No.")


def test_who_sent_it_back_may_decide_after_all(waiting: Change, ada: Actor) -> None:
    do_send_back(ada, waiting, comment="Why so big?")
    change = do_approve(ada, waiting, digest=DIGEST)
    assert (change.status, change.sent_back) == (ChangeStatus.QUEUED, False)


def test_it_stays_sent_back_while_it_is_for_anybody(waiting: Change, ada: Actor, grace: Actor) -> None:
    """Two who sent it back at once, before either's row was seen."""
    for by in (ada, grace):
        Decision.objects.create(
            change=waiting, plan_digest=DIGEST, by_id=by.user_id, verdict=Verdict.SENT_BACK, at=timezone.now()
        )
    Change.objects.update(sent_back=True)
    change = do_approve(ada, waiting, digest=DIGEST)
    assert (change.status, change.sent_back) == (ChangeStatus.AWAITING_APPROVAL, True)
    assert do_approve(grace, waiting, digest=DIGEST).status == ChangeStatus.QUEUED


@pytest.mark.parametrize("comment", ["", "  \n"])
def test_sending_back_needs_a_comment(waiting: Change, ada: Actor, comment: str) -> None:
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_send_back(ada, waiting, comment=comment)
    assert (caught.value.code, caught.value.fields) == ("no-reason", {"comment": "Say why."})
    assert everything() == before


def test_the_requester_and_others_do_not_send_back(waiting: Change, alice: Actor, bob: Actor) -> None:
    before = everything()
    for somebody in (alice, bob):
        with pytest.raises(Refusal) as caught:
            do_send_back(somebody, waiting, comment="Hm.")
        assert caught.value.code == "not-yours-to-decide"
    assert everything() == before


def test_what_is_over_is_not_decided(account: Account, alice: Actor, ada: Actor) -> None:
    """At its very moment, and before the engine has marked it."""
    with time_machine.travel("2026-03-02 14:05:00+00:00", tick=False) as clock:
        change = awaiting(asked_for(alice, "prod"))
        Change.objects.update(expires_at=timezone.now())
        assert refused(ada, change).sentence == "Expired 14:05 UTC: nobody decided in time."
        clock.shift(timedelta(days=1))
        refusal = refused(ada, change)
        assert (refusal.code, refusal.forbidden) == ("too-old", False)
        assert refusal.sentence == "Expired 2026-03-02 14:05 UTC: nobody decided in time."
        at(change, ChangeStatus.EXPIRED)
        assert refused(ada, change).sentence == refusal.sentence


def test_a_second_before_it_is_decided(waiting: Change, ada: Actor) -> None:
    Change.objects.update(expires_at=timezone.now() + timedelta(seconds=1))
    assert do_approve(ada, waiting, digest=DIGEST).status == ChangeStatus.QUEUED


def test_while_a_moved_plan_is_made_anew_nothing_is_decided(waiting: Change, ada: Actor) -> None:
    SealedPlan.objects.create(
        change=waiting, number=1, digest=DIGEST, content={}, sealed_at=timezone.now(), void_because="A table appeared."
    )
    at(waiting, ChangeStatus.PLANNING, plan_digest="")
    refusal = refused(ada, waiting)
    assert (refusal.code, refusal.forbidden) == ("plan-moved", False)
    assert refusal.sentence == "The plan moved: a new one is being made. Read that, then decide."


def test_a_plan_that_moved_asks_again_who_approved_the_old_one(waiting: Change, ada: Actor) -> None:
    do_approve(ada, waiting, digest=DIGEST)
    at(waiting, ChangeStatus.AWAITING_APPROVAL, plan_digest="f" * 64)
    assert is_asked(ada, waiting)
    assert do_approve(ada, waiting, digest="f" * 64).status == ChangeStatus.QUEUED


STATES: dict[str, dict[str, Any]] = {
    "plain": {},
    "in time": {"expires_at": HOUR},
    "over": {"expires_at": -HOUR},
    "sent back": {"sent_back": True},
    "held": {"status": ChangeStatus.QUEUED, "held": True},
    "planning": {"status": ChangeStatus.PLANNING},
    "deleting data": {"kind": ChangeKind.DELETE_DATA},
}
SAID: dict[str, list[tuple[Verdict, str]]] = {
    "nothing": [],
    "yes": [(Verdict.APPROVED, DIGEST)],
    "yes, to an older plan": [(Verdict.APPROVED, "e" * 64)],
    "yes, then back": [(Verdict.APPROVED, DIGEST), (Verdict.SENT_BACK, DIGEST)],
    "back, then yes": [(Verdict.SENT_BACK, DIGEST), (Verdict.APPROVED, DIGEST)],
}


@pytest.mark.parametrize("name", ["prod", "staging"])
@pytest.mark.parametrize("state", STATES)
def test_the_inbox_keeps_to_the_verbs_rule(
    account: Account, alice: Actor, ada: Actor, *, state: str, name: str
) -> None:
    """Whoever is asked finds it there, nobody else does, and whoever finds it there may decide."""
    change = awaiting(asked_for(alice, name))
    columns = dict(STATES[state])
    if "expires_at" in columns:
        columns["expires_at"] += timezone.now()
    Change.objects.update(**columns)
    change.refresh_from_db()
    people = [alice, ada, person("nobody"), person("both", "engineers", "admins")]
    found = set()
    for said, by in product(SAID, people):
        change.decisions.all().delete()
        for verdict, digest in SAID[said]:
            Decision.objects.create(
                change=change, plan_digest=digest, by_id=by.user_id, verdict=verdict, at=timezone.now()
            )
        for somebody in people:
            asked = is_asked(somebody, change)
            assert list(decidable_by(somebody)) == ([change] if asked else [])
            assert not (asked and why_not_decide(somebody, change))
            found.add(asked)
    expected = {False} if state in {"over", "sent back", "held", "planning"} or name == "staging" else {False, True}
    assert found == expected
