"""What tests of scheduled values share: people in their groups, schedules, the sweep that finds what is due."""

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from provisioning.actions.scheduling import Times, do_schedule
from provisioning.actions.setting import AskToSet, Setting
from provisioning.engine.parameters.reading import read, want_now
from provisioning.engine.parameters.scheduling import due_schedules, follow
from provisioning.models import Change, Environment, ParameterSchedule

from .flags import KEY, row
from .yard import Yard

HOUR = timedelta(hours=1)


def in_groups() -> None:
    """The people are in their groups, as signing in would have put them."""
    for name, group in (("alice", "engineers"), ("bob", "engineers"), ("ada", "admins")):
        get_user_model().objects.get(username=name).groups.add(Group.objects.get_or_create(name=group)[0])


def looked(yard: Yard, environment: Environment) -> Environment:
    """The environment, its parameters read, two minutes later."""
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
    """What a sweep does so much later."""
    yard.clock.shift(timedelta(**later))
    return sweep(yard)


def again(row: ParameterSchedule) -> ParameterSchedule:
    """The schedule as it is now."""
    return ParameterSchedule.objects.get(pk=row.pk)


def back_of(first: ParameterSchedule) -> ParameterSchedule:
    """Its way back, as it is now."""
    return ParameterSchedule.objects.get(back_of=first)
