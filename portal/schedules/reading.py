"""Schedules for people: what is set when, by whom, and why one is suspended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse

from portal.access import access_environment
from portal.flags.showing import Shown, shown
from provisioning.actions.actor import Actor
from provisioning.actions.rescheduling import LIVE, why_not_cancel
from provisioning.actions.setting import declared
from provisioning.blueprints.loader import library
from provisioning.flags.rules import SECURE
from provisioning.lifecycle import ScheduleStatus
from provisioning.models import Environment, Parameter, ParameterSchedule

ENDED = 3  # schedules that are over and still listed with their parameter
MOST = 50


@dataclass(frozen=True)
class Line:
    """One schedule. `back` says that it is a way back; `counted` that its time is still a guess: so many minutes after
    the value before it is stored. `why_not` says why this person cannot cancel it; empty when they can."""

    pk: int
    key: str
    environment: Environment
    look: Shown
    status: ScheduleStatus
    back: bool
    at: datetime
    counted: int | None
    who: AbstractUser
    reason: str
    problem: str
    why_not: str
    parameter_url: str
    change_url: str
    resume_url: str
    cancel_url: str


def schedules() -> QuerySet[ParameterSchedule]:
    """All schedules, with what is told of each at hand."""
    return ParameterSchedule.objects.select_related(
        "parameter__environment__account", "parameter__environment__owner", "by", "change", "back_of"
    )


def access_schedule(request: HttpRequest, application: str, name: str, number: int) -> ParameterSchedule:
    """A schedule of this environment. Raises Http404 for another one's."""
    environment = access_environment(request, application, name)
    found = schedules().filter(pk=number, parameter__environment=environment).first()
    if found is None:
        raise Http404(f"{environment} has no such schedule.")
    found.parameter.environment = environment
    return found


def lines_of_parameter(row: Parameter | None, actor: Actor) -> list[Line]:
    """The schedules of one parameter: those that are not over by their time, then the newest that are."""
    if row is None:
        return []
    rows = schedules().filter(parameter=row)
    over = rows.exclude(status__in=LIVE).order_by("-at", "-pk")[:ENDED]
    return [_line(one, actor) for one in (*rows.filter(status__in=LIVE).order_by("at", "pk")[:MOST], *over)]


def lines_of_environments(environments: Iterable[Environment], actor: Actor) -> list[Line]:
    """The schedules of some environments that are not over, by their time."""
    rows = schedules().filter(parameter__environment__in=list(environments), status__in=LIVE).order_by("at", "pk")
    return [_line(one, actor) for one in rows[:MOST]]


def look_of(row: ParameterSchedule) -> Shown:
    """The value that it sets; a secret's is never opened."""
    parameter = row.parameter
    blueprint = library().blueprints.get(parameter.environment.application)
    flag = declared(blueprint, parameter.key) if blueprint else None
    return shown(parameter.type, "" if parameter.type == SECURE else row.value, flag)


def _line(row: ParameterSchedule, actor: Actor) -> Line:
    environment = row.parameter.environment
    where = (environment.application, environment.name)
    live = row.status in LIVE
    resumes = row.status == ScheduleStatus.SUSPENDED and actor.may_change
    return Line(
        pk=row.pk,
        key=row.parameter.key,
        environment=environment,
        look=look_of(row),
        status=ScheduleStatus(row.status),
        back=row.back_of_id is not None,
        at=row.at,
        counted=row.minutes if row.expected_version is None and live else None,
        who=row.by,
        reason=row.reason,
        problem=row.problem,
        why_not=why_not_cancel(actor, row) if live else "",
        parameter_url=reverse("parameter", args=(*where, row.parameter.key)),
        change_url=reverse("change", args=[row.change_id]) if row.change_id else "",
        resume_url=reverse("parameter_schedule_resume", args=(*where, row.pk)) if resumes else "",
        cancel_url=reverse("parameter_schedule_cancel", args=(*where, row.pk)) if live else "",
    )
