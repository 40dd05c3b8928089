"""Scheduling values: on for half an hour, tomorrow at nine. A value now or at a time, and the way back of it.

Where nobody decides, a value at a time waits as a row and opens its change once it is due. Where somebody decides, its
change is opened at once with its start time, so that the decision is made before; the time of its way back stands in
the plan that is decided about, and needs no second decision.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.changing import clock, require_start
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import (
    AskToSet,
    Setting,
    asked_of,
    declared,
    do_set_parameters,
    path_of,
    redeploys,
    wishes_for,
)
from provisioning.engine.parameters.scheduling import back_goal
from provisioning.flags.rules import SECURE, flag_problem
from provisioning.flags.sealing import digest, kept, opened
from provisioning.lifecycle import ScheduleStatus
from provisioning.models import Change, Environment, Parameter, ParameterSchedule
from provisioning.planning.parameter_plans import short
from provisioning.planning.policy import START_DAYS

LONGEST_MINUTES = START_DAYS * 24 * 60


@dataclass(frozen=True)
class Times:
    """When: `at` None is now. The way back is at a time, or so many minutes after the value is stored, or there is
    none."""

    at: datetime | None = None
    back_at: datetime | None = None
    back_minutes: int | None = None

    @property
    def goes_back(self) -> bool:
        """Whether there is a way back."""
        return self.back_at is not None or self.back_minutes is not None


@dataclass(frozen=True)
class _Asked:
    """All that a schedule is made of."""

    actor: Actor
    environment: Environment
    row: Parameter
    setting: Setting
    times: Times
    ask: AskToSet


def do_schedule(
    actor: Actor, environment: Environment, setting: Setting, times: Times, ask: AskToSet
) -> ParameterSchedule:
    """Schedule a value of one parameter, on the version that was looked at. Returns the schedule of the value itself;
    its `change` is set where one is opened at once. A second click finds the first one's schedule.

    Raises Refusal: as setting it does, and with the fields `at`, `back_at`, `back_minutes`.
    """
    require_change_right(actor, environment)
    if setting.value is None:
        raise Refusal("A deletion is not scheduled: it has no way back.", "no-value")
    row = Parameter.objects.filter(environment=environment, key=setting.key, gone_at__isnull=True).first()
    if row is None:
        raise Refusal(f"{environment} has no parameter {setting.key} now.", "no-parameter")
    asked = _Asked(actor, environment, row, setting, times, ask)
    known = _same_click(asked)
    if known is not None:
        return known
    _require_times(times)
    if times.at is None or asked_of(environment).approvals:
        return _with_a_change(asked)
    return _waiting(asked)


def _same_click(asked: _Asked) -> ParameterSchedule | None:
    """The schedule of a first click: by the form's key where it opened a change, else by what it says."""
    mine = ParameterSchedule.objects.filter(parameter=asked.row, by=asked.actor.user_id, back_of__isnull=True)
    known = mine.filter(change__request_key=asked.ask.key).first() if asked.ask.key else None
    if known is not None or asked.times.at is None:
        return known
    found = mine.filter(status=ScheduleStatus.WAITING, at=asked.times.at, change__isnull=True).first()
    if found is None or digest(opened(asked.row.type, found.value)) != digest(asked.setting.value or ""):
        return None
    return found


def _require_times(times: Times) -> None:
    if times.at is None and not times.goes_back:
        raise _refused("at", "Say when it is set, or when it goes back.")
    if times.at is not None:
        try:
            require_start(times.at)
        except Refusal as refusal:
            raise _refused("at", refusal.sentence) from refusal
    if times.back_at is not None and times.back_minutes is not None:
        raise _refused("back_at", "Give a time or a number of minutes, not both.")
    if times.back_at is not None:
        require_back(times.back_at, times.at or timezone.now())
    if times.back_minutes is not None and not 1 <= times.back_minutes <= LONGEST_MINUTES:
        raise _refused("back_minutes", f"From 1 minute to {START_DAYS} days.")


def require_back(back_at: datetime, after: datetime) -> None:
    """Refuse a way back that is not within the 30 days after the value is set."""
    if back_at <= after:
        raise _refused("back_at", f"It goes back after it was set: later than {clock(after)}.")
    if back_at > after + timedelta(days=START_DAYS):
        raise _refused("back_at", f"It goes back {START_DAYS} days later at most.")


def _refused(field: str, sentence: str) -> Refusal:
    return Refusal(sentence, "bad-times", fields={field: sentence})


