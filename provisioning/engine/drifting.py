"""Drift detection: asked for by a person, or at night, spread over it by stack; a few at once in an account.

Nothing in here alters AWS. Every step can be cut off anywhere: what is claimed is free again after a minute, and a
detection whose id was never stored is simply begun once more. A stack that an open change works on is never looked
into, and what was found out while one began to is thrown away. Needs cloudformation:DetectStackDrift,
DetectStackResourceDrift, DescribeStackDriftDetectionStatus and DescribeStackResourceDrifts, and the right to read
every resource (D5).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from provisioning.aws import cloudformation, dynamodb, scaling
from provisioning.aws.clients import Clients
from provisioning.aws.cloudformation import Detection, ResourceDrift
from provisioning.aws.errors import AwsError, Busy, Missing, Refused
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.lifecycle import DRIFT_CHECKED, DriftStatus
from provisioning.models import Account, DriftCheck, DriftedResource, Environment, Operation, Stack
from provisioning.planning.drift import TABLE, counting, open_differences

log = structlog.get_logger(__name__)

AT_ONCE = 5
LEASE = timedelta(seconds=60)
POSTPONED = timedelta(minutes=10)
AFTER_TROUBLE = timedelta(minutes=1)
GIVEN_UP = timedelta(minutes=30)
NIGHT, NIGHT_LONG = time(0, tzinfo=UTC), 5 * 3600  # seconds
PAUSES = ((timedelta(seconds=10), timedelta(seconds=2)), (timedelta(minutes=1), timedelta(seconds=5)))
LONGEST_PAUSE = timedelta(seconds=15)
_DRIFTED = frozenset({DriftStatus.MODIFIED, DriftStatus.DELETED})


def due_drift(now: datetime) -> list[int]:
    """The accounts in which a detection is to be begun, or looked at."""
    due = DriftCheck.objects.filter(_free(now), due_at__lte=now).order_by()
    return list(due.values_list("stack__environment__account_id", flat=True).distinct())


def plan_checks(account_id: int, now: datetime) -> None:
    """See to it that every stack of an account that can be looked into has its turn at night."""
    able = Stack.objects.filter(environment__account=account_id, status__in=DRIFT_CHECKED).exclude(stack_id="")
    DriftCheck.objects.bulk_create(
        [DriftCheck(stack=stack, due_at=next_night(stack, now)) for stack in able.filter(drift__isnull=True)],
        ignore_conflicts=True,
    )
    for check in DriftCheck.objects.filter(stack__in=able, due_at__isnull=True).select_related("stack"):
        DriftCheck.objects.filter(pk=check.pk, due_at__isnull=True).update(due_at=next_night(check.stack, now))


def next_night(stack: Stack, now: datetime) -> datetime:
    """When a stack has its turn next: the same time every night, between midnight and five in UTC, another one for
    each stack."""
    place = int.from_bytes(sha256(stack.stack_id.encode()).digest()[:4]) % NIGHT_LONG
    turn = datetime.combine(now.astimezone(UTC).date(), NIGHT) + timedelta(seconds=place)
    return turn if turn > now else turn + timedelta(days=1)


def is_checking(check: DriftCheck) -> bool:
    """Whether a detection was asked for, or runs, and has not ended."""
    if check.detection_id:
        return True
    return check.asked_at is not None and (check.seen_at is None or check.seen_at < check.asked_at) and not check.reason


def drifted(environment: Environment) -> tuple[DriftedResource, ...]:
    """What of an environment is not as its templates say, and was not accepted as it is; as last seen."""
    rows = DriftedResource.objects.filter(check_of__stack__environment=environment)
    rows = rows.select_related("check_of__stack").order_by("-check_of__stack__kind", "logical_id")
    return tuple(row for row in rows if is_open(row))


def is_open(row: DriftedResource) -> bool:
    """Whether a drifted resource still waits for somebody to repair or accept it."""
    return row.status == DriftStatus.DELETED or bool(open_differences(row.differences, row.accepted))


def detect(account_id: int, aws_for: AwsFor = default_aws) -> float | None:
    """Begin detections that are due in an account, as many as may run, and look at those that run. Returns after how
    many seconds the next one is due; None when none is soon, or another worker has them."""
    account = Account.objects.get(pk=account_id)
    aws: Clients | None = None
    claimed = _claimed(account)
    for check in claimed:
        due: datetime | None = timezone.now() + AFTER_TROUBLE
        try:
            aws = aws or reach(account, aws_for)
            due = advance(aws, check)
        except Busy as trouble:
            log.warning("drift_failed", stack=check.stack.name, trouble=str(trouble))
        except AwsError as refusal:
            due = _refused(check, refusal)
        DriftCheck.objects.filter(pk=check.pk, looking_until=check.looking_until).update(looking_until=None, due_at=due)
    now = timezone.now()
    soon = _of(account).filter(due_at__lte=now + timedelta(minutes=1)).order_by("due_at").first()
    if not claimed or soon is None or soon.due_at is None:
        return None
    return max(1.0, (soon.due_at - now).total_seconds())


def _of(account: Account) -> "QuerySet[DriftCheck]":
    return DriftCheck.objects.filter(stack__environment__account=account)


def _free(now: datetime) -> Q:
    return Q(looking_until__isnull=True) | Q(looking_until__lt=now)


def _claimed(account: Account) -> list[DriftCheck]:
    """The checks that this worker takes up now: those that run, and as many new ones as there is room for."""
    now = timezone.now()
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=account.pk)
        due = _of(account).filter(_free(now), due_at__lte=now).select_related("stack__environment").order_by("due_at")
        begun = _of(account).exclude(detection_id="").count()
        beginning = _of(account).filter(detection_id="", looking_until__gte=now).count()
        room = max(0, AT_ONCE - begun - beginning)
        taken = [*due.exclude(detection_id=""), *due.filter(detection_id="")[:room]]
        for check in taken:
            check.looking_until = now + LEASE
        DriftCheck.objects.filter(pk__in=[check.pk for check in taken]).update(looking_until=now + LEASE)
    return taken


def advance(aws: Clients, check: DriftCheck) -> datetime | None:
    """Bring one detection forward by a call or two. Returns when it is due again. Raises AwsError."""
    now, stack = timezone.now(), check.stack
    if not check.detection_id and Operation.objects.filter(stack=stack, is_open=True).exists():
        return now + POSTPONED
    if not stack.stack_id:
        return None
    if not check.detection_id and stack.status not in DRIFT_CHECKED:
        _keep(check, reason=f"{stack.name} is in a state in which CloudFormation does not look for drift.")
        return next_night(stack, now)
    if not check.detection_id:
        return begin(aws, check)
    found = _detection(aws, check)
    began = check.asked_at or now
    if found is None or (found.is_moving and now - began > GIVEN_UP):
        _keep(check, detection_id="", reason="The detection got lost in CloudFormation. It is begun again.")
        return now + POSTPONED
    if found.is_moving:
        return now + next((pause for limit, pause in PAUSES if now - began < limit), LONGEST_PAUSE)
    return finish(aws, check, found)


def begin(aws: Clients, check: DriftCheck) -> datetime:
    """Start a detection and keep its id. Where somebody else's runs, ours comes after it."""
    now = timezone.now()
    detection_id = cloudformation.detect_drift(aws, check.stack.stack_id)
    if not detection_id:
        return now + AFTER_TROUBLE
    _keep(check, detection_id=detection_id, asked_at=now, reason="")
    return now + PAUSES[0][1]


