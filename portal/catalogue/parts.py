"""What an application creates, in words: read from its resolved templates, so it is never out of step with them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from provisioning.blueprints.model import Blueprint, TablePromise
from provisioning.blueprints.shapes import Resolved, ResolvedResource

_TABLE = "AWS::DynamoDB::Table"


@dataclass(frozen=True)
class TableLine:
    """A table with its keys and indexes in words; `traits` are such as expiry and streams."""

    name: str
    keys: str
    indexes: tuple[tuple[str, str], ...]
    traits: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One line of what is created: how many of what, and what to know about them."""

    icon: str
    label: str
    detail: str = ""
    tables: tuple[TableLine, ...] = ()


def table_lines(promises: Iterable[TablePromise]) -> tuple[TableLine, ...]:
    """Tables as the catalogue shows them."""
    return tuple(
        TableLine(
            one.name,
            _keys(one.key_schema),
            tuple((index.name, _keys(index.key_schema)) for index in one.indexes),
            tuple(_traits(one)),
        )
        for one in promises
    )


def _keys(schema: Iterable[tuple[str, str]]) -> str:
    return ", ".join(attribute for attribute, _ in schema)


def _traits(table: TablePromise) -> Iterable[str]:
    if table.ttl_attribute:
        yield f"items expire by {table.ttl_attribute}"
    if table.stream:
        yield "stream"
    if table.point_in_time_recovery:
        yield "point-in-time recovery"
    if table.deletion_protection:
        yield "refuses deletion"


def parts_of(blueprint: Blueprint, stacks: Iterable[Resolved], tables: tuple[TableLine, ...]) -> tuple[Part, ...]:
    """The lines of a catalogue card: tables first, what is merely plumbing last."""
    resources = [resource for resolved in stacks for resource in resolved.resources]
    parts = [Part("data", _counted(len(tables), "table"), tables=tables)] if tables else []
    known = {_TABLE}
    for kind, icon, describe in _WORDS:
        of_kind = [one for one in resources if one.type == kind]
        known.add(kind)
        if of_kind:
            parts.append(describe(icon, of_kind, resources))
    if blueprint.flags:
        keys = ", ".join(flag.key for flag in blueprint.flags)
        parts.append(Part("flags", _counted(len(blueprint.flags), "flag"), keys))
    others = sum(1 for one in resources if one.type not in known)
    if others:
        parts.append(
            Part("more", _counted(others, "supporting resource"), "roles, security groups, listeners and such")
        )
    return tuple(parts)


Described = Callable[[str, list[ResolvedResource], list[ResolvedResource]], Part]


def _balancer(icon: str, found: list[ResolvedResource], _all: list[ResolvedResource]) -> Part:
    is_open = found[0].properties.get("Scheme") == "internet-facing"
    return Part(icon, _counted(len(found), "load balancer"), "reachable from the internet" if is_open else "internal")


def _machines(icon: str, found: list[ResolvedResource], everything: list[ResolvedResource]) -> Part:
    group = found[0].properties
    count = _whole(group.get("DesiredCapacity", group.get("MinSize")), 1)
    launch = next((one for one in everything if one.type == "AWS::EC2::LaunchTemplate"), None)
    size = launch.properties.get("LaunchTemplateData", {}).get("InstanceType", "") if launch else ""
    return Part(icon, _counted(count, "machine"), f"{size}, replaced when it fails" if isinstance(size, str) else "")


def _containers(icon: str, found: list[ResolvedResource], everything: list[ResolvedResource]) -> Part:
    count = _whole(found[0].properties.get("DesiredCount"), 1)
    task = next((one for one in everything if one.type == "AWS::ECS::TaskDefinition"), None)
    cpu, memory = (_whole(task.properties.get(key), 0) if task else 0 for key in ("Cpu", "Memory"))
    size = f"{cpu / 1024:g} processors and {memory / 1024:g} GiB each" if cpu and memory else ""
    return Part(icon, _counted(count, "container"), f"on Fargate, {size}" if size else "on Fargate")


def _parameters(icon: str, found: list[ResolvedResource], _all: list[ResolvedResource]) -> Part:
    names = [str(one.properties.get("Name", "")) for one in found]
    under = names[0].rpartition("/")[0] + "/" if "/" in names[0] else ""
    return Part(icon, _counted(len(found), "parameter"), f"under {under}" if under else "")


def _alarms(icon: str, found: list[ResolvedResource], _all: list[ResolvedResource]) -> Part:
    return Part(icon, _counted(len(found), "alarm"))


_WORDS: tuple[tuple[str, str, Described], ...] = (
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "compute", _balancer),
    ("AWS::AutoScaling::AutoScalingGroup", "compute", _machines),
    ("AWS::ECS::Service", "compute", _containers),
    ("AWS::SSM::Parameter", "flags", _parameters),
    ("AWS::CloudWatch::Alarm", "warning", _alarms),
)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _whole(value: Any, otherwise: int) -> int:
    text = str(value)
    return int(text) if text.isdigit() else otherwise
