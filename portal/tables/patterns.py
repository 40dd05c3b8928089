"""The questions that an application asks of a table, by name, as its blueprint lists them."""

from dataclasses import dataclass
from urllib.parse import urlencode

from portal.tables.asked import Asked
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import AccessPattern
from provisioning.items.query import Shape
from provisioning.models import StackResource, Table

_ASK = "ask"  # the part of the address that puts the cursor into the partition's field


@dataclass(frozen=True)
class Chip:
    """A question as a link: it fills in the row of controls and waits for the value."""

    title: str
    link: str
    here: bool


def patterns_of(row: Table, shape: Shape) -> tuple[AccessPattern, ...]:
    """The questions about this table whose index is there."""
    blueprint = library().blueprints.get(row.application)
    logical_id = logical_id_of(row) if blueprint else ""
    mine = (one for one in (blueprint.patterns if blueprint else ()) if one.table == logical_id)
    return tuple(one for one in mine if (view := shape.view(one.index or "")) and view.partition == one.partition_key)


def chips(row: Table, shape: Shape, asked: Asked) -> tuple[Chip, ...]:
    """The same as links."""
    found = []
    for pattern in patterns_of(row, shape):
        index = pattern.index or ""
        pairs = [("index", index)] if index else []
        pairs += [("order", "desc")] if pattern.descending else []
        here = (asked.typed.index, asked.typed.order == "desc", bool(asked.typed.pk)) == (
            index,
            pattern.descending,
            True,
        )
        found.append(Chip(pattern.title, f"?{urlencode([*pairs, (_ASK, '1')])}#pk", here))
    return tuple(found)


def logical_id_of(row: Table) -> str:
    """What the table is called in its template; empty when nobody knows."""
    if row.logical_id:
        return row.logical_id
    found = StackResource.objects.filter(stack__environment=row.environment_id, physical_id=row.name)
    return str(found.values_list("logical_id", flat=True).first() or "")
