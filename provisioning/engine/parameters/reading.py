"""Reading parameter paths: one reading serves everybody who looks, and at most one every 30 seconds (pitfall 4, M10).

Pages show rows and never ask AWS; to look asks for a newer reading, which a worker makes. Without anybody looking a
path is read every ten minutes, so that what others put is noticed (pitfall 6). Needs ssm:GetParametersByPath and
ssm:GetParameterHistory, and kms:Decrypt for secrets.
"""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from provisioning.aws import parameters
from provisioning.aws.errors import AwsError, Busy
from provisioning.blueprints.loader import library
from provisioning.engine.parameters.noticing import notice
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Environment, ParameterPath

log = structlog.get_logger(__name__)

FRESH = timedelta(seconds=30)
EVERY = timedelta(minutes=10)
LEASE = timedelta(seconds=60)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0  # seconds
MOST_TRIES = 4  # shown as “try 2 of 4”; after them it is left to the next turn
NOBODYS = frozenset({EnvironmentStatus.REMOVED, EnvironmentStatus.REQUESTED})


def want(environments: Iterable[Environment]) -> list[int]:
    """Ask for newer readings of these environments' paths, where the last one is older than 30 seconds and none is
    asked for yet. Returns the paths that a worker is to be rung for."""
    now, asked = timezone.now(), []
    for environment in environments:
        row = path_of(environment)
        if row is None:
            continue
        old = Q(read_at__isnull=True) | Q(read_at__lt=now - FRESH)
        if ParameterPath.objects.filter(old, pk=row.pk, read_due_at__isnull=True).update(read_due_at=now):
            asked.append(row.pk)
    return asked


def want_now(environment: Environment) -> int | None:
    """Ask for a reading that begins after now, however fresh the last one is: something was just put."""
    row = path_of(environment)
    if row is None:
        return None
    ParameterPath.objects.filter(pk=row.pk).update(read_due_at=timezone.now())
    return row.pk


def path_of(environment: Environment) -> ParameterPath | None:
    """The row of an environment's path, made at first use; None where the application has no path."""
    blueprint = library().blueprints.get(environment.application)
    path = blueprint.path(environment.name) if blueprint else None
    if path is None:
        return None
    row, _ = ParameterPath.objects.get_or_create(environment=environment, defaults={"path": path})
    if row.path != path:
        row.path = path
        row.save(update_fields=["path"])
    return row


def due_paths(now: datetime) -> list[int]:
    """The paths that are asked for, or whose turn it is."""
    asked = Q(read_due_at__lte=now) | Q(read_due_at__isnull=True, read_at__lt=now - EVERY)
    there = ParameterPath.objects.exclude(environment__status__in=NOBODYS)
    return list(there.filter(asked & _free(now)).values_list("pk", flat=True))


def read(path_id: int, aws_for: AwsFor = default_aws) -> bool:
    """Read one path, if it is due and nobody else is at it; False when it was not read. What AWS did not serve is
    tried again, and what is known stays, with its age."""
    row = _claim(path_id)
    if row is None:
        return False
    try:
        found = parameters.read_path(reach(row.environment.account, aws_for), row.path.rstrip("/") or "/")
    except AwsError as trouble:
        _unread(row, trouble)
        return False
    notice(row.environment, row.path, found.parameters, aws_for)
    mine = ParameterPath.objects.filter(pk=row.pk, reading_until=row.reading_until)
    done = {"reading_until": None, "read_at": timezone.now(), "tries": 0, "problem": ""}
    with transaction.atomic():
        counted = mine.update(**done, pages=F("pages") + found.pages, reads=F("reads") + 1)
        # A reading that somebody asked for meanwhile is still to come.
        ParameterPath.objects.filter(pk=row.pk, read_due_at=row.read_due_at).update(read_due_at=None)
    return counted == 1


def _free(now: datetime) -> Q:
    return Q(reading_until__isnull=True) | Q(reading_until__lt=now)


def _claim(path_id: int) -> ParameterPath | None:
    now = timezone.now()
    asked = Q(read_due_at__lte=now) | Q(read_due_at__isnull=True, read_at__lt=now - EVERY)
    taken = ParameterPath.objects.filter(asked & _free(now), pk=path_id).update(reading_until=now + LEASE)
    if taken != 1:
        return None
    return ParameterPath.objects.select_related("environment__account").get(pk=path_id)


def _unread(row: ParameterPath, trouble: AwsError) -> None:
    """Keep why, and when it is tried again: a person sees it at once instead of waiting for an answer (pitfall 3)."""
    log.warning("parameters_unread", path=row.path, trouble=str(trouble))
    now, tries = timezone.now(), row.tries + 1
    if isinstance(trouble, Busy) and tries <= MOST_TRIES:
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**tries)
        pause = timedelta(seconds=random.uniform(longest / 2, longest))  # noqa: S311 - spreads, protects nothing
        problem, due = f"{trouble.sentence} Try {tries} of {MOST_TRIES}.", now + pause
    else:
        problem, due = trouble.sentence, now + EVERY
    ParameterPath.objects.filter(pk=row.pk, reading_until=row.reading_until).update(
        reading_until=None, tries=tries, problem=problem[:300], read_due_at=due
    )
