"""A compute stack that came up, or was changed, as a release: the checks of its environment are the proof."""

from typing import Any

from provisioning.aws import parameters as store
from provisioning.engine.deploying.live import mark_all, mark_unseen, versions_now
from provisioning.engine.deploying.releasing import deployed
from provisioning.engine.deploying.target import rolled_by_stack
from provisioning.engine.parameters.noticing import notice
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind, LiveFrom, Outcome, StackKind
from provisioning.models import Check, Release

COUNTS = {"AWS::ECS::Service": "DesiredCount", "AWS::AutoScaling::AutoScalingGroup": "DesiredCapacity"}
RUNS = frozenset({"Tasks run", "Instances run"})
COMPUTE = "Compute"


def brings_release(work: Work) -> bool:
    """Whether the change has sent something to the compute stack, or is the first one here to be written down."""
    if not work.stacks[StackKind.COMPUTE].outputs:
        return False
    sent = any(one.called_at is not None for one in work.parts.get(StackKind.COMPUTE, []))
    return sent or not Release.objects.filter(environment=work.change.environment).exists()


def notice_parameters(work: Work) -> None:
    """Write down the parameters as the last look at the configuration found them: a release names their versions."""
    environment = work.change.environment
    path = work.blueprint.path(environment.name)
    if path is None:
        return
    found = work.parameters
    if found is None:
        found = {one.name: one for one in store.parameters_by_path(work.aws, path)}
    notice(environment, path, found.values(), lambda _: work.aws)


def mark_started(work: Work) -> None:
    """What was started by this change read what was stored before it. Where nothing new was started, what is known of
    what runs stays."""
    environment, brought_up = work.change.environment, work.change.kind in {ChangeKind.CREATE, ChangeKind.WAKE}
    if not (brought_up or rolled_by_stack(work)):
        return
    runs = Check.objects.filter(environment=environment, group=COMPUTE, label__in=RUNS).values_list(
        "outcome", flat=True
    )
    of = _wanted(work)
    if of and set(runs) == {Outcome.GOOD}:
        mark_all(environment, versions_now(environment), of)
    else:
        mark_unseen(environment)


def _wanted(work: Work) -> int:
    """How many tasks or instances the template asks for, as far as it says so plainly."""
    found = [one.properties.get(COUNTS[one.type]) for one in deployed(work) if one.type in COUNTS]
    return sum(
        int(count) for count in found if isinstance(count, int) or (isinstance(count, str) and count.isdecimal())
    )


def proof_by_checks(work: Work) -> dict[str, Any]:
    """What the checks of the compute stack found, as a release keeps it."""
    checks = list(Check.objects.filter(environment=work.change.environment, group=COMPUTE))
    seen = any(one.label in RUNS and one.outcome == Outcome.GOOD for one in checks)
    return {
        "healthy": True if seen else None,
        "lines": [f"{one.label}: {one.detail}" for one in checks if one.outcome == Outcome.GOOD],
        "blind": list(dict.fromkeys(one.detail for one in checks if one.outcome == Outcome.UNKNOWN)),
        "from": str(LiveFrom.STARTED if seen else LiveFrom.UNSEEN),
        "seconds": 0,
        "watched_minutes": 0,
    }
