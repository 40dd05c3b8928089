"""How long AWS takes with each type of resource, learned from our own events: what "usually" means on a page."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Count

from provisioning.models import Operation, ResourceTime

STACK_TYPE = "AWS::CloudFormation::Stack"
KEPT = 200  # of each type and verb, the newest
SLACK = 50  # so many more before the oldest are forgotten, so that not every operation has to
VERBS = ("create", "update", "delete")


def learn(operation: Operation) -> None:
    """Keep how long each resource of an operation that has ended took; called once, when its end is written down.

    A resource that failed teaches nothing: its time says when it gave up.
    """
    rows = operation.change.events.filter(stack=operation.stack, token=operation.token).exclude(type=STACK_TYPE)
    begun: dict[tuple[str, str], datetime] = {}
    learned: list[ResourceTime] = []
    for name, kind, status, at in rows.order_by("at", "id").values_list("logical_id", "type", "status", "at"):
        verb, _, state = status.lower().partition("_")
        if verb not in VERBS:
            continue
        if state == "in_progress":
            begun.setdefault((name, verb), at)
            continue
        start = begun.pop((name, verb), None)
        if start is not None and state == "complete":
            learned.append(ResourceTime(type=kind, verb=verb, seconds=(at - start).total_seconds(), at=at))
    if learned:
        ResourceTime.objects.bulk_create(learned)
        _forget_the_oldest({one.type for one in learned})


def _forget_the_oldest(types: Collection[str]) -> None:
    counted = ResourceTime.objects.filter(type__in=types).values("type", "verb").annotate(rows=Count("id"))
    for found in counted.filter(rows__gt=KEPT + SLACK):
        same = ResourceTime.objects.filter(type=found["type"], verb=found["verb"])
        newest = same.order_by("-at", "-id").values_list("pk", flat=True)[:KEPT]
        same.exclude(pk__in=list(newest)).delete()


def times_of(types: Collection[str]) -> Mapping[tuple[str, str], list[float]]:
    """What was learned of these types: seconds by type and verb, in one query."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for kind, verb, seconds in ResourceTime.objects.filter(type__in=types).values_list("type", "verb", "seconds"):
        found[kind, verb].append(seconds)
    return found
