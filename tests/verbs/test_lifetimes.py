"""How long a new environment lasts, and giving one more time: who may, how long at most, and once."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.lifetimes import do_extend
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment, Stack

from .rows import VALUES, at, everything

DAY = timedelta(days=1)


def asked(actor: Actor, name: str = "dev", **goal: object) -> Change:
    return do_request_create(actor, "hello-erlang", name, Ask(ChangeKind.CREATE, VALUES, goal=goal))


def end_of(environment: Environment) -> datetime:
    environment.refresh_from_db()
    assert environment.expires_at is not None
    return environment.expires_at


def refusal(actor: Actor, environment: Environment, days: int, seen: datetime | None = None) -> Refusal:
    """Why extending is refused, having written nothing."""
    seen = seen or end_of(environment)
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_extend(actor, environment, days, seen)
    assert everything() == before
    return caught.value


class TestNew:
    """The lifetime of a new environment."""

    def test_less_may_be_chosen(self, account: Account, alice: Actor) -> None:
        with time_machine.travel(datetime(2026, 5, 4, 9, tzinfo=UTC), tick=False):
            assert end_of(asked(alice, lifetime_days=3).environment) == timezone.now() + 3 * DAY

    @pytest.mark.parametrize("days", [0, -1, 15])
    def test_more_than_the_stage_gives_is_for_admins(self, account: Account, alice: Actor, days: int) -> None:
        with pytest.raises(Refusal) as caught:
            asked(alice, lifetime_days=days)
        assert caught.value.fields == {"lifetime_days": "Choose 1 to 14 days. An admin can give it more."}
        assert not Environment.objects.exists()

    def test_an_admin_gives_more_but_not_for_ever(self, account: Account, ada: Actor) -> None:
        assert end_of(asked(ada, "dev", lifetime_days=90).environment) > timezone.now() + 89 * DAY
        with pytest.raises(Refusal):
            asked(ada, "dev-ada", lifetime_days=366)

    def test_stages_that_stay_take_none(self, account: Account, ada: Actor) -> None:
        with pytest.raises(Refusal) as caught:
            asked(ada, "prod", lifetime_days=5)
        assert caught.value.fields == {"lifetime_days": "Environments of this stage stay."}

    def test_tried_again_it_begins_anew(self, account: Account, alice: Actor) -> None:
        failed = at(asked(alice, lifetime_days=3), ChangeStatus.FAILED)
        Environment.objects.update(expires_at=timezone.now() - 10 * DAY)
        environment = do_retry(alice, failed).environment
        assert timezone.now() + 2 * DAY < end_of(environment) < timezone.now() + 4 * DAY

    def test_an_update_tried_again_moves_nothing(self, live: Environment, alice: Actor) -> None:
        ends = end_of(live)
        failed = at(do_request(alice, live, Ask(ChangeKind.UPDATE)), ChangeStatus.FAILED)
        do_retry(alice, failed)
        assert end_of(live) == ends

    def test_assumptions_that_cannot_be_used_are_named(self, account: Account, alice: Actor) -> None:
        with pytest.raises(Refusal) as caught:
            asked(alice, usage={"scenario": "expected", "figures": {"reads": "many"}})
        assert list(caught.value.fields) == ["usage-reads"]
        assert not Environment.objects.exists()


class TestExtending:
    """More time."""

    def test_days_are_added_to_the_end_and_written_down(self, live: Environment, alice: Actor) -> None:
        ends = end_of(live)
        until = do_extend(alice, live, 7, ends)
        assert until == end_of(live) == ends + 7 * DAY
        entry = AuditEntry.objects.get(verb="extend")
        assert (entry.by_id, entry.environment_id, entry.detail["days"]) == (alice.user_id, live.pk, 7)
        assert entry.summary.startswith("Extended hello-erlang/dev-alice by 7 days, until ")

    def test_a_second_click_extends_nothing(self, live: Environment, alice: Actor) -> None:
        seen = end_of(live)
        do_extend(alice, live, 7, seen)
        assert refusal(alice, live, 7, seen).code == "moved"
        assert AuditEntry.objects.filter(verb="extend").count() == 1

    def test_the_longest_is_counted_from_when_it_was_created(self, live: Environment, alice: Actor) -> None:
        do_extend(alice, live, 42, end_of(live))  # 14 + 42 = 56 days
        refused = refusal(alice, live, 1)
        assert refused.code == "too-long"
        assert refused.sentence.startswith("Environments of dev last 56 days at most, this one until ")
        assert refused.sentence.endswith("An admin can extend it further.")

    def test_admins_go_further_and_not_for_ever(self, live: Environment, ada: Actor) -> None:
        do_extend(ada, live, 300, end_of(live))
        assert refusal(ada, live, 60).code == "too-long"

    @pytest.mark.parametrize("days", [0, -3])
    def test_a_day_is_the_least(self, live: Environment, alice: Actor, days: int) -> None:
        assert refusal(alice, live, days).sentence == "Choose at least 1 day."

    def test_others_and_auditors_may_not(self, live: Environment, bob: Actor, audrey: Actor) -> None:
        assert refusal(bob, live, 1).forbidden
        assert refusal(audrey, live, 1).forbidden

    def test_what_stays_has_no_end_to_move(self, live: Environment, alice: Actor) -> None:
        seen = end_of(live)
        Environment.objects.filter(pk=live.pk).update(expires_at=None)
        live.refresh_from_db()
        assert refusal(alice, live, 1, seen).code == "no-end"

    def test_without_compute_there_is_nothing_to_extend(self, live: Environment, alice: Actor) -> None:
        Stack.objects.filter(environment=live, kind=StackKind.COMPUTE).update(status="DELETE_COMPLETE")
        assert refusal(alice, live, 1).code == "no-compute"

    def test_without_its_blueprint_nobody_knows_how_long(self, live: Environment, alice: Actor) -> None:
        Environment.objects.filter(pk=live.pk).update(application="gone")
        assert refusal(alice, live, 1).code == "no-application"
