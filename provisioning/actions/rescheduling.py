"""What becomes of a schedule: taken up again on another value, or cancelled.

A way back that somebody decided about together with its value is part of what was decided: whoever wants the value to
stay needs one who may decide.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.changing import clock, require_start
from provisioning.actions.refusals import Refusal
from provisioning.actions.scheduling import require_alone, require_back, require_settable, require_way_back
from provisioning.actions.setting import AskToSet, Setting, asked_of, do_set_parameters
from provisioning.actions.taking_back import do_cancel
from provisioning.blueprints.model import StagePolicy
from provisioning.engine.parameters.scheduling import follow, goal_of
from provisioning.flags.sealing import opened
from provisioning.lifecycle import OPEN_CHANGES, ChangeStatus, ScheduleStatus, WriteState
from provisioning.models import Change, Environment, ParameterSchedule
from provisioning.planning.policy import GUARDIANS

LIVE = frozenset({ScheduleStatus.WAITING, ScheduleStatus.SUSPENDED})


def do_resume_schedule(
    actor: Actor, schedule: ParameterSchedule, *, expected: int, at: datetime | None = None
) -> ParameterSchedule:
    """Take up a suspended schedule on the value as it is now, `expected` being the version that was looked at. From now
    on it is done in the name of this person. What was part of an approved plan is so no more: where somebody decides, a
    change is opened and decided about. Raises Refusal."""
    environment = schedule.parameter.environment
    require_change_right(actor, environment)
    if at is not None:
        require_start(at)
    decided = bool(asked_of(environment).approvals)
    with transaction.atomic():
        row = _locked(schedule)
        if row.status != ScheduleStatus.SUSPENDED:
            raise Refusal(f"It is {_word(row)}: there is nothing to take up again.", "not-suspended")
        now = row.parameter
        setting = Setting(now.key, opened(now.type, row.value), expected)
        require_settable(environment, setting)
        require_alone(now)
        _taken_up(actor, row, at)
        back = _back_taken_up(row)
        audit(
            actor,
            "resume_schedule",
            f"Taken up again on v{now.version}: {now.key} of {environment}, at {clock(row.at)}",
            environment=environment,
            reason=row.reason,
            detail={"schedule": row.pk},
        )
        if decided:
            _ask(actor, row, setting, back)
    return row


def _taken_up(actor: Actor, row: ParameterSchedule, at: datetime | None) -> None:
    now = timezone.now()
    row.expected_version, row.expected_generation = row.parameter.version, row.parameter.generation
    row.at = max(at or row.at, now)
    row.status, row.problem, row.change = ScheduleStatus.WAITING, "", None
    row.by_id, row.resumed_at = actor.user_id, now
    row.save()


def _back_taken_up(first: ParameterSchedule) -> ParameterSchedule | None:
    """The way back of a schedule that is taken up again: to what the parameter is now."""
    back = ParameterSchedule.objects.filter(back_of=first, status__in=LIVE).first()
    if back is None:
        return None
    require_way_back(first.parameter.environment, first.parameter)
    if back.minutes:
        back.at = first.at + timedelta(minutes=back.minutes)
    else:
        require_back(back.at, first.at)
    back.value, back.expected_version = first.parameter.value, None
    back.status, back.problem, back.by_id = ScheduleStatus.WAITING, "", first.by_id
    back.save()
    return back


def _ask(actor: Actor, row: ParameterSchedule, setting: Setting, back: ParameterSchedule | None) -> None:
    """Open the change of a schedule at once, so that whoever decides does so before its time."""

    def also(change: Change) -> None:
        row.change = change
        row.save(update_fields=["change"])

    start = row.at if row.at > timezone.now() else None
    more = {"schedule": row.pk, **goal_of(back)}
    ask = AskToSet(row.reason, start_at=start, redeploy=row.redeploy, confirmed=True, more=more, also=also)
    do_set_parameters(actor, row.parameter.environment, [setting], ask)


def do_cancel_schedule(actor: Actor, schedule: ParameterSchedule) -> ParameterSchedule:
    """Cancel a schedule, with the change that it has opened and that does not run yet, and with its way back unless the
    value is stored already. A way back that was decided about is cancelled by one who may decide, and not by whoever
    asked for it. Raises Refusal."""
    follow(schedule.pk)  # what has happened to its change is known first
    schedule.refresh_from_db()
    refusal = _cannot_cancel(actor, schedule)
    if refusal is not None:
        raise refusal
    change = schedule.change
    if change is not None and change.status in OPEN_CHANGES:
        do_cancel(actor, change)
    with transaction.atomic():
        row = _locked(schedule)
        if row.status not in LIVE:
            return row
        sentence = f"Cancelled by {actor.name}."
        row.status, row.problem = ScheduleStatus.CANCELLED, sentence
        row.save(update_fields=["status", "problem"])
        if not _is_stored(row):
            backs = ParameterSchedule.objects.filter(back_of=row, status__in=LIVE)
            backs.update(status=ScheduleStatus.CANCELLED, problem=sentence)
        environment = row.parameter.environment
        audit(
            actor,
            "cancel_schedule",
            f"Cancelled: {row.parameter.key} of {environment}, scheduled for {clock(row.at)}",
            environment=environment,
            change=row.change,
            detail={"schedule": row.pk},
        )
    return row


def why_not_cancel(actor: Actor, schedule: ParameterSchedule) -> str:
    """Why this person cannot cancel the schedule now, as the verb would say; empty when they can."""
    refusal = _cannot_cancel(actor, schedule)
    return refusal.sentence if refusal else ""


def _is_stored(row: ParameterSchedule) -> bool:
    return row.change is not None and row.change.parameter_versions.filter(state=WriteState.DONE).exists()


def _locked(schedule: ParameterSchedule) -> ParameterSchedule:
    """The schedule as it is now, its environment's row held until the transaction ends."""
    environment = schedule.parameter.environment_id
    Environment.objects.select_for_update(of=("self",), no_key=True).get(pk=environment)
    rows = ParameterSchedule.objects.select_related("parameter__environment__account", "by", "change", "back_of")
    return rows.get(pk=schedule.pk)


def _word(row: ParameterSchedule) -> str:
    return ScheduleStatus(row.status).label.lower()


def _cannot_cancel(actor: Actor, schedule: ParameterSchedule) -> Refusal | None:
    try:
        require_change_right(actor, schedule.parameter.environment)
        policy = asked_of(schedule.parameter.environment)
    except Refusal as refusal:
        return refusal
    if schedule.status not in LIVE:
        return Refusal(f"It is {_word(schedule)} already.", "too-late")
    change = schedule.change
    if change is not None and change.status == ChangeStatus.RUNNING:
        return Refusal("Its change runs already.", "too-late", change_id=str(change.pk))
    if schedule.back_of_id is None or not _is_agreed(schedule, policy):
        return None
    deciders = policy.approver_groups or GUARDIANS
    if actor.user_id != schedule.by_id and actor.in_any(deciders):
        return None
    sentence = f"The way back is part of what was approved: one of the {' or '.join(deciders)} can cancel it"
    return Refusal(f"{sentence}, and not whoever asked for it.", "agreed", forbidden=True)


def _is_agreed(back: ParameterSchedule, policy: StagePolicy) -> bool:
    """Whether somebody decided about a value on the understanding that it goes back, and it still stands."""
    now = back.parameter
    stands = (now.version, now.generation) == (back.expected_version, back.expected_generation)
    return bool(policy.approvals) and (stands or back.expected_version is None)
