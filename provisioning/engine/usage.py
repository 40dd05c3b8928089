"""What is assumed about the use of an environment: as its last request said, so that later plans are priced alike."""

from provisioning.costs.usage import Usage, kept_usage
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Change, Environment

SAYS = (ChangeKind.CREATE, ChangeKind.UPDATE)


def usage_of(environment: Environment) -> Usage:
    """What the newest successful request that said anything about it assumed; the usual use where none did."""
    said = Change.objects.filter(
        environment=environment, kind__in=SAYS, status=ChangeStatus.SUCCEEDED, goal__has_key="usage"
    )
    goal = said.order_by("-requested_at").values_list("goal", flat=True).first()
    return kept_usage(goal or {})


def usage_of_change(change: Change) -> Usage:
    """What a change's plan is priced on: what its own request says, else what is assumed of its environment."""
    return kept_usage(change.goal) if "usage" in change.goal else usage_of(change.environment)
