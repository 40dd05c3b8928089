"""Values of parameters at a time, for a while, or both: made, listed, taken up again, cancelled, by the verbs of the
page."""

import uuid
from typing import cast

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body, Path, Query, Router, Schema

from portal.access import access_environment, actor_of
from portal.accounts.models import Scope
from portal.api.operations import MATCH, operation
from portal.api.paging import number, page_of_rows
from portal.api.parameters import looked_at
from portal.api.schedule_shapes import (
    AllSchedulesWanted,
    NewSchedule,
    Resumption,
    ScheduleList,
    ScheduleShape,
    SchedulesWanted,
    schedule_shape,
)
from portal.api.sending import Made, once
from portal.api.text import Name
from portal.parameters.place import Place, place_of
from portal.schedules.reading import access_schedule, schedules
from provisioning.actions.refusals import Refusal
from provisioning.actions.rescheduling import LIVE, do_cancel_schedule, do_resume_schedule
from provisioning.actions.scheduling import Times, do_schedule
from provisioning.actions.setting import AskToSet, Setting
from provisioning.lifecycle import ScheduleStatus
from provisioning.models import ParameterSchedule

router = Router(tags=["Parameters"])
_ALL = "/environments/{app}/{name}/schedules"
_ONE = f"{_ALL}/{{int:schedule}}"


class Which(Schema):
    """Which schedule of which environment."""

    app: Name
    name: Name
    schedule: int


@operation(
    router, "GET", "/schedules", scope=Scope.READ, page="flags", answers=ScheduleList,
    summary="List scheduled values of all environments",
)  # fmt: skip
def list_all_schedules(request: HttpRequest, wanted: Query[AllSchedulesWanted]) -> ScheduleList:
    """Of all applications, or of one."""
    found = schedules()
    if wanted.application:
        found = found.filter(parameter__environment__application=wanted.application)
    if wanted.environment:
        found = found.filter(parameter__environment__name=wanted.environment)
    return _page(request, found, wanted)


@operation(
    router, "GET", _ALL, scope=Scope.READ, page="environment_flags", answers=ScheduleList,
    summary="List scheduled values",
)  # fmt: skip
def list_schedules(
    request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[SchedulesWanted]
) -> ScheduleList:
    """Those that are over, too, unless `status` says otherwise."""
    environment = access_environment(request, app, name)
    return _page(request, schedules().filter(parameter__environment=environment), wanted)


@operation(
    router, "GET", _ONE, scope=Scope.READ, page="parameter", answers=ScheduleShape, summary="Show a scheduled value",
)  # fmt: skip
def show_schedule(request: HttpRequest, which: Path[Which]) -> ScheduleShape:
    """What is set when, by whom, and why it is suspended."""
    return schedule_shape(_access(request, which), actor_of(request))


@operation(
    router, "POST", _ALL, scope=Scope.CHANGE, page="parameter_schedule", answers=ScheduleShape, status=202,
    summary="Schedule a value", on=(MATCH,),
)  # fmt: skip
def make_schedule(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[NewSchedule]
) -> ScheduleShape:
    """Takes If-Match with the version that was looked at. Where it is now, or somebody decides, `change` is opened at
    once, and the way back is part of what is decided. One schedule of a parameter waits at a time."""
    place = place_of(request, app, name, sent.key)

    def schedule(key: uuid.UUID | None) -> ParameterSchedule:
        setting = Setting(sent.key, sent.value, _looked_at(request, place), type=place.type)
        times = Times(sent.at, sent.back_at, sent.back_minutes)
        ask = AskToSet(reason=sent.reason.strip(), key=key, redeploy=sent.redeploy, confirmed=sent.confirmed)
        return do_schedule(place.actor, place.environment, setting, times, ask)

    found = _came_of(request, once(request, response, sent, schedule))
    response["Location"] = reverse("v1_show_schedule", args=(app, name, found.id))
    return found