def finish(aws: Clients, check: DriftCheck, found: Detection) -> datetime:
    """Keep what an ended detection found, unless a change has taken the stack up meanwhile."""
    now, stack = timezone.now(), check.stack
    drifts = [_counted(aws, stack, one) for one in cloudformation.resource_drifts(aws, stack.stack_id)]
    with transaction.atomic():
        stack = Stack.objects.select_for_update(no_key=True).get(pk=stack.pk)
        busy = Operation.objects.filter(stack=stack, called_at__gte=check.asked_at or now)
        if busy.exists():
            _keep(check, detection_id="", reason="A change began while CloudFormation looked. It looks again later.")
            return now + POSTPONED
        keep_drifts(check, found, drifts)
    return next_night(stack, now)


def keep_drifts(check: DriftCheck, found: Detection, drifts: Iterable[ResourceDrift]) -> None:
    """The rows of what a detection found, in the caller's transaction. A failed one says nothing about what it did not
    reach (D4). What a roll-back skipped is in order again once it is seen to be (S11)."""
    now, began = timezone.now(), check.asked_at or timezone.now()
    fresh = [one for one in drifts if not found.has_failed or one.at >= began - timedelta(minutes=1)]
    there = [one for one in fresh if one.status in _DRIFTED]
    rows = check.resources.all()
    gone = rows.filter(logical_id__in=[one.logical_id for one in fresh]) if found.has_failed else rows
    stays = [one.logical_id for one in fresh if one in there or one.status == DriftStatus.UNKNOWN]
    gone.exclude(logical_id__in=stays).delete()
    for one in there:
        _keep_one(check, one, now)
    result = found.result or DriftStatus.UNKNOWN
    if result in {DriftStatus.DRIFTED, DriftStatus.IN_SYNC}:
        result = DriftStatus.DRIFTED if there else DriftStatus.IN_SYNC
    in_order = {one.logical_id for one in fresh if one.status == DriftStatus.IN_SYNC}
    skipped = [] if result == DriftStatus.IN_SYNC else [one for one in check.stack.skipped if one not in in_order]
    Stack.objects.filter(pk=check.stack_id).update(skipped=skipped)
    _keep(check, detection_id="", result=result, reason=found.reason if found.has_failed else "", seen_at=now)