def require_settable(environment: Environment, setting: Setting) -> None:
    """Refuse a value that could not be set now, as setting it would."""
    blueprint, path = path_of(environment)
    wishes_for(environment, blueprint, path, [setting])


def require_way_back(environment: Environment, row: Parameter) -> None:
    """Refuse to go back to a value that could not be set: one from outside that the blueprint does not allow."""
    blueprint, _ = path_of(environment)
    flag = declared(blueprint, row.key)
    wrong = flag_problem(flag.type, opened(row.type, row.value), flag.allowed) if flag else ""
    if wrong:
        said = "a hidden value" if row.type == SECURE else short(row.value)
        raise _refused("back_at", f"It cannot go back to {said}, which it is now. {wrong}")


def require_alone(parameter: Parameter) -> None:
    """One schedule of a parameter at a time: the second one would rest on a value that the first one replaces. The
    caller holds the environment's row."""
    waiting = ParameterSchedule.objects.filter(parameter=parameter, status=ScheduleStatus.WAITING)
    waiting = waiting.exclude(back_of__status=ScheduleStatus.SUSPENDED)  # that one does nothing before it is resumed
    other = waiting.select_related("by").order_by("at").first()
    if other is not None:
        who = other.by.get_username()
        raise Refusal(
            f"{who} has scheduled {parameter.key} already, for {clock(other.at)}. Cancel that first, or wait for it.",
            "scheduled",
        )


def _with_a_change(asked: _Asked) -> ParameterSchedule:
    """The change is opened at once: it is now, or somebody decides about it before."""
    made: list[ParameterSchedule] = []

    def also(change: Change) -> None:
        require_alone(asked.row)
        made.append(_made(asked, redeploy=change.goal["redeploy"], change=change))

    more = {**asked.ask.more, **back_goal(asked.times.back_at, asked.times.back_minutes)}
    ask = replace(asked.ask, start_at=asked.times.at, more=more, also=also)
    change = do_set_parameters(asked.actor, asked.environment, [asked.setting], ask)
    return made[0] if made else ParameterSchedule.objects.get(change=change)  # a second click at the same moment


def _waiting(asked: _Asked) -> ParameterSchedule:
    """Nobody decides: the row waits, and opens its change once it is due."""
    environment, row, ask = asked.environment, asked.row, asked.ask
    blueprint, _ = path_of(environment)
    with transaction.atomic():
        Environment.objects.select_for_update(of=("self",), no_key=True).get(pk=environment.pk)
        require_settable(environment, asked.setting)
        known = _same_click(asked)
        if known is not None:
            return known
        require_alone(row)
        redeploy = redeploys(blueprint, [row.key]) if ask.redeploy is None else ask.redeploy
        made = _made(asked, redeploy=redeploy)
        said = "a hidden value" if row.type == SECURE else short(asked.setting.value or "")
        audit(
            asked.actor,
            "schedule_parameters",
            f"Scheduled for {clock(made.at)}: {row.key} of {environment} to {said}{_and_back(asked.times)}",
            environment=environment,
            reason=made.reason,
            detail={"schedule": made.pk, "keys": [row.key]},
        )
    return made


def _and_back(times: Times) -> str:
    if times.back_at is not None:
        return f", and back at {clock(times.back_at)}"
    return f", and back {times.back_minutes} min later" if times.back_minutes else ""


def _made(asked: _Asked, *, redeploy: bool, change: Change | None = None) -> ParameterSchedule:
    """The rows: of the value, and of its way back to what the parameter is now."""
    now, row = timezone.now(), asked.row
    common = {
        "parameter": row,
        "redeploy": redeploy,
        "status": ScheduleStatus.WAITING,
        "by_id": asked.actor.user_id,
        "asked_at": now,
        "reason": asked.ask.reason.strip(),
    }
    first = ParameterSchedule.objects.create(
        value=kept(row.type, asked.setting.value or ""),
        at=asked.times.at or now,
        expected_version=row.version,
        expected_generation=row.generation,
        change=change,
        **common,
    )
    if asked.times.goes_back:
        require_way_back(asked.environment, row)
        minutes = asked.times.back_minutes
        ParameterSchedule.objects.create(
            value=row.value,
            at=asked.times.back_at or first.at + timedelta(minutes=minutes or 0),
            minutes=minutes,
            back_of=first,
            **common,
        )
    return first
