"""A table that exists beside what the template promises under its name: may the stack take it over (R4–R10)?

An import takes the template's word for what a table is (R7), and the update after it then sees no difference. So what
neither of the two would bring about must agree before: keys, indexes, billing, stream. Expiry, recovery and deletion
protection do not stop it, because Stackyard switches those on itself; what is on already is left on. Capacity is not
compared: autoscaling moves it (T10).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from provisioning.aws.dynamodb import Table, TimeToLive
from provisioning.blueprints.model import TablePromise

NONE, ON, OFF = "none", "on", "off"
TYPES = {"S": "text", "N": "number", "B": "binary"}
ANOTHER_NAME = "Choose another environment name, or move the items into a table with the template's keys first."
SAME_SHAPE = (
    "Set the values or the template to what the table has (the billing mode, say), or change the table itself first;"
    " its items stay. Then retry."
)
OTHER_EXPIRY = "Let the template name the attribute that the table has, or switch expiry off and retry an hour later."
Keys = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Kept:
    """A table that is there. `owner` is the name of the stack that has it, empty when none does."""

    table: Table
    expiry: TimeToLive
    recovers: bool
    owner: str = ""


@dataclass(frozen=True)
class Line:
    """One thing compared: what the template says, what the table has, and whether those agree."""

    what: str
    template: str
    table: str
    same: bool


@dataclass(frozen=True)
class Comparison:
    """A table beside its promise. `reason` says in words why it cannot be taken over; it is empty when it fits.
    `table_id` and `created_at` tell this table from a later one of the same name."""

    table: str
    logical_id: str
    lines: tuple[Line, ...]
    reason: str
    fix: str
    table_id: str
    created_at: str

    @property
    def fits(self) -> bool:
        """Whether it may be taken over."""
        return not self.reason

    def as_dict(self) -> dict[str, Any]:
        """The comparison as a plan keeps it."""
        return {
            "table": self.table,
            "fits": self.fits,
            "reason": self.reason,
            "lines": [asdict(line) for line in self.lines],
            "table_id": self.table_id,
            "created_at": self.created_at,
        }


def compare(promise: TablePromise, kept: Kept) -> Comparison:
    """Hold a table against its promise; the first thing that cannot be, in order of weight, is the reason."""
    table = kept.table
    reason, fix = next(_refusals(promise, kept), ("", ""))
    return Comparison(
        table=table.name,
        logical_id=promise.logical_id,
        lines=tuple(_lines(promise, kept)),
        reason=reason,
        fix=fix,
        table_id=table.table_id,
        created_at=table.created_at.isoformat() if table.created_at else "",
    )


def _lines(promise: TablePromise, kept: Kept) -> Iterator[Line]:
    table = kept.table
    yield _line(
        "Keys", _typed(promise.key_schema, promise.attribute_types), _typed(_keys(table), table.attribute_types)
    )
    wanted, there = promised_indexes(promise), found_indexes(table)
    for name in sorted({**wanted, **there}):
        yield _line(f"Index {name}", wanted.get(name, NONE), there.get(name, NONE))
    yield _line("Billing", promise.billing_mode, table.billing_mode)
    yield _line("Stream", promise.stream or NONE, table.stream_view or NONE)
    yield _line("Expiry", promise.ttl_attribute or OFF, kept.expiry.attribute or OFF)
    yield _line("Point-in-time recovery", _on(promise.point_in_time_recovery), _on(kept.recovers))
    yield _line("Deletion protection", _on(promise.deletion_protection), _on(table.protection))


def _line(what: str, template: str, table: str) -> Line:
    return Line(what, template, table, template == table)


def _refusals(promise: TablePromise, kept: Kept) -> Iterator[tuple[str, str]]:
    name = kept.table.name
    if kept.owner:
        yield (
            f"The table {name} exists already and belongs to the stack {kept.owner}.",
            f"Choose another environment name, or have {kept.owner} give the table up first.",
        )
    for reason in _key_differences(promise, kept.table):
        yield reason, ANOTHER_NAME
    for reason in _shape_differences(promise, kept.table):
        yield reason, SAME_SHAPE
    if promise.ttl_attribute and kept.expiry.attribute not in {"", promise.ttl_attribute}:
        # T5: the attribute cannot change while expiry is on, and items would go on expiring by the other one.
        yield f"The items of {name} expire by {kept.expiry.attribute}, not by {promise.ttl_attribute}.", OTHER_EXPIRY


def _key_differences(promise: TablePromise, table: Table) -> Iterator[str]:
    wanted, there = _by_role(promise.key_schema), _by_role(_keys(table))
    for role, label in (("HASH", "partition key"), ("RANGE", "sort key")):
        want, has = wanted.get(role), there.get(role)
        if want == has:
            continue
        found = f"has the {label} {has}" if has else f"has no {label}"
        yield f"{table.name} {found}, the template wants {want or NONE}."
    for attribute, _ in promise.key_schema:
        want, has = promise.attribute_types.get(attribute), table.attribute_types.get(attribute)
        if attribute in there.values() and want != has:
            yield f"The key {attribute} of {table.name} is of type {_type(has)}, the template wants {_type(want)}."


def _shape_differences(promise: TablePromise, table: Table) -> Iterator[str]:
    wanted, there = promised_indexes(promise), found_indexes(table)
    for name in sorted({**wanted, **there}):
        if name not in there:
            yield f"{table.name} has no index {name}, the template wants one."
        elif name not in wanted:
            yield f"{table.name} has an index {name} that the template does not know."
        elif wanted[name] != there[name]:
            yield f"The index {name} of {table.name} is {there[name]}; the template wants {wanted[name]}."
    if promise.billing_mode != table.billing_mode:
        yield f"{table.name} is billed {table.billing_mode}, the template wants {promise.billing_mode}."
    if (promise.stream or "") != table.stream_view:
        has = f"the stream {table.stream_view}" if table.stream_view else "no stream"
        yield f"{table.name} has {has}, the template wants {promise.stream or NONE}."


def promised_indexes(promise: TablePromise) -> dict[str, str]:
    """Every index of the promise in words, by name: keys with their types, what is projected, local or not."""
    return {
        index.name: _shape(
            _typed(index.key_schema, promise.attribute_types), index.projection, index.included, local=index.is_local
        )
        for index in promise.indexes
    }


def found_indexes(table: Table) -> dict[str, str]:
    """Every index of the table in the same words."""
    return {
        index.name: _shape(
            _typed(tuple((key.attribute, key.role) for key in index.keys), table.attribute_types),
            index.projection,
            index.included,
            local=index.is_local,
        )
        for index in table.indexes
    }


def _shape(keys: str, projection: str, included: tuple[str, ...], *, local: bool) -> str:
    carried = f"{projection} {', '.join(sorted(included))}" if included else projection
    return f"{keys}, {carried}{', local' if local else ''}"


def _typed(keys: Keys, types: Mapping[str, str]) -> str:
    return " + ".join(f"{attribute} ({_type(types.get(attribute))})" for attribute, _ in keys) or NONE


def _type(letter: str | None) -> str:
    return TYPES.get(letter or "", letter or "unknown")


def _keys(table: Table) -> Keys:
    return tuple((key.attribute, key.role) for key in table.keys)


def _by_role(keys: Keys) -> dict[str, str]:
    return {role: attribute for attribute, role in keys}


def _on(value: bool) -> str:  # noqa: FBT001  (it is said, not switched)
    return ON if value else OFF
