"""One table as a line of a list or as a card: what was last seen of it, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.models import Table

_BACKFILLING = "being filled"
_STATES = {"CREATING": "being made", "UPDATING": "being changed", "DELETING": "being deleted"}
_STREAMS = {
    "KEYS_ONLY": "keys",
    "NEW_IMAGE": "new items",
    "OLD_IMAGE": "old items",
    "NEW_AND_OLD_IMAGES": "new and old items",
}
_BILLING = {"PAY_PER_REQUEST": "on demand", "PROVISIONED": "provisioned"}
_CARRIES = {"ALL": "everything", "KEYS_ONLY": "keys only"}


@dataclass(frozen=True)
class KeyPart:
    """A key attribute with its type: S, N or B."""

    name: str
    type: str


@dataclass(frozen=True)
class IndexLine:
    """An index: what it is found by, what it carries, and in which state it is when it cannot be asked."""

    name: str
    keys: tuple[KeyPart, ...]
    carries: str
    state: str


@dataclass(frozen=True)
class Line:
    """A table in a list. `state` is empty while it is active; `capacity` is what is provisioned, in words;
    `known_alarms` is None when they are not known."""

    table: Table
    stage: str
    keys: tuple[KeyPart, ...]
    indexes: tuple[IndexLine, ...]
    billing: str
    capacity: str
    stream: str
    state: str
    known_alarms: int | None
    firing: tuple[str, ...]

    @property
    def index_names(self) -> str:
        """The indexes in one line, for a title."""
        return ", ".join(f"{one.name} ({one.state})" if one.state else one.name for one in self.indexes)

    @property
    def building(self) -> tuple[IndexLine, ...]:
        """The indexes that cannot be asked yet."""
        return tuple(one for one in self.indexes if one.state)

    @property
    def must_be_safe(self) -> bool:
        """Whether a missing protection or recovery is a problem."""
        return self.stage == "prod"

    @property
    def kept(self) -> bool:
        """Whether no stack owns it."""
        return not self.table.stack_name


def line_of(table: Table) -> Line:
    """The line of a table; nothing is asked of AWS. Its environment is at hand."""
    described = table.described
    types: Mapping[str, str] = described.get("attribute_types", {})
    status = described.get("status") or "ACTIVE"
    alarms = table.alarms
    return Line(
        table=table,
        stage=table.environment.stage if table.environment else "",
        keys=_keys(described.get("keys", ()), types),
        indexes=tuple(_index(index, types) for index in described.get("indexes", ())),
        billing=_BILLING.get(described.get("billing_mode", ""), ""),
        capacity=_capacity(described),
        stream=_STREAMS.get(described.get("stream_view", ""), ""),
        state="" if status == "ACTIVE" else _STATES.get(status, status.lower()),
        known_alarms=None if alarms is None else len(alarms),
        firing=tuple(alarm["name"] for alarm in alarms or () if alarm["state"] == "ALARM"),
    )


def _keys(keys: Iterable[Mapping[str, str]], types: Mapping[str, str]) -> tuple[KeyPart, ...]:
    by_role = sorted(keys, key=lambda key: key["role"] != "HASH")
    return tuple(KeyPart(key["attribute"], types.get(key["attribute"], "")) for key in by_role)


def _index(index: Mapping[str, Any], types: Mapping[str, str]) -> IndexLine:
    projection = index.get("projection", "ALL")
    carries = _CARRIES.get(projection) or f"keys, {', '.join(index.get('included', ()))}"
    status = index.get("status") or "ACTIVE"
    state = _BACKFILLING if index.get("backfilling") else _STATES.get(status, "")
    return IndexLine(index["name"], _keys(index.get("keys", ()), types), carries, state)


def _capacity(described: Mapping[str, Any]) -> str:
    if described.get("billing_mode") != "PROVISIONED":
        return ""
    return f"{described.get('read_capacity', 0)} reads and {described.get('write_capacity', 0)} writes a second"
