"""Environments that are created, updated and parked by a person, and what a life must look like when it is over.

What a quiet life looks like is not written down here: one is lived undisturbed, and all the others must be the same
in AWS and in the audit.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.asking import UnexpectedPageError, ask_act, ask_create, change_path
from bench.running import until
from bench.visitor import Visitor
from provisioning.lifecycle import OPEN_CHANGES, ChangeStatus
from provisioning.models import AuditEntry, Change, Environment, Operation

APPLICATION = "hello-erlang"
STACK = "AWS::CloudFormation::Stack"
SECONDS = 240.0  # a killed worker's lease runs out before anybody goes on; a busy machine is slow

Aws = Callable[[str], Any]


@dataclass
class Life:
    """One environment and the changes that were asked for so far."""

    name: str
    paths: list[str] = field(default_factory=list)

    def begin(self, person: Visitor) -> "Life":
        """Ask for the environment."""
        self.paths.append(ask_create(person, APPLICATION, self.name))
        return self

    def go_on(self, person: Visitor) -> None:
        """Ask for what comes next."""
        self.paths.append(_update(person, self.name) if len(self.paths) == 1 else _park(person, self.name))

    @property
    def rests(self) -> bool:
        """Whether its newest change has ended. Raises UnexpectedPageError when it ended otherwise than well."""
        change = Change.objects.get(pk=self.paths[-1].split("/")[2])
        if change.status not in OPEN_CHANGES and change.status != ChangeStatus.SUCCEEDED:
            raise UnexpectedPageError(f"{self.name}: {change.kind} is {change.status}: {change.problem}")
        return change.status == ChangeStatus.SUCCEEDED


@dataclass(frozen=True)
class Traces:
    """What a life left: per stack how often AWS began and ended what, the change sets that are still there, the
    audit's verbs, and how its changes ended."""

    stacks: dict[str, Counter[str]]
    change_sets: int
    audit: Counter[str]
    changes: Counter[str]


def _update(person: Visitor, name: str) -> str:
    form = person.get(f"/environments/{APPLICATION}/{name}/update/").form("/update/")
    return change_path(person.post(form.action, form.filled({"compute.HealthCheckPath": "/alive"})))


def _park(person: Visitor, name: str) -> str:
    return ask_act(person, APPLICATION, name, "park")


def all_rest(lives: Sequence[Life], what: str) -> None:
    """Return when the newest change of every life has succeeded."""
    until(lambda: all(life.rests for life in lives), what, seconds=SECONDS, pause=0.2)


def traces(aws: Aws, name: str) -> Traces:
    """What is to be seen of an environment when nothing moves any more."""
    environment = Environment.objects.get(application=APPLICATION, name=name)
    ids = _stack_ids(aws, {f"{APPLICATION}-data-{name}": "data", f"{APPLICATION}-{name}": "compute"})
    return Traces(
        {kind: _begun_and_ended(aws, one) for one, kind in ids.items()},
        sum(_change_sets(aws, one) for one in ids),
        Counter(AuditEntry.objects.filter(environment=environment).values_list("verb", flat=True)),
        Counter(f"{one.kind} {one.status}" for one in Change.objects.filter(environment=environment)),
    )


def _stack_ids(aws: Aws, names: dict[str, str]) -> dict[str, str]:
    """The kind by id of every stack that ever had one of the names: a second one would be a doubled create."""
    pages = aws("cloudformation").get_paginator("list_stacks").paginate()
    found = [one for page in pages for one in page["StackSummaries"] if one["StackName"] in names]
    assert sorted(one["StackName"] for one in found) == sorted(names), found
    return {one["StackId"]: names[one["StackName"]] for one in found}


def _begun_and_ended(aws: Aws, stack_id: str) -> Counter[str]:
    pages = aws("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack_id)
    events = [one for page in pages for one in page["StackEvents"] if one["ResourceType"] == STACK]
    return Counter(one["ResourceStatus"] for one in events)


def _change_sets(aws: Aws, stack_id: str) -> int:
    cloudformation = aws("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
    if stack["StackStatus"] == "DELETE_COMPLETE":
        return 0
    return len(cloudformation.list_change_sets(StackName=stack_id)["Summaries"])


def nothing_is_left_over() -> None:
    """No part of any change is open, no change was set aside, no lease is held for ever."""
    assert not Operation.objects.filter(is_open=True).exists()
    assert not Change.objects.filter(set_aside_at__isnull=False).exists()
    assert not Change.objects.filter(status__in=OPEN_CHANGES).exists()


def same_as(quiet: dict[int, Traces], aws: Aws, lives: Sequence[Life]) -> None:
    """Every life left what a quiet one of as many changes leaves, and nothing is left over."""
    for life in lives:
        assert traces(aws, life.name) == quiet[len(life.paths)], life.name
    nothing_is_left_over()
