"""Scheduled values where somebody decides, and what is not scheduled at all."""

from typing import Any

import pytest
from django.utils import timezone

from provisioning.actions.deciding import do_reject
from provisioning.actions.refusals import Refusal
from provisioning.actions.rescheduling import do_cancel_schedule, do_resume_schedule, why_not_cancel
from provisioning.actions.scheduling import Times
from provisioning.aws import parameters as store
from provisioning.lifecycle import ChangeStatus, ScheduleStatus
from provisioning.models import Environment, ParameterSchedule

from .flags import aws, stored
from .schedules import HOUR, at, back_of, in_groups, looked, schedule, sweep
from .yard import FILESHARE, Yard


@pytest.fixture
def dev(yard: Yard) -> Environment:
    in_groups()
    return looked(yard, yard.ready(FILESHARE))


@pytest.fixture
def prod(yard: Yard) -> Environment:
    in_groups()
    return looked(yard, yard.ready(FILESHARE, "prod"))


class TestProd:
    """Where somebody decides: before, and once."""

    def test_the_way_back_was_part_of_the_plan(self, yard: Yard, prod: Environment) -> None:
        made = schedule(yard, prod, Times(back_minutes=30))
        assert made.change is not None
        yard.drive(made.change)
        made.change.refresh_from_db()
        assert made.change.status == ChangeStatus.AWAITING_APPROVAL
        assert made.change.plan is not None
        assert made.change.plan["parameters"]["back"] == {"at": None, "minutes": 30}
        assert made.change.plan["parameters"]["sentence"].endswith("goes back 30 minutes after it is stored")
        yard.pass_time(made.change, hours=2)  # it is counted from when it is stored, not from when it was asked for
        yard.approve(made.change)
        yard.drive(made.change)
        sweep(yard)
        (back,) = at(yard, minutes=30)
        assert back.status == ChangeStatus.SUCCEEDED
        assert back.decisions.count() == 0
        assert back.goal["within"] == str(made.change.pk)
        assert stored(yard, prod) == ("true", 3)

    def test_the_time_of_the_way_back_is_sealed(self, yard: Yard, prod: Environment) -> None:
        made = schedule(yard, prod, Times(back_minutes=30))
        assert made.change is not None
        yard.drive(made.change)
        yard.approve(made.change)
        back = back_of(made)
        ParameterSchedule.objects.filter(pk=back.pk).update(minutes=600)
        yard.drive(made.change)
        sweep(yard)
        (change,) = at(yard, minutes=600)
        assert "within" not in change.goal

    def test_a_value_at_a_time_is_decided_about_before(self, yard: Yard, prod: Environment) -> None:
        made = schedule(yard, prod, Times(at=timezone.now() + HOUR))
        assert made.change is not None
        yard.drive(made.change)
        yard.approve(made.change)
        yard.drive(made.change)
        assert stored(yard, prod) == ("true", 1)
        yard.pass_time(made.change, hours=1)
        assert stored(yard, prod) == ("false", 2)
        sweep(yard)
        made.refresh_from_db()
        assert made.status == ScheduleStatus.DONE

    def test_rejected_nothing_is_left_waiting(self, yard: Yard, prod: Environment) -> None:
        made = schedule(yard, prod, Times(back_minutes=30))
        assert made.change is not None
        yard.drive(made.change)
        do_reject(yard.ada, made.change, comment="Not today")
        sweep(yard)
        made.refresh_from_db()
        assert (made.status, back_of(made).status) == (ScheduleStatus.CANCELLED, ScheduleStatus.CANCELLED)
        assert made.problem == "Its change was rejected."

    def test_the_way_back_is_not_taken_off_by_whoever_asked(self, yard: Yard, prod: Environment) -> None:
        made = schedule(yard, prod, Times(back_minutes=30))
        assert made.change is not None
        yard.drive(made.change)
        yard.approve(made.change)
        yard.drive(made.change)
        back = back_of(made)
        for _ in range(2):
            for one in (back, made):
                with pytest.raises(Refusal):
                    do_cancel_schedule(yard.alice, one)
            sweep(yard)
        back.refresh_from_db()
        assert "part of what was approved" in why_not_cancel(yard.bob, back)
        assert do_cancel_schedule(yard.ada, back).status == ScheduleStatus.CANCELLED
        assert at(yard, hours=1) == []
        assert stored(yard, prod) == ("false", 2)

    def test_resumed_on_another_value_it_is_decided_about_again(self, yard: Yard, prod: Environment) -> None:
        made = schedule(yard, prod, Times(back_minutes=30))
        assert made.change is not None
        yard.drive(made.change)
        yard.approve(made.change)
        yard.drive(made.change)
        store.put_parameter(aws(yard), "/fileshare/prod/use_dynamodb", "maybe")
        looked(yard, prod)
        sweep(yard)
        back = back_of(made)
        assert back.status == ScheduleStatus.SUSPENDED
        back = do_resume_schedule(yard.alice, back, expected=3)
        assert back.change is not None
        yard.drive(back.change)
        back.change.refresh_from_db()
        assert back.change.status == ChangeStatus.AWAITING_APPROVAL

    def test_cancelling_takes_its_change_back(self, yard: Yard, prod: Environment) -> None:
        made = schedule(yard, prod, Times(at=timezone.now() + HOUR, back_minutes=5))
        assert made.change is not None
        yard.drive(made.change)
        do_cancel_schedule(yard.alice, made)
        made.change.refresh_from_db()
        assert made.change.status == ChangeStatus.CANCELLED
        assert back_of(made).status == ScheduleStatus.CANCELLED


