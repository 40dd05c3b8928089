"""Scheduled values as they are told, and how one is made. A secret's value is never told."""

import uuid
from datetime import datetime
from typing import Literal

from django.urls import reverse
from ninja import Schema
from pydantic import Field

from portal.api.paging import Paged
from portal.api.text import Line, Moment, Sent, Value
from portal.flags.showing import HIDDEN
from portal.schedules.reading import look_of
from provisioning.actions.actor import Actor
from provisioning.actions.rescheduling import LIVE, why_not_cancel
from provisioning.actions.scheduling import LONGEST_MINUTES
from provisioning.lifecycle import ScheduleStatus
from provisioning.models import ParameterSchedule


class SchedulesWanted(Paged):
    """Which schedules. `live` are those that wait or are suspended."""

    status: ScheduleStatus | Literal["", "live"] = ""
    key: Line = Field("", description="Of this parameter.")


class AllSchedulesWanted(SchedulesWanted):
    """Which schedules, of which environments."""

    application: Line = ""
    environment: Line = Field("", description="Its name.")


class ScheduleShape(Schema):
    """A value at a time. `at` is a guess while `minutes` is not null: so long after the value before it is stored.
    `back_of` is the schedule whose way back this is; `back` the way back of this one, at `back_at`, which is a guess
    while `back_minutes` is not null. `expected_version` is what it is set upon; null for a way back whose value is not
    stored yet. `change` is what it has opened. `why_not_cancel` says why you cannot cancel it, empty when you can;
    `resumes`: it is suspended, for `problem`, and can be taken up again."""

    id: int
    environment: str
    key: str
    value: str | None
    status: ScheduleStatus
    at: datetime
    minutes: int | None
    back_of: int | None
    back: int | None
    back_at: datetime | None
    back_minutes: int | None
    redeploy: bool
    expected_version: str | None
    by: str
    asked_at: datetime
    reason: str
    problem: str
    change: uuid.UUID | None
    why_not_cancel: str
    resumes: bool
    url: str


class ScheduleList(Schema):
    """A page of schedules, those that were made last first."""

    items: list[ScheduleShape]
    next: str | None


class NewSchedule(Sent):
    """A value and its times: set at `at`, or now where that is null; back at `back_at`, or so many minutes after it was
    stored. The rest is as in setting a value."""

    key: Line = Field(min_length=1)
    value: Value = Field(min_length=1)
    at: Moment | None = None
    back_at: Moment | None = None
    back_minutes: int | None = Field(None, ge=1, le=LONGEST_MINUTES)
    reason: Line = ""
    redeploy: bool | None = None
    confirmed: bool = False


class Resumption(Sent):
    """Its new time; null: its own, or now where that has passed."""

    at: Moment | None = None


def schedule_shape(row: ParameterSchedule, actor: Actor) -> ScheduleShape:
    """A schedule as `actor` is told it. Needs its parameter, environment, owner and people at hand."""
    parameter, environment = row.parameter, row.parameter.environment
    back: ParameterSchedule | None = getattr(row, "back", None)
    version = f"v{row.expected_generation}.{row.expected_version}" if row.expected_version is not None else None
    return ScheduleShape(
        id=row.pk,
        environment=str(environment),
        key=parameter.key,
        value=None if look_of(row) is HIDDEN else row.value,
        status=ScheduleStatus(row.status),
        at=row.at,
        minutes=_counted(row),
        back_of=row.back_of_id,
        back=back.pk if back else None,
        back_at=back.at if back else None,
        back_minutes=_counted(back) if back else None,
        redeploy=row.redeploy,
        expected_version=version,
        by=row.by.get_username(),
        asked_at=row.asked_at,
        reason=row.reason,
        problem=row.problem,
        change=row.change_id,
        why_not_cancel=why_not_cancel(actor, row),
        resumes=row.status == ScheduleStatus.SUSPENDED,
        url=reverse("parameter", args=(environment.application, environment.name, parameter.key)),
    )


def _counted(row: ParameterSchedule) -> int | None:
    """So many minutes after the value before it is stored, as long as that is not known."""
    return row.minutes if row.status in LIVE and row.expected_version is None else None
