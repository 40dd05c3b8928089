"""Several workers at one scheduled value, on a database with real row locks: it opens one change, once."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone

from provisioning.engine.parameters.scheduling import due_schedules, follow, request_key
from provisioning.flags.sealing import digest
from provisioning.lifecycle import ParameterVerb, ScheduleStatus, WriteState
from provisioning.models import (
    Account,
    AuditEntry,
    Change,
    Environment,
    Parameter,
    ParameterSchedule,
    ParameterVersion,
)

from .together import at_once

WORKERS = 6


@pytest.fixture
def schedule(database_url: str) -> ParameterSchedule:
    """A flag that is to be false tomorrow: workers that run beside this test leave it alone until then."""
    name = uuid.uuid4().hex[:8]
    person = get_user_model().objects.create_user(f"racer-{name}")
    person.groups.add(Group.objects.get_or_create(name="engineers")[0])
    now = timezone.now()
    environment = Environment.objects.create(
        account=Account.objects.create(slug=f"races-{name}", region="us-east-1"),
        application="fileshare",
        name=f"dev-{name}",
        stage="dev",
        owner=person,
        status="ready",
        changed_at=now,
    )
    row = Parameter.objects.create(
        environment=environment,
        key="use_dynamodb",
        name=f"/fileshare/dev-{name}/use_dynamodb",
        type="String",
        value="true",
        digest=digest("true"),
        version=1,
    )
    ParameterVersion.objects.create(
        parameter=row, version=1, type="String", value="true", verb=ParameterVerb.FOUND, state=WriteState.DONE, at=now
    )
    return ParameterSchedule.objects.create(
        parameter=row,
        value="false",
        at=now + timedelta(days=1),
        status=ScheduleStatus.WAITING,
        expected_version=1,
        by=person,
        asked_at=now,
    )


def test_of_several_workers_one_opens_the_change(schedule: ParameterSchedule) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert schedule.pk in due_schedules(timezone.now())
        opened = at_once(*[lambda: follow(schedule.pk)] * WORKERS)

    schedule.refresh_from_db()
    (mine,) = [pk for pk in opened if pk is not None]
    change = Change.objects.get(request_key=request_key(schedule))
    assert (schedule.change, mine) == (change, change.pk)
    assert Change.objects.filter(environment=schedule.parameter.environment_id).count() == 1
    assert AuditEntry.objects.filter(change=change).count() == 1
