"""The questions that an application asks of a table, by name, as its blueprint lists them."""

from dataclasses import dataclass
from urllib.parse import urlencode

from portal.tables.asked import Asked
from provisioning.blueprints.loader import library
from provisioning.items.query import Shape
from provisioning.models import StackResource, Table

_ASK = "ask"  # the part of the address that puts the cursor into the partition's field


@dataclass(frozen=True)
class Chip:
    """A question as a link: it fills in the row of controls and waits for the value."""

    title: str
    link: str
    here: bool


def chips(row: Table, shape: Shape, asked: Asked) -> tuple[Chip, ...]:
    """The questions about this table whose index is there."""
    blueprint = library().blueprints.get(row.application)
    logical_id = logical_id_of(row) if blueprint else ""
    found = []
    for pattern in blueprint.patterns if blueprint else ():
        view = shape.view(pattern.index or "")
        if pattern.table != logical_id or view is None or view.partition != pattern.partition_key:
            continue
        pairs = [("index", view.name)] if view.name else []
        pairs += [("order", "desc")] if pattern.descending else []
        here = (asked.typed.index, asked.typed.order == "desc", bool(asked.typed.pk)) == (
            view.name,
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
