"""Looking at parameters: whoever opens a page about them wants them newer than they are, and asks no AWS for it."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from provisioning.engine.parameters.reading import FRESH, want
from provisioning.models import Environment, ParameterPath
from provisioning.tasks import ring_parameters


def do_look_at_parameters(environments: Sequence[Environment]) -> int:
    """Ask for a newer reading of these environments' paths where the last one is older than 30 seconds; returns for how
    many. Anybody who may open the page may: however many look, a path is read once in 30 seconds (pitfall 4). Nothing
    is written where all are fresh; one query, none where `parameter_path` is at hand."""
    now = timezone.now()
    old = [environment for environment in environments if _is_old(environment, now)]
    asked = want(old) if old else []
    for path_id in asked:
        ring_parameters(path_id)
    return len(asked)


def _is_old(environment: Environment, now: datetime) -> bool:
    try:
        path = environment.parameter_path
    except ParameterPath.DoesNotExist:
        return True
    return path.read_due_at is None and (path.read_at is None or path.read_at < now - FRESH)