class TestRefused:
    """What is not scheduled at all."""

    @pytest.fixture(autouse=True)
    def _there(self, dev: Environment) -> None:
        pass

    @pytest.mark.parametrize(
        ("times", "field"),
        [
            (lambda now: Times(), "at"),
            (lambda now: Times(at=now - HOUR), "at"),
            (lambda now: Times(at=now + 31 * 24 * HOUR), "at"),
            (lambda now: Times(back_at=now - HOUR), "back_at"),
            (lambda now: Times(at=now + 2 * HOUR, back_at=now + HOUR), "back_at"),
            (lambda now: Times(back_at=now + HOUR, back_minutes=5), "back_at"),
            (lambda now: Times(back_minutes=0), "back_minutes"),
        ],
    )
    def test_times(self, yard: Yard, dev: Environment, times: Any, field: str) -> None:
        with pytest.raises(Refusal) as refusal:
            schedule(yard, dev, times(timezone.now()))
        assert list(refusal.value.fields) == [field]
        assert not ParameterSchedule.objects.exists()

    def test_one_at_a_time(self, yard: Yard, dev: Environment) -> None:
        schedule(yard, dev, Times(at=timezone.now() + HOUR))
        for times in (Times(at=timezone.now() + 2 * HOUR), Times(back_minutes=5)):
            with pytest.raises(Refusal, match="alice has scheduled use_dynamodb already"):
                schedule(yard, dev, times, by=yard.bob)
        assert ParameterSchedule.objects.count() == 1

    def test_values_that_could_not_be_set(self, yard: Yard, dev: Environment) -> None:
        for value in ("True", "true"):
            with pytest.raises(Refusal):
                schedule(yard, dev, Times(at=timezone.now() + HOUR), value=value)

    def test_auditors(self, yard: Yard, dev: Environment) -> None:
        auditor = type(yard.alice)(yard.alice.user_id, "otto", frozenset({"auditors"}))
        with pytest.raises(Refusal, match="may read everything"):
            schedule(yard, dev, Times(at=timezone.now() + HOUR), by=auditor)
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        with pytest.raises(Refusal, match="may read everything"):
            do_cancel_schedule(auditor, made)
