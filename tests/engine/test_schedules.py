"""Scheduled values: set at their time in the name of who scheduled them, back at theirs, and never over what moved."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from provisioning.actions.deciding import do_reject
from provisioning.actions.refusals import Refusal
from provisioning.actions.rescheduling import do_cancel_schedule, do_resume_schedule, why_not_cancel
from provisioning.actions.scheduling import Times, do_schedule
from provisioning.actions.setting import AskToSet, Setting, do_set_parameters
from provisioning.aws import parameters as store
from provisioning.engine.parameters.reading import read, want_now
from provisioning.engine.parameters.scheduling import due_schedules, follow, request_key
from provisioning.lifecycle import ChangeStatus, ParameterVerb, ScheduleStatus
from provisioning.models import AuditEntry, Change, Environment, ParameterSchedule, ParameterVersion

from .flags import KEY, aws, row, stored
from .yard import FILESHARE, Yard

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def groups(yard: Yard) -> None:
    """The people are in their groups, as signing in would have put them."""
    for name, group in (("alice", "engineers"), ("bob", "engineers"), ("ada", "admins")):
        get_user_model().objects.get(username=name).groups.add(Group.objects.get_or_create(name=group)[0])


@pytest.fixture
def dev(yard: Yard) -> Environment:
    return looked(yard, yard.ready(FILESHARE))


@pytest.fixture
def prod(yard: Yard) -> Environment:
    return looked(yard, yard.ready(FILESHARE, "prod"))


def looked(yard: Yard, environment: Environment) -> Environment:
    path_id = want_now(environment)
    assert path_id is not None
    read(path_id, yard.fake.aws_for)
    yard.clock.shift(timedelta(minutes=2))
    return environment


def schedule(yard: Yard, environment: Environment, times: Times, **more: Any) -> ParameterSchedule:
    """Schedule the flag to be false, on the version that is known now."""
    by, value = more.pop("by", yard.alice), more.pop("value", "false")
    more = {"key": uuid.uuid4(), "redeploy": False, "reason": "A trial", **more}
    return do_schedule(by, environment, Setting(KEY, value, row(environment).version), times, AskToSet(**more))


def sweep(yard: Yard) -> list[Change]:
    """What a sweep does about schedules, and what the changes that it opened do then."""
    opened = [follow(pk) for pk in due_schedules(timezone.now())]
    changes = [Change.objects.get(pk=pk) for pk in opened if pk is not None]
    for change in changes:
        yard.drive(change)
    for pk in due_schedules(timezone.now()):
        assert follow(pk) is None
    return changes


def at(yard: Yard, **later: float) -> list[Change]:
    yard.clock.shift(timedelta(**later))
    return sweep(yard)


def again(row: ParameterSchedule) -> ParameterSchedule:
    """The schedule as it is now."""
    return ParameterSchedule.objects.get(pk=row.pk)


def back_of(first: ParameterSchedule) -> ParameterSchedule:
    return ParameterSchedule.objects.get(back_of=first)


class TestDev:
    """Where nobody decides."""

    def test_a_value_at_a_time(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        assert made.change is None
        assert at(yard, minutes=59) == []
        assert stored(yard, dev) == ("true", 1)
        (change,) = at(yard, minutes=1)
        assert (change.status, change.requested_by_id) == (ChangeStatus.SUCCEEDED, yard.alice.user_id)
        assert stored(yard, dev) == ("false", 2)
        done = again(made)
        assert (done.status, done.change) == (ScheduleStatus.DONE, change)
        entry = AuditEntry.objects.get(change=change, verb="request_set_parameters")
        assert entry.by_id == yard.alice.user_id
        assert "as scheduled on 2026-05-04" in entry.summary
        assert entry.detail["schedule"] == made.pk
        assert AuditEntry.objects.filter(verb="schedule_parameters", by=yard.alice.user_id).count() == 1

    def test_on_for_half_an_hour(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(back_minutes=30))
        assert made.change is not None
        yard.drive(made.change)
        assert stored(yard, dev) == ("false", 2)
        back = back_of(made)
        assert back.expected_version is None
        sweep(yard)
        put = ParameterVersion.objects.get(change=made.change)
        assert (again(back).expected_version, again(back).at) == (2, put.at + timedelta(minutes=30))
        assert at(yard, minutes=29) == []
        (change,) = at(yard, minutes=1)
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert stored(yard, dev) == ("true", 3)
        put = ParameterVersion.objects.get(change=change)
        assert put.verb == ParameterVerb.RESTORE
        assert put.restores is not None
        assert put.restores.version == 1
        assert set(ParameterSchedule.objects.values_list("status", flat=True)) == {ScheduleStatus.DONE}

    def test_at_a_time_and_back_at_another(self, yard: Yard, dev: Environment) -> None:
        schedule(yard, dev, Times(at=timezone.now() + HOUR, back_at=timezone.now() + 2 * HOUR))
        (forward,) = at(yard, minutes=60)
        assert forward.plan is not None
        assert "goes back at 2026-05-04 11:" in forward.plan["parameters"]["sentence"]
        (back,) = at(yard, minutes=60)
        assert (back.status, stored(yard, dev)) == (ChangeStatus.SUCCEEDED, ("true", 3))

    def test_a_second_click_finds_the_first_ones(self, yard: Yard, dev: Environment) -> None:
        later, key = Times(at=timezone.now() + HOUR), uuid.uuid4()
        assert schedule(yard, dev, later, key=key) == schedule(yard, dev, later, key=key)
        ParameterSchedule.objects.all().delete()
        assert schedule(yard, dev, Times(back_minutes=5), key=key) == schedule(
            yard, dev, Times(back_minutes=5), key=key
        )

    def test_a_redeploy_follows_as_it_was_asked_for(self, yard: Yard, dev: Environment) -> None:
        schedule(yard, dev, Times(at=timezone.now() + HOUR), redeploy=None)
        yard.clock.shift(HOUR)
        (pk,) = [follow(one) for one in due_schedules(timezone.now())]
        assert pk is not None
        assert Change.objects.get(pk=pk).goal["redeploy"] is True


class TestMoved:
    """Suspended, with the reason and both values."""

    def test_a_value_that_moved_meanwhile(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "maybe")
        looked(yard, dev)
        assert sweep(yard) == []
        made.refresh_from_db()
        assert made.status == ScheduleStatus.SUSPENDED
        assert made.problem == "It was set meanwhile: “maybe” (v2). This was planned on “true” (v1)."
        assert AuditEntry.objects.filter(verb="schedule_suspended", detail__schedule=made.pk).exists()
        assert at(yard, hours=2) == []
        assert stored(yard, dev) == ("maybe", 2)

    def test_one_that_nobody_had_read_yet(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "maybe")
        (change,) = at(yard, hours=1)
        assert change.status == ChangeStatus.FAILED
        made.refresh_from_db()
        assert made.status == ScheduleStatus.SUSPENDED
        assert "“maybe” now (v2); you looked at v1. You asked for “false”." in made.problem
        assert stored(yard, dev) == ("maybe", 2)

    def test_a_name_that_was_deleted_and_made_again(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        type(row(dev)).objects.filter(pk=made.parameter_id).update(generation=2)
        sweep(yard)
        made.refresh_from_db()
        assert made.status == ScheduleStatus.SUSPENDED

    def test_a_way_back_over_somebody_elses_value(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(back_minutes=30))
        assert made.change is not None
        yard.drive(made.change)
        sweep(yard)
        yard.clock.shift(timedelta(minutes=2))
        setting = Setting(KEY, "true", 2)
        yard.drive(do_set_parameters(yard.bob, dev, [setting], AskToSet(key=uuid.uuid4(), redeploy=False)))
        at(yard, minutes=40)
        back = back_of(made)
        assert back.status == ScheduleStatus.SUSPENDED
        assert "“true” (v3). This was planned on “false” (v2)." in back.problem

    def test_resumed_on_the_new_value(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR, back_minutes=10))
        store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "maybe")
        store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "true")
        looked(yard, dev)
        sweep(yard)
        with pytest.raises(Refusal, match="you looked at v1"):
            do_resume_schedule(yard.bob, made, expected=1)
        do_resume_schedule(yard.bob, made, expected=3)
        (change,) = at(yard, hours=1)
        assert (change.requested_by_id, change.status) == (yard.bob.user_id, ChangeStatus.SUCCEEDED)
        (back,) = at(yard, minutes=10)
        assert back.status == ChangeStatus.SUCCEEDED
        assert stored(yard, dev) == ("true", 5), "back to what it was when it was resumed"

    def test_no_way_back_to_what_the_blueprint_does_not_allow(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR, back_minutes=10))
        store.put_parameter(aws(yard), "/fileshare/dev/use_dynamodb", "maybe")
        looked(yard, dev)
        sweep(yard)
        with pytest.raises(Refusal, match="cannot go back to “maybe”"):
            do_resume_schedule(yard.bob, made, expected=2)
        do_cancel_schedule(yard.bob, made)
        with pytest.raises(Refusal, match="cannot go back to “maybe”"):
            schedule(yard, dev, Times(back_minutes=10))

    def test_a_failed_change_that_is_retried_ends_it_well(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(back_minutes=10))
        assert made.change is not None
        Change.objects.filter(pk=made.change.pk).update(status="failed", finished_at=timezone.now())
        sweep(yard)
        made.refresh_from_db()
        assert (made.status, back_of(made).status) == (ScheduleStatus.SUSPENDED, ScheduleStatus.SUSPENDED)
        Change.objects.filter(pk=made.change.pk).update(status="planning", finished_at=None)
        yard.drive(made.change)
        sweep(yard)
        made.refresh_from_db()
        assert (made.status, back_of(made).status) == (ScheduleStatus.DONE, ScheduleStatus.WAITING)


class TestOnce:
    """However often workers come, die, or come together."""

    def test_followed_twice_it_opens_once(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        yard.clock.shift(HOUR)
        assert [follow(made.pk) is None, follow(made.pk) is None] == [False, True]
        assert Change.objects.filter(goal__schedule=made.pk).count() == 1

    def test_its_change_has_a_key_of_its_own(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        yard.clock.shift(HOUR)
        follow(made.pk)
        assert Change.objects.filter(request_key=request_key(made)).count() == 1

    def test_it_waits_for_the_end_of_an_open_change(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(back_minutes=5))
        assert made.change is not None
        yard.drive(made.change)
        sweep(yard)
        yard.clock.shift(timedelta(minutes=6))
        setting = Setting(KEY, "true", 2)
        other = do_set_parameters(yard.bob, dev, [setting], AskToSet(key=uuid.uuid4(), redeploy=False))
        assert sweep(yard) == []
        assert "bob has a change of it open" in back_of(made).problem
        assert other.status == ChangeStatus.PLANNING

    def test_a_clock_that_jumps_far_ahead(self, yard: Yard, dev: Environment) -> None:
        schedule(yard, dev, Times(at=timezone.now() + HOUR, back_at=timezone.now() + 2 * HOUR))
        assert len(at(yard, days=20)) == 1
        assert len(sweep(yard)) == 1
        assert stored(yard, dev) == ("true", 3)

    def test_whoever_left_sets_nothing_forward_but_what_they_set_goes_back(self, yard: Yard, dev: Environment) -> None:
        made = schedule(yard, dev, Times(at=timezone.now() + HOUR))
        alice = get_user_model().objects.get(username="alice")
        alice.groups.clear()
        assert at(yard, hours=1) == []
        made.refresh_from_db()
        assert made.problem == "alice may not set parameters any more."
        alice.groups.add(Group.objects.get(name="engineers"))
        do_cancel_schedule(yard.alice, made)
        forward = schedule(yard, dev, Times(back_minutes=5))
        assert forward.change is not None
        yard.drive(forward.change)
        sweep(yard)
        alice.groups.clear()
        (change,) = at(yard, minutes=5)
        assert change.status == ChangeStatus.SUCCEEDED


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
