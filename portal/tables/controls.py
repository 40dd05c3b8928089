"""The one row of controls above the items: what can be asked of a table, and what the form says now."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.tables.asked import FilterRow, Typed
from provisioning.items.operators import OPERATORS, VALUE_TYPES, Operator, sort_operators_for
from provisioning.items.query import PAGE_SIZES, Shape, View
from provisioning.items.values import TYPES
from provisioning.models import Table

ALWAYS_LATE = "never of a global index"
_HINTS: Mapping[str, str] = {"N": "number", "B": "base64", "S": "text"}
_CARRIES = {"ALL": "", "KEYS_ONLY": "keys only", "INCLUDE": "some attributes"}


@dataclass(frozen=True)
class Place:
    """Something that can be read: the table itself, or one of its indexes. `note` says what it leaves out and in which
    state it is; `ready` whether it can be read now."""

    name: str
    label: str
    note: str
    ready: bool


@dataclass(frozen=True)
class KeyField:
    """A key attribute as something to fill in; `hint` says what is expected."""

    name: str
    type: str
    hint: str


@dataclass(frozen=True)
class Controls:
    """What the row offers. `why_not_consistent` is empty where consistent reading can be had (pitfall 27)."""

    typed: Typed
    places: tuple[Place, ...]
    view: View
    partition: KeyField
    sort: KeyField | None
    sort_operators: tuple[Operator, ...]
    operators: tuple[tuple[Operator, str], ...]
    types: tuple[tuple[str, str], ...]
    sizes: tuple[str, ...]
    why_not_consistent: str
    spare: FilterRow

    @property
    def building(self) -> Place | None:
        """The place that is asked, when it cannot be read now."""
        return next((place for place in self.places if place.name == self.view.name and not place.ready), None)


def controls_of(row: Table, shape: Shape, typed: Typed) -> Controls:
    """The controls for what was typed; of an index that is not there the table's own."""
    view = shape.view(typed.index) or shape.itself
    sort = _key(view.sort, shape) if view.sort else None
    return Controls(
        typed=typed,
        places=places(row, shape),
        view=view,
        partition=_key(view.partition, shape),
        sort=sort,
        sort_operators=sort_operators_for(sort.type) if sort else (),
        operators=tuple((one, " ".join(sorted(one.types))) for one in OPERATORS.values()),
        types=tuple((kind, TYPES[kind]) for kind in VALUE_TYPES),
        sizes=_sizes(typed.size),
        why_not_consistent=ALWAYS_LATE if view.is_global else "",
        spare=FilterRow(),
    )


def _sizes(typed: str) -> tuple[str, ...]:
    """The sizes that are offered, and the one of a link that has another."""
    offered = tuple(map(str, PAGE_SIZES))
    own = typed.isascii() and typed.isdecimal() and typed not in offered and len(typed) < 4
    return (*offered, typed) if own else offered


def _key(name: str, shape: Shape) -> KeyField:
    kind = shape.types.get(name, "S")
    return KeyField(name, kind, _HINTS.get(kind, ""))


def places(row: Table, shape: Shape) -> tuple[Place, ...]:
    """The table and its indexes, with what is to be said of each."""
    described = {index["name"]: index for index in row.described.get("indexes", ())}
    found = [Place("", "The table itself", _keys(shape.itself), ready=True)]
    for view in shape.indexes:
        index = described.get(view.name, {})
        state = _state(index.get("status", ""), backfilling=bool(index.get("backfilling")))
        notes = [_keys(view), _CARRIES.get(view.projection, ""), "local" if view.is_local else "", state]
        ready = not state or state == "changing"
        found.append(Place(view.name, view.name, " · ".join(note for note in notes if note), ready=ready))
    return tuple(found)


def _keys(view: View) -> str:
    return ", ".join(view.keys)


def _state(status: str, *, backfilling: bool) -> str:
    """The state of an index in words; empty while it is in order."""
    if status == "CREATING" or backfilling:
        return "being built"
    return {"DELETING": "being deleted", "UPDATING": "changing"}.get(status, "")
