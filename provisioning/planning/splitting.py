"""Several index changes of one table, put in an order that DynamoDB takes: one a step (T1, T2, T4).

Indexes go before others come, so that a name is free again and the limit of indexes is never passed; an index that
is altered under its name goes and comes back. Tables move side by side, each by one index a step.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.blueprints.shapes import ResolvedResource, Unknown

TABLE = "AWS::DynamoDB::Table"
REMOVE, ADD = "Remove", "Add"
BY_HAND = "Divide it by hand: change one index per update, and write the indexes out as plain values."
ONE_BY_ONE = "Send the billing mode in an update of its own, and the indexes in another."
Index = Mapping[str, Any]
Types = Mapping[str, str]


class IndivisibleError(Exception):
    """More than one index of a table would change, and the way there cannot be worked out."""

    def __init__(self, table: str, sentence: str, fix: str) -> None:
        """`table`, `sentence` and `fix` are shown to people as they are."""
        super().__init__(sentence)
        self.table, self.sentence, self.fix = table, sentence, fix


@dataclass(frozen=True)
class Shape:
    """The global indexes of a table as its template lists them, worked out, and the types of its attributes.
    `anchored` are the attributes that its own keys and its local indexes lean on."""

    indexes: tuple[Index, ...]
    types: Types
    anchored: tuple[str, ...] = ()

    def attributes(self) -> list[dict[str, str]]:
        """The attribute definitions: those in use, and no other, or the table would be refused."""
        used = [*self.anchored, *(name for index in self.indexes for name, _ in _keys(index))]
        return [{"AttributeName": name, "AttributeType": self.types[name]} for name in dict.fromkeys(used)]


@dataclass(frozen=True)
class IndexStep:
    """One index more or less, and what the table's indexes are after it."""

    verb: str
    index: str
    after: Shape


@dataclass(frozen=True)
class Part:
    """One update: the tables whose indexes it brings on by one step, by logical id, and its purpose in words."""

    purpose: str
    tables: Mapping[str, Shape]


def changing(before: Iterable[ResolvedResource], after: Iterable[ResolvedResource]) -> dict[str, list[IndexStep]]:
    """The index changes of every table that both templates have, by the table's name. Raises IndivisibleError."""
    pairs = _pairs(before, after)
    return {_name(new): steps for old, new in pairs if (steps := _steps_of(old, new))}


def divide(before: Iterable[ResolvedResource], after: Iterable[ResolvedResource]) -> list[Part]:
    """The updates that lead from one template to the other; no more than one means that nothing is to be divided.
    The last one is the whole new template. Raises IndivisibleError."""
    found = [(new, steps) for old, new in _pairs(before, after) if (steps := _steps_of(old, new))]
    count = max((len(steps) for _, steps in found), default=0)
    parts = []
    for number in range(count):
        due = [(new, steps[number]) for new, steps in found if number < len(steps)]
        words = "; ".join(f"{step.verb} index {step.index} of {_name(new)}" for new, step in due)
        reached = {new.logical_id: steps[min(number, len(steps) - 1)].after for new, steps in found}
        parts.append(Part(words, reached))
    return parts


def steps(before: Shape, after: Shape) -> list[IndexStep]:
    """From one set of indexes to another, one index at a time."""
    there, wanted = _by_name(before), _by_name(after)
    altered = {name for name in there.keys() & wanted.keys() if there[name] != wanted[name]}
    leaving = [name for name in there if name not in wanted or name in altered]
    coming = [name for name in wanted if name not in there or name in altered]
    kept = {str(index["IndexName"]): index for index in before.indexes}
    new = {str(index["IndexName"]): index for index in after.indexes}
    types = {**before.types}
    found = []
    for name in leaving:
        del kept[name]
        found.append(IndexStep(REMOVE, name, Shape(_ordered(kept, new), dict(types), before.anchored)))
    for name in coming:
        kept[name] = new[name]
        types |= {attribute: after.types[attribute] for attribute, _ in _keys(new[name])}
        found.append(IndexStep(ADD, name, Shape(_ordered(kept, new), dict(types), before.anchored)))
    return found


def _ordered(kept: Mapping[str, Index], goal: Mapping[str, Index]) -> tuple[Index, ...]:
    """In the order of the goal; what is still to go comes last."""
    names = [name for name in goal if name in kept] + [name for name in kept if name not in goal]
    return tuple(kept[name] for name in names)


def _by_name(shape: Shape) -> dict[str, tuple[Any, ...]]:
    """What makes an index another one: its keys with their types, and what it projects (T4)."""
    return {
        str(index["IndexName"]): (
            tuple((attribute, role, shape.types.get(attribute)) for attribute, role in _keys(index)),
            (index.get("Projection") or {}).get("ProjectionType"),
            frozenset((index.get("Projection") or {}).get("NonKeyAttributes") or ()),
        )
        for index in shape.indexes
    }


def _keys(described: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(key["AttributeName"]), str(key["KeyType"])) for key in described.get("KeySchema") or ()]


def _pairs(
    before: Iterable[ResolvedResource], after: Iterable[ResolvedResource]
) -> list[tuple[ResolvedResource, ResolvedResource]]:
    old = {resource.logical_id: resource for resource in before if resource.type == TABLE}
    return [(old[new.logical_id], new) for new in after if new.type == TABLE and new.logical_id in old]


def _steps_of(old: ResolvedResource, new: ResolvedResource) -> list[IndexStep]:
    parts = ("GlobalSecondaryIndexes", "AttributeDefinitions")
    if all(old.properties.get(part) == new.properties.get(part) for part in parts):
        return []
    if any(_has_unknown(one.properties.get(part)) for one in (old, new) for part in parts):
        raise IndivisibleError(
            _name(new), f"The indexes of {_name(new)} change, and only AWS can tell by how many.", BY_HAND
        )
    found = steps(_shape(old), _shape(new))
    if len(found) > 1 and old.properties.get("BillingMode") != new.properties.get("BillingMode"):
        # T8: an index has throughput or not as its table is billed, so a step in between would fit neither.
        raise IndivisibleError(
            _name(new), f"{_name(new)} would change its billing mode and {len(found)} indexes at once.", ONE_BY_ONE
        )
    return found


def _shape(table: ResolvedResource) -> Shape:
    properties = table.properties
    anchored = [properties, *(properties.get("LocalSecondaryIndexes") or ())]
    return Shape(
        indexes=tuple(properties.get("GlobalSecondaryIndexes") or ()),
        types={one["AttributeName"]: one["AttributeType"] for one in properties.get("AttributeDefinitions") or ()},
        anchored=tuple(name for part in anchored for name, _ in _keys(part)),
    )


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_unknown(inner) for inner in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(_has_unknown(inner) for inner in value)
    return isinstance(value, Unknown)


def _name(table: ResolvedResource) -> str:
    name = table.properties.get("TableName")
    return name if isinstance(name, str) else table.logical_id
