"""How long each stop usually takes: the median of the last changes of the same kind and application."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import median

from django.core.cache import cache

from provisioning.engine.playbooks import PLAYBOOKS
from provisioning.lifecycle import ChangeStatus, StepState
from provisioning.models import Change, Step

PAST, ENOUGH = 20, 3
KEPT = 60  # seconds; a page that polls each second must not ask for history each second


def usual_times(change: Change) -> Mapping[str, int]:
    """Seconds by stop; a stop with fewer than three past runs is left out."""
    key = f"usual:{change.environment.application}:{change.kind}"
    known: Mapping[str, int] | None = cache.get(key)
    if known is None:
        known = _measured(change)
        cache.set(key, known, KEPT)
    return known


def _measured(change: Change) -> Mapping[str, int]:
    past = Change.objects.filter(
        kind=change.kind,
        status=ChangeStatus.SUCCEEDED,
        attempt=1,
        environment__application=change.environment.application,
    ).order_by("-requested_at")[:PAST]
    steps = Step.objects.filter(change__in=list(past.values_list("pk", flat=True)), state=StepState.DONE)
    spans: dict[tuple[object, str], list[float]] = defaultdict(list)
    for row in steps.values_list("change_id", "name", "started_at", "finished_at"):
        change_id, name, start, end = row
        known = PLAYBOOKS[change.kind].step(name)
        if known and start and end:
            spans[change_id, known.stop].append((end - start).total_seconds())
    by_stop: dict[str, list[float]] = defaultdict(list)
    for (_, stop), parts in spans.items():
        by_stop[stop].append(sum(parts))
    return {stop: round(median(runs)) for stop, runs in by_stop.items() if len(runs) >= ENOUGH and median(runs) >= 1}
