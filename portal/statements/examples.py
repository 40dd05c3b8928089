"""Statements to begin with: each names a partition, so that the first click is never a scan (pitfall 28)."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.tables.patterns import logical_id_of
from provisioning.blueprints.loader import library
from provisioning.items.query import Shape, View
from provisioning.models import Table

_STAND_INS = {"S": "'…'", "N": "0", "B": "?"}


@dataclass(frozen=True)
class Example:
    """A statement with a name; `writes` says that it alters an item."""

    title: str
    text: str
    writes: bool = False


def examples(row: Table, shape: Shape) -> tuple[Example, ...]:
    """One for each of the application's own questions, each index without one, and each kind of write. The first is
    what the editor starts with."""
    asked = list(_patterns(row, shape))
    known = {example.text for example in asked}
    plain = (_select(f"By {view.partition}", view, shape) for view in (shape.itself, *shape.indexes))
    return (*asked, *(one for one in plain if one.text not in known), *_writes(shape))


def _patterns(row: Table, shape: Shape) -> Iterator[Example]:
    blueprint = library().blueprints.get(row.application)
    logical_id = logical_id_of(row) if blueprint else ""
    for pattern in blueprint.patterns if blueprint else ():
        view = shape.view(pattern.index or "")
        if pattern.table == logical_id and view is not None and view.partition == pattern.partition_key:
            yield _select(pattern.title, view, shape, descending=pattern.descending)


def _select(title: str, view: View, shape: Shape, *, descending: bool = False) -> Example:
    source = quoted(shape.table) + (f".{quoted(view.name)}" if view.name else "")
    order = f"\nORDER BY {quoted(view.sort)} DESC" if descending and view.sort else ""
    where = f"{quoted(view.partition)} = {_stand_in(view.partition, shape)}"
    return Example(title, "\n".join(["SELECT *", f"FROM {source}", f"WHERE {where}{order}"]))


def _writes(shape: Shape) -> Iterator[Example]:
    table = quoted(shape.table)
    key = " AND ".join(f"{quoted(name)} = {_stand_in(name, shape)}" for name in shape.itself.keys)
    whole = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': {_stand_in(name, shape)}" for name in shape.itself.keys)
    yield Example("Change an item", "\n".join([f"UPDATE {table}", "SET \"…\" = '…'", f"WHERE {key}"]), writes=True)
    yield Example("New item", "\n".join([f"INSERT INTO {table}", f"VALUE {{{whole}}}"]), writes=True)
    yield Example("Delete an item", "\n".join(["DELETE", f"FROM {table}", f"WHERE {key}"]), writes=True)


def _stand_in(name: str, shape: Shape) -> str:
    return _STAND_INS[shape.types.get(name, "S")]


def quoted(name: str) -> str:
    """A name as statements have it."""
    return '"' + name.replace('"', '""') + '"'
