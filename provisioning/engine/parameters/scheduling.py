"""Scheduled values: opened as changes when their time has come, suspended when the value has moved meanwhile.

A schedule waits for its time, or for the change before it whose way back it is. Once due it opens a change of its own,
in the name of who made it, exactly once: what it does is one transaction that holds the environment's row, and the
change's request key is made of the schedule. Where somebody decides, a value at a time is a change from the start,
approved with its start time; a way back whose time was in an approved plan is part of what was approved. Nothing in
here asks AWS: the change reads the value before it puts one, as every change does.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from provisioning.blueprints.loader import library
from provisioning.engine.parameters.opening import Opening, in_the_way, open_setting
from provisioning.engine.parameters.putting import is_revert
from provisioning.flags.rules import SECURE, flag_problem
from provisioning.flags.sealing import UnreadableError, opened
from provisioning.lifecycle import ChangeStatus, ParameterVerb, ScheduleStatus, WriteState
from provisioning.models import AuditEntry, Change, Environment, Parameter, ParameterSchedule, ParameterVersion
from provisioning.planning.parameter_plans import Wish, short

CHANGERS = ("engineers", "admins")  # whose members may set parameters
_KEYS = uuid.UUID("2b1e8e3c-9a5d-4a86-9d0e-5a3f6a3c7b11")  # namespace of the request keys of schedules


def due_schedules(now: datetime) -> list[int]:
    """The schedules for which something is to be done: their time has come, their value has moved, or the change that
    they wait for has ended."""
    waits = Q(status=ScheduleStatus.WAITING, change__isnull=True)
    known = waits & Q(expected_version__isnull=False)
    moved = (
        ~Q(parameter__version=F("expected_version"))
        | ~Q(parameter__generation=F("expected_generation"))
        | Q(parameter__gone_at__isnull=False)
    )
    before = Q(back_of__change__finished_at__isnull=False) | Q(back_of__status=ScheduleStatus.CANCELLED)
    after_all = Q(change__status=ChangeStatus.SUCCEEDED) | Q(
        change__isnull=True, expected_version__isnull=True, back_of__change__status=ChangeStatus.SUCCEEDED
    )
    rows = ParameterSchedule.objects.filter(
        known & (Q(at__lte=now) | moved)
        | waits & Q(expected_version__isnull=True) & before
        | Q(status=ScheduleStatus.WAITING, change__finished_at__isnull=False)
        | Q(status=ScheduleStatus.SUSPENDED) & after_all
    )
    return list(rows.order_by("at").values_list("pk", flat=True))


def follow(schedule_id: int) -> uuid.UUID | None:
    """Bring one schedule as far as it goes now. Returns the change that it has opened, for which a worker is to be
    rung. Safe to repeat, and for several workers at once."""
    with transaction.atomic():
        environment = Environment.objects.filter(parameters__schedules=schedule_id)
        if environment.select_for_update(of=("self",), no_key=True).first() is None:
            return None
        row = (
            ParameterSchedule.objects.select_related(
                "parameter__environment__account", "by", "change", "back_of__change", "back_of__by"
            )
            .filter(pk=schedule_id)
            .first()
        )
        if row is None or row.status not in {ScheduleStatus.WAITING, ScheduleStatus.SUSPENDED}:
            return None
        if row.change is not None:
            _settle(row, row.change)
        elif row.expected_version is None:
            _after_the_one_before(row)
        elif row.status == ScheduleStatus.WAITING:
            return _when_due(row)
        return None


def back_goal(at: datetime | None, minutes: int | None) -> dict[str, Any]:
    """What of a way back goes into the goal, and so into the plan, of the change before it: empty when there is none.
    With minutes, the time is a guess until the value is stored."""
    if at is None and minutes is None:
        return {}
    return {"back": {"at": None if minutes or at is None else at.isoformat(), "minutes": minutes}}


def goal_of(back: ParameterSchedule | None) -> dict[str, Any]:
    """The same for the row of a way back."""
    return back_goal(back.at, back.minutes) if back else {}


def why_moved(row: ParameterSchedule) -> str:
    """How the value has moved since, with both values where they may be shown; empty when it stands."""
    now = row.parameter
    if now.gone_at is not None:
        return f"{now.key} is not there any more."
    if (now.version, now.generation) == (row.expected_version, row.expected_generation):
        return ""
    was = ParameterVersion.objects.filter(
        parameter=now, generation=row.expected_generation, version=row.expected_version
    ).first()
    planned = f"v{row.expected_version}" if was is None else f"{_shown(was.type, was.value)} (v{was.version})"
    return f"It was set meanwhile: {_shown(now.type, now.value)} (v{now.version}). This was planned on {planned}."


def _shown(kind: str, value: str) -> str:
    return "a hidden value" if kind == SECURE else short(value)


def _settle(row: ParameterSchedule, change: Change) -> None:
    """Its change has ended: so has the schedule, or it is suspended with what went wrong."""
    status = ChangeStatus(change.status)
    if change.finished_at is None:
        return
    if status == ChangeStatus.SUCCEEDED:
        _turn(row, ScheduleStatus.DONE, "")
    elif row.status == ScheduleStatus.SUSPENDED:
        return
    elif status == ChangeStatus.FAILED:
        _turn(row, ScheduleStatus.SUSPENDED, (change.problem or {}).get("sentence") or "Its change failed.")
    elif row.back_of_id:
        _turn(row, ScheduleStatus.SUSPENDED, f"Its change was {status.label.lower()}.")
    else:
        _turn(row, ScheduleStatus.CANCELLED, f"Its change was {status.label.lower()}.")


def _after_the_one_before(row: ParameterSchedule) -> None:
    """A way back waits until the value before it is stored, and goes the way of that one where it is not."""
    first = row.back_of
    if first is None:
        return
    change, suspended = first.change, row.status == ScheduleStatus.SUSPENDED
    if first.status == ScheduleStatus.CANCELLED and not suspended:
        _turn(row, ScheduleStatus.CANCELLED, "What it was the way back of was cancelled.")
    if change is None or change.finished_at is None or first.status == ScheduleStatus.CANCELLED:
        return
    status = ChangeStatus(change.status)
    if status == ChangeStatus.SUCCEEDED:
        _count_from(row, change)
    elif suspended:
        return
    elif status == ChangeStatus.FAILED:
        problem = (change.problem or {}).get("sentence") or "no reason was kept."
        _turn(row, ScheduleStatus.SUSPENDED, f"The change before it failed: {problem}")
    else:
        _turn(row, ScheduleStatus.CANCELLED, f"The change before it was {status.label.lower()}.")


def _count_from(row: ParameterSchedule, change: Change) -> None:
    """The value before is stored: from now on the way back expects that version, and its minutes are counted."""
    put = change.parameter_versions.filter(
        parameter=row.parameter, state=WriteState.DONE, version__isnull=False
    ).first()
    if put is None or put.version is None:
        _turn(row, ScheduleStatus.SUSPENDED, "The change before it stored nothing.")
        return
    row.expected_version, row.expected_generation = put.version, put.generation
    if row.minutes:
        row.at = put.at + timedelta(minutes=row.minutes)
    row.status, row.problem = ScheduleStatus.WAITING, ""
    row.save(update_fields=["expected_version", "expected_generation", "at", "status", "problem"])


def _when_due(row: ParameterSchedule) -> uuid.UUID | None:
    why = why_moved(row)
    if why:
        _turn(row, ScheduleStatus.SUSPENDED, why)
        return None
    if row.at > timezone.now():
        return None
    found = in_the_way(row.parameter.environment, [row.parameter.key])
    if found is not None:
        who = found[0].requested_by.get_username()
        ParameterSchedule.objects.filter(pk=row.pk).update(problem=f"{who} has a change of it open: that ends first.")
        return None
    try:
        value = opened(row.parameter.type, row.value)
    except UnreadableError:
        _turn(row, ScheduleStatus.SUSPENDED, "SECRET_KEY has changed, so its value cannot be read any more.")
        return None
    why = _why_not(row, value)
    if why:
        _turn(row, ScheduleStatus.SUSPENDED, why)
        return None
    return _opened(row, value)


def _why_not(row: ParameterSchedule, value: str) -> str:
    """Why it cannot be opened any more: what was checked when it was made, again. A way back that was part of a plan is
    not held up because whoever made it has left."""
    now = row.parameter
    blueprint = library().blueprints.get(now.environment.application)
    if blueprint is None:
        return "The blueprint of this application cannot be read any more."
    if now.owned_by:
        return f"{now.key} belongs to a stack now."
    if not _is_planned_back(row) and not _may_change(row):
        return f"{row.by.get_username()} may not set parameters any more."
    flag = next((one for one in blueprint.flags if one.key == now.key), None)
    return flag_problem(flag.type, value, flag.allowed) if flag else ""


def _may_change(row: ParameterSchedule) -> bool:
    return bool(row.by.is_active) and row.by.groups.filter(name__in=CHANGERS).exists()


def _is_planned_back(row: ParameterSchedule) -> bool:
    """Whether it is a way back whose time stood in the plan of the change before it, and whoever had to decide about
    that plan did. One that was taken up again on another value is none."""
    change = row.back_of.change if row.back_of else None
    if change is None or row.resumed_at is not None or change.status != ChangeStatus.SUCCEEDED:
        return False
    agreed = ((change.plan or {}).get("parameters") or {}).get("back")
    return bool(agreed == goal_of(row)["back"])


def _opened(row: ParameterSchedule, value: str) -> uuid.UUID:
    now, first = row.parameter, row.back_of
    back = ParameterSchedule.objects.filter(back_of=row, status=ScheduleStatus.WAITING).first()
    restored = _restored(now, row)
    goes_back = restored is not None or is_revert(now, value)
    wish = Wish(
        now.key,
        now.name,
        ParameterVerb.RESTORE if goes_back else ParameterVerb.EDIT,
        now.type,
        value,
        row.expected_version,
        restored,
    )
    more: dict[str, Any] = {"schedule": row.pk, **goal_of(back)}
    if first is not None and _is_planned_back(row):
        more["within"] = str(first.change_id)
    change = open_setting(
        now.environment,
        [wish],
        Opening(
            by_id=row.by_id,
            reason=row.reason,
            redeploy=row.redeploy,
            key=request_key(row),
            reverts=is_revert(now, value),
            said=f"as scheduled on {row.asked_at:%Y-%m-%d at %H:%M} UTC",
            more=more,
            detail={"schedule": row.pk},
        ),
    )
    ParameterSchedule.objects.filter(pk=row.pk).update(change=change, problem="")
    return change.pk


def request_key(row: ParameterSchedule) -> uuid.UUID:
    """The request key of the change that a schedule opens: the same for every worker, another once it was resumed."""
    return uuid.uuid5(_KEYS, f"{row.pk}:{row.resumed_at.isoformat() if row.resumed_at else ''}")


def _restored(now: Parameter, row: ParameterSchedule) -> int | None:
    """The version that a way back restores: the one that the change before it was planned on."""
    if row.back_of is None or row.back_of.expected_version is None:
        return None
    old = ParameterVersion.objects.filter(
        parameter=now, generation=row.back_of.expected_generation, version=row.back_of.expected_version
    )
    return old.values_list("pk", flat=True).first()


def _turn(row: ParameterSchedule, to: ScheduleStatus, why: str) -> None:
    """A turn of a schedule's status that Stackyard makes by itself, with its audit entry."""
    row.status, row.problem = to, why[:300]
    row.save(update_fields=["status", "problem"])
    if to == ScheduleStatus.DONE:
        return  # the change has entries of its own
    environment = row.parameter.environment
    AuditEntry.objects.create(
        at=timezone.now(),
        verb=f"schedule_{to}",
        environment=environment,
        change=row.change,
        summary=f"{to.label}: {row.parameter.key} of {environment}, scheduled by {row.by.get_username()}. {why}"[:300],
        detail={"schedule": row.pk},
    )
