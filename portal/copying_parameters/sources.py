"""Where values can be copied from."""

from collections.abc import Sequence

from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Environment, Parameter

GONE = frozenset({EnvironmentStatus.REMOVED, EnvironmentStatus.REQUESTED})


def sources_of(target: Environment) -> list[Environment]:
    """The other environments of the application whose parameters are known."""
    rows = Environment.objects.filter(application=target.application).exclude(pk=target.pk)
    known = Parameter.objects.filter(gone_at__isnull=True).values("environment")
    rows = rows.exclude(status__in=GONE).filter(pk__in=known).select_related("account", "owner", "parameter_path")
    return list(rows.order_by("stage", "name"))


def source_of(sources: Sequence[Environment], name: str) -> Environment | None:
    """The one of that name; else the first, None where there is none."""
    return next((one for one in sources if one.name == name), sources[0] if sources else None)