def _keep_one(check: DriftCheck, one: ResourceDrift, now: datetime) -> None:
    differences = [
        {"path": each.path, "expected": each.expected, "actual": each.actual, "kind": each.kind}
        for each in one.differences
    ]
    DriftedResource.objects.update_or_create(
        check_of=check,
        logical_id=one.logical_id,
        defaults={
            "physical_id": one.physical_id,
            "type": one.type,
            "status": one.status,
            "differences": differences,
            "seen_at": now,
        },
    )


def _counted(aws: Clients, stack: Stack, found: ResourceDrift) -> ResourceDrift:
    """A resource's drift without what moves by itself (T10); one that has no other is in sync."""
    if found.status != DriftStatus.MODIFIED:
        return found
    told = {each.path: each for each in found.differences}
    scaled = found.type == TABLE and any("/ProvisionedThroughput" in path for path in told) and _scales(aws, found)
    unprotected = not stack.environment.data_protected
    rows = [{"path": path} for path in told]
    left = tuple(told[one["path"]] for one in counting(found.type, rows, scaled=scaled, unprotected=unprotected))
    return replace(found, differences=left, status=found.status if left else DriftStatus.IN_SYNC)


def _scales(aws: Clients, found: ResourceDrift) -> bool:
    """Whether Application Auto Scaling moves the capacity of a table, or of one of its indexes."""
    table = dynamodb.describe_table(aws, found.physical_id)
    indexes = [index.name for index in table.indexes if not index.is_local] if table is not None else []
    return bool(scaling.scalable_targets(aws, found.physical_id, indexes))


def _detection(aws: Clients, check: DriftCheck) -> Detection | None:
    """How far it is; None when AWS does not know it any more."""
    try:
        return cloudformation.drift_detection(aws, check.detection_id)
    except (Missing, Refused):
        return None


def _refused(check: DriftCheck, refusal: AwsError) -> datetime | None:
    """AWS will not: why is kept, and the next try is that of the next night."""
    log.warning("drift_refused", stack=check.stack.name, trouble=str(refusal))
    _keep(check, detection_id="", reason=refusal.sentence)
    return next_night(check.stack, timezone.now())


def _keep(check: DriftCheck, **columns: object) -> None:
    """Write columns, in memory too, while the lease is ours."""
    for name, value in columns.items():
        setattr(check, name, value)
    DriftCheck.objects.filter(pk=check.pk, looking_until=check.looking_until).update(**columns)
