"""do_take_up: who may, with which words, and what is written down."""

import pytest
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting_aside import do_take_up, set_aside_changes, why_not_take_up
from provisioning.models import Account, AuditEntry, Change

from .rows import asked_for, everything

WHY = "Workers ended 5 times in a row at “Plan the data stack”."


@pytest.fixture
def aside(account: Account, alice: Actor) -> Change:
    """alice's request of dev-alice, which nobody works on any more."""
    change = asked_for(alice, "dev-alice")
    change.set_aside_at, change.set_aside_because = timezone.now(), WHY
    change.claims, change.next_check_at = 6, None
    change.save()
    return change


def test_an_admin_has_it_taken_up_again(aside: Change, ada: Actor) -> None:
    found = do_take_up(ada, aside, reason="The worker has more memory now")
    found.refresh_from_db()
    assert (found.set_aside_at, found.set_aside_because, found.claims) == (None, "", 0)
    assert found.next_check_at is not None
    entry = AuditEntry.objects.get(verb="take_up")
    assert (entry.by_id, entry.change, entry.reason) == (ada.user_id, aside, "The worker has more memory now")
    assert (entry.address, entry.detail) == (ada.address, {"was": WHY})


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_happens(aside: Change, ada: Actor, reason: str) -> None:
    before = everything()
    with pytest.raises(Refusal) as refused:
        do_take_up(ada, aside, reason=reason)
    assert (refused.value.code, list(refused.value.fields)) == ("no-reason", ["reason"])
    assert everything() == before


def test_nobody_else_may(aside: Change, alice: Actor, bob: Actor, audrey: Actor) -> None:
    before = everything()
    for actor in (alice, bob, audrey):
        with pytest.raises(Refusal) as refused:
            do_take_up(actor, aside, reason="Please")
        assert refused.value.forbidden
        assert why_not_take_up(actor, aside) == refused.value.sentence
    assert everything() == before


def test_what_is_not_set_aside_cannot_be_taken_up(account: Account, alice: Actor, ada: Actor) -> None:
    change = asked_for(alice, "dev-alice")
    with pytest.raises(Refusal) as refused:
        do_take_up(ada, change, reason="Please")
    assert refused.value.code == "not-set-aside"
    assert why_not_take_up(ada, change) == refused.value.sentence


def test_they_are_listed_the_one_that_waits_longest_first(aside: Change, alice: Actor, ada: Actor) -> None:
    newer = asked_for(alice, "dev-alice-two")
    Change.objects.filter(pk=newer.pk).update(set_aside_at=timezone.now(), set_aside_because=WHY)
    assert list(set_aside_changes()) == [aside, newer]
    assert why_not_take_up(ada, aside) == ""
