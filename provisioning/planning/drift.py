"""What of a drift counts, what was accepted, and which parameter could take a real value over. Pure."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from provisioning.blueprints.shapes import Template
from provisioning.blueprints.values import validate_values
from provisioning.planning.changes import HIDDEN

Difference = Mapping[str, Any]

TABLE = "AWS::DynamoDB::Table"
ACCEPTED = "taken as it is from now on"
NOT_SET = "null"  # AWS's word for a value that is not there
# What the service itself moves while it works; a number of its own in a template says where it starts.
_COUNTS = {"AWS::ECS::Service": "/DesiredCount", "AWS::AutoScaling::AutoScalingGroup": "/DesiredCapacity"}
_CAPACITY = re.compile(r"(?:/GlobalSecondaryIndexes/\d+)?/ProvisionedThroughput(?:/\w+)?")
_PROTECTION = "/DeletionProtectionEnabled"


def counting(
    type_: str, differences: Iterable[Difference], *, scaled: bool = False, unprotected: bool = False
) -> list[dict[str, Any]]:
    """The differences that are drift: without capacity that Application Auto Scaling moves, where it is registered
    for the table (`scaled`, T10), without the number of tasks or machines that run, and without deletion protection
    that was switched off knowingly (`unprotected`)."""
    return [
        dict(one) for one in differences if not _moves_by_itself(type_, one["path"], scaled=scaled, free=unprotected)
    ]


def _moves_by_itself(type_: str, path: str, *, scaled: bool, free: bool) -> bool:
    if _COUNTS.get(type_) == path:
        return True
    if type_ != TABLE:
        return False
    return (scaled and _CAPACITY.fullmatch(path) is not None) or (free and path == _PROTECTION)


def open_differences(differences: Iterable[Difference], accepted: Iterable[Difference]) -> list[dict[str, Any]]:
    """The differences that nobody accepted. One that was accepted counts again as soon as the value is another."""
    agreed = {(one["path"], one["actual"]) for one in accepted}
    return [dict(one) for one in differences if (one["path"], one["actual"]) not in agreed]


def deciding_parameter(template: Template, logical_id: str, path: str) -> str:
    """The parameter that alone decides a property, because its value is a plain Ref to it; empty when there is none,
    or when its value is hidden."""
    value: Any = template.resources.get(logical_id, {}).get("Properties")
    for part in filter(None, path.split("/")):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return ""
    name = value.get("Ref") if isinstance(value, dict) and len(value) == 1 else None
    parameter = template.parameters.get(str(name))
    return "" if parameter is None or parameter.no_echo or parameter.is_list else parameter.name


def values_taken(
    template: Template, values: Mapping[str, str], picks: Iterable[Difference], never: Collection[str]
) -> dict[str, str]:
    """The parameters that are to get the real value of a pick, by name. `never` are those that Stackyard fills in.

    Left out are values that the template does not allow, and parameters that decide anything beside the picks: the
    new value would change more than what was accepted."""
    wanted: dict[str, list[str]] = {}
    for pick in picks:
        name = deciding_parameter(template, pick["logical_id"], pick["path"])
        if name and name not in never and pick["kind"] == "NOT_EQUAL" and pick["actual"] not in {HIDDEN, NOT_SET}:
            wanted.setdefault(name, []).append(pick["actual"])
    single = {
        name: found[0] for name, found in wanted.items() if len(set(found)) == 1 and _uses(template, name) == len(found)
    }
    return {name: value for name, value in single.items() if not validate_values(template, {**values, name: value})}


def _uses(template: Template, name: str) -> int:
    """How often a template refers to a parameter."""
    return sum(map(_refers(name), _leaves([template.resources, template.conditions, template.outputs])))


def _refers(name: str) -> Callable[[tuple[str, Any]], int]:
    inside = re.compile(r"\$\{" + re.escape(name) + r"[}.]")
    return lambda leaf: int(leaf == ("Ref", name)) or len(inside.findall(str(leaf[1])))


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in a template that is no list and no mapping, each with the key that it stands under."""
    if isinstance(value, Mapping):
        for inner_key, inner in value.items():
            yield from _leaves(inner, str(inner_key))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, key)
    else:
        yield key, value


def accepted_rows(picks: Sequence[Difference]) -> list[dict[str, Any]]:
    """Rows of a plan that takes things as they are: nothing in AWS is altered by them."""
    by_resource: dict[str, list[Difference]] = {}
    for pick in picks:
        by_resource.setdefault(pick["logical_id"], []).append(pick)
    return [_accepted_row(logical_id, found) for logical_id, found in sorted(by_resource.items())]


def _accepted_row(logical_id: str, picks: Sequence[Difference]) -> dict[str, Any]:
    name = picks[0]["physical_id"] or logical_id
    return {
        "logical_id": logical_id,
        "physical_id": picks[0]["physical_id"],
        "name": name,
        "type": picks[0]["type"],
        "action": "SyncWithActual",
        "replacement": "False",
        "policy_action": "",
        "details": [
            {
                "path": f"/Properties{pick['path']}",
                "before": pick["expected"],
                "after": pick["actual"],
                "requires_recreation": "Never",
                "cause": ACCEPTED,
            }
            for pick in sorted(picks, key=lambda pick: str(pick["path"]))
        ],
    }
