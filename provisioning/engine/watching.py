"""Watching protection: what data stacks were given is looked at again every quarter of an hour (D1, D3, T13).

Nothing in here alters AWS. What is found missing is told once, and stays on the rows until it is back; the way back
is the change that switches protection on.
"""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from provisioning.aws.errors import AwsError
from provisioning.blueprints.loader import library
from provisioning.engine.ending import without_compute
from provisioning.engine.owning import promises
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.engine.verify.line import Line
from provisioning.engine.verify.protection import Seen, look, seen_lines
from provisioning.lifecycle import (
    BESIDE_STACKS,
    STACK_STATUSES,
    ChangeStatus,
    EnvironmentStatus,
    Outcome,
    StackKind,
    set_environment_status,
    stack_status,
)
from provisioning.models import AuditEntry, Change, Check, Environment, Heartbeat, Operation, Stack, Table

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=15)
PACE = timedelta(minutes=1)  # after an AWS that did not answer, too
BATCH = 20
LOST, BACK = "protection_lost", "protection_back"
_AT_REST = (EnvironmentStatus.READY, EnvironmentStatus.PARKED, EnvironmentStatus.DATA_ONLY)


def accounts_to_watch() -> list[int]:
    """The accounts in which the protection of some data stack is due for a look."""
    return list(_due().order_by().values_list("environment__account_id", flat=True).distinct())


def watch_protection(account_id: int, aws_for: AwsFor = default_aws) -> int:
    """Look at the protection of the data stacks of one account that are due. Returns how many were looked at."""
    if not _claimed(account_id):
        return 0
    looked = 0
    for stack in _due().filter(environment__account=account_id).select_related("environment__account")[:BATCH]:
        try:
            _watch(stack, aws_for)
        except AwsError as trouble:
            log.warning("watch_failed", stack=stack.name, trouble=str(trouble))
            break
        looked += 1
    return looked


def missing(environment: Environment) -> tuple[str, ...]:
    """What of an environment's protection was missing at the last look, in words; nothing when all was there."""
    last = AuditEntry.objects.filter(environment=environment, verb__in=[LOST, BACK]).order_by("-id").first()
    return tuple(last.detail.get("lost", [])) if last is not None else ()


def note(stack: Stack, seen: Seen) -> tuple[str, ...]:
    """Keep what AWS showed, in the caller's transaction: on the stack, the tables and the checklist; a loss, and its
    end, also in the audit, once each. Returns what is missing, in words."""
    environment, lines = stack.environment, seen_lines(seen)
    known = missing(environment)
    lost = tuple(f"{line.group}: {line.label}" for line in lines if line.outcome is Outcome.BAD)
    for name, on in seen.tables.items():
        Table.objects.filter(account=environment.account_id, name=name).update(protected=on)
    _mark(environment, lines)
    if set(lost) - set(known):
        were_on = stack.protection_seen_at is not None
        happened = "was switched off outside Stackyard" if were_on else "is not what its stage asks for"
        _tell(environment, LOST, f"Protection of {environment} {happened}. Not so: {'; '.join(lost)}", lost)
    elif known and not lost:
        _tell(environment, BACK, f"Protection of {environment} is whole again", lost)
    stack.termination_protection, stack.update_policy = seen.termination, seen.policy
    stack.protection_seen_at = timezone.now()
    return lost


def _due() -> "QuerySet[Stack]":
    """Data stacks that should be protected, live, with no change open, and not looked at lately."""
    stages = Q(pk__in=[])
    for blueprint in library().blueprints.values():
        for stage, policy in blueprint.stages.items():
            if policy.protection:
                stages |= Q(environment__application=blueprint.slug, environment__stage=stage)
    live = [status.name for status in STACK_STATUSES.values() if status.live and not status.moving]
    seen = Q(protection_seen_at__isnull=True) | Q(protection_seen_at__lte=timezone.now() - EVERY)
    return (
        Stack.objects.filter(stages, seen, kind=StackKind.DATA, status__in=live, environment__data_protected=True)
        .exclude(Exists(Operation.objects.filter(is_open=True, stack__environment=OuterRef("environment"))))
        .order_by("protection_seen_at")
    )


def _is_changing(environment: Environment) -> bool:
    return Operation.objects.filter(is_open=True, stack__environment=environment).exists()


def _claimed(account_id: int) -> bool:
    """Whether this worker is the one to look now: one of them, and at most once a minute."""
    now, name = timezone.now(), f"protection {account_id}"
    Heartbeat.objects.get_or_create(name=name, defaults={"at": now - PACE})
    return Heartbeat.objects.filter(name=name, at__lte=now - PACE).update(at=now) == 1


def _watch(stack: Stack, aws_for: AwsFor) -> None:
    environment = stack.environment
    promised = promises(library().blueprints[environment.application], environment, stack)
    seen = look(reach(environment.account, aws_for), stack.stack_id, promised)
    if seen is None:
        return
    with transaction.atomic():
        mine = Stack.objects.filter(pk=stack.pk, protection_seen_at=stack.protection_seen_at)
        if mine.update(protection_seen_at=timezone.now()) != 1 or _is_changing(environment):
            return  # somebody else has looked, or a change has begun and takes care of it
        lost = note(stack, seen)
        stack.save(update_fields=["termination_protection", "update_policy", "protection_seen_at"])
        _turn(environment, lost)


def _turn(environment: Environment, lost: tuple[str, ...]) -> None:
    """An environment that rests asks for attention while protection is missing, and rests again afterwards."""
    environment.refresh_from_db(fields=["status"])
    if lost and environment.status in _AT_REST:
        set_environment_status(environment, EnvironmentStatus.ATTENTION)
    elif not lost and environment.status == EnvironmentStatus.ATTENTION:
        stacks = Change.objects.filter(environment=environment).exclude(kind__in=BESIDE_STACKS)
        last = stacks.order_by("-requested_at").first()
        if last is None or last.status != ChangeStatus.FAILED:
            set_environment_status(environment, _resting(environment))


def _resting(environment: Environment) -> EnvironmentStatus:
    compute = stack_status(environment.stacks.get(kind=StackKind.COMPUTE).status)
    return EnvironmentStatus.READY if compute.live else without_compute(environment)


def _mark(environment: Environment, lines: Iterable[Line]) -> None:
    """The checklist's lines about protection; one that was never there is added at its end."""
    now, rows = timezone.now(), Check.objects.filter(environment=environment)
    for line in lines:
        changed = rows.filter(group=line.group, label=line.label)
        if not changed.update(outcome=line.outcome, detail=line.detail, at=now):
            last = rows.aggregate(last=Max("position"))["last"]
            Check.objects.create(
                environment=environment,
                position=0 if last is None else last + 1,
                group=line.group,
                label=line.label,
                outcome=line.outcome,
                detail=line.detail,
                at=now,
            )


def _tell(environment: Environment, verb: str, summary: str, lost: tuple[str, ...]) -> None:
    AuditEntry.objects.create(
        at=timezone.now(), verb=verb, environment=environment, summary=summary[:300], detail={"lost": list(lost)}
    )
