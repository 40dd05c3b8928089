"""Scheduled values: set at their time in the name of who scheduled them, back at theirs, and never over what moved."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from provisioning.actions.refusals import Refusal
from provisioning.actions.rescheduling import do_cancel_schedule, do_resume_schedule
from provisioning.actions.scheduling import Times
from provisioning.actions.setting import AskToSet, Setting, do_set_parameters
from provisioning.aws import parameters as store
from provisioning.engine.parameters.scheduling import due_schedules, follow, request_key
from provisioning.lifecycle import ChangeStatus, ParameterVerb, ScheduleStatus
from provisioning.models import AuditEntry, Change, Environment, ParameterSchedule, ParameterVersion

from .flags import KEY, aws, row, stored
from .schedules import HOUR, again, at, back_of, in_groups, looked, schedule, sweep
from .yard import FILESHARE, Yard


@pytest.fixture
def dev(yard: Yard) -> Environment:
    in_groups()
    return looked(yard, yard.ready(FILESHARE))


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