@operation(
    router, "POST", f"{_ONE}/resume", scope=Scope.CHANGE, page="parameter_schedule_resume", answers=ScheduleShape,
    summary="Take a suspended schedule up again", on=(MATCH,),
)  # fmt: skip
def resume_schedule(
    request: HttpRequest, response: HttpResponse, which: Path[Which], sent: Body[Resumption]
) -> ScheduleShape:
    """On the value as it is now: takes If-Match with the version that was looked at. It is done in your name from now
    on; where somebody decides, `change` asks them. Sent again, it is taken up once."""
    row = _access(request, which)
    place = place_of(request, which.app, which.name, row.parameter.key)

    def resume(_: uuid.UUID | None) -> ParameterSchedule:
        expected = _looked_at(request, place)
        try:
            return do_resume_schedule(place.actor, row, expected=expected or 0, at=sent.at)
        except Refusal as refusal:
            if refusal.forbidden or not _is_resumed(row, place, expected):
                raise _about_at(refusal) from refusal
        response["Idempotent-Replayed"] = "true"
        return row

    return _came_of(request, once(request, response, sent, resume))


@operation(
    router, "POST", f"{_ONE}/cancel", scope=Scope.CHANGE, page="parameter_schedule_cancel", answers=ScheduleShape,
    summary="Cancel a scheduled value",
)  # fmt: skip
def cancel_schedule(request: HttpRequest, response: HttpResponse, which: Path[Which]) -> ScheduleShape:
    """With the change that it has opened and that does not run yet, and with its way back unless the value is stored
    already. Sent again, it is cancelled once."""
    row = _access(request, which)

    def cancel(_: uuid.UUID | None) -> ParameterSchedule:
        try:
            return do_cancel_schedule(actor_of(request), row)
        except Refusal as refusal:
            if refusal.forbidden or row.status != ScheduleStatus.CANCELLED:
                raise
        response["Idempotent-Replayed"] = "true"
        return row

    return _came_of(request, once(request, response, None, cancel))


def _page(request: HttpRequest, found: QuerySet[ParameterSchedule], wanted: SchedulesWanted) -> ScheduleList:
    if wanted.key:
        found = found.filter(parameter__key=wanted.key)
    if wanted.status:
        found = found.filter(status__in=LIVE if wanted.status == "live" else [wanted.status])
    rows, after = page_of_rows(found.select_related("back"), ("-id",), wanted, (number,))
    actor = actor_of(request)
    return ScheduleList(items=[schedule_shape(row, actor) for row in rows], next=after)


def _access(request: HttpRequest, which: Which) -> ParameterSchedule:
    return access_schedule(request, which.app, which.name, which.schedule)


def _came_of(request: HttpRequest, made: Made | None) -> ScheduleShape:
    """The schedule as it is now, whatever the verb had at hand."""
    row = schedules().select_related("back").get(pk=cast("ParameterSchedule", made).pk)
    return schedule_shape(row, actor_of(request))


def _looked_at(request: HttpRequest, place: Place) -> int | None:
    if place.there is None:
        raise Http404(f"{place.environment} has no parameter {place.key} now.")
    return looked_at(request, place.key, place.there)


def _is_resumed(row: ParameterSchedule, place: Place, expected: int | None) -> bool:
    """Whether this person has taken it up on that version before."""
    now = schedules().get(pk=row.pk)
    mine = now.status == ScheduleStatus.WAITING and now.resumed_at is not None and now.by_id == place.actor.user_id
    return mine and now.expected_version == expected


def _about_at(refusal: Refusal) -> Refusal:
    """The refusal under the name that the time has here."""
    fields = {"at" if name == "start_at" else name: said for name, said in refusal.fields.items()}
    forbidden, change = refusal.forbidden, refusal.change_id
    return Refusal(refusal.sentence, refusal.code, fields=fields, forbidden=forbidden, change_id=change)
