"""What a plan does to data: one sentence, and a line for each table of the environment, touched or not."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.planning.changes import DATA_TYPES, endangers_data

NO_TABLE = "No table is touched."
CREATED = "is created, empty"
KEPT = "is kept with its items"
TAKEN_OVER = "is taken over with its items"
CHANGED = "is changed in place, items stay"
ACCEPTED = "stays as it is in AWS"
DELETED = "would be deleted"
GOES = "is deleted, after a backup"
REPLACED = "would be replaced"
LEFT = "would be left in no stack"
UNTOUCHED = "is not touched"
PHRASES = {
    CREATED: "created",
    KEPT: "kept with all items",
    TAKEN_OVER: "taken over with all items",
    CHANGED: "changed in place with all items",
    ACCEPTED: "left as they are in AWS",
}


@dataclass(frozen=True)
class TableSeen:
    """A table as AWS showed it when the plan was made. `items` and `bytes` are AWS's own counts and up to six hours
    old (T16). `restorable` is None where nobody could say, `earliest` and `latest` the moments it can be restored
    to; `last_write` is to the hour, None when not known."""

    name: str
    items: int
    bytes: int
    protected: bool
    restorable: bool | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    last_write: datetime | None = None


def data_impact(
    rows: Sequence[Mapping[str, Any]], tables: Iterable[TableSeen] = (), *, meant: bool = False
) -> dict[str, Any]:
    """The impact of these rows as a plan keeps it: tone, sentence, lines. `tables` are those of the environment that
    are there now; each has its line, also when no row touches it. `meant`: losing data is what was asked for."""
    seen = {table.name: table for table in tables}
    held = _once([row for row in rows if row["type"] in DATA_TYPES])
    lines = [_line(_name(row), _effect(row), seen) for row in held]
    touched = {line["name"] for line in lines}
    sentence, tone = _deleted(held, lines) if meant else _sentence(held, lines)
    lines += [_line(name, UNTOUCHED, seen) for name in sorted(seen.keys() - touched)]
    return {"tone": tone, "sentence": sentence, "lines": lines}


def _once(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A row for each thing: several parts of one plan may touch it, and the first counts, or one that endangers it."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if _name(row) not in found or (endangers_data(row) and not endangers_data(found[_name(row)])):
            found[_name(row)] = row
    return list(found.values())


def _sentence(held: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    lost = [line for line, row in zip(lines, held, strict=True) if endangers_data(row)]
    if lost:
        return f"{'; '.join(map(_loss, lost))}.", "bad"
    if not lines:
        return NO_TABLE, "good"
    counted = Counter(line["effect"] for line in lines)
    noun = "table" if all("Table" in row["type"] for row in held) else "store"
    said = ", ".join(f"{_count(number, noun)} {_phrase(effect, number)}" for effect, number in counted.items())
    untouched = ", none is touched" if counted.keys() == {CREATED} else ""
    return f"{said}{untouched}.", "attention" if CHANGED in counted else "good"


def _deleted(held: Sequence[Mapping[str, Any]], lines: Sequence[dict[str, Any]]) -> tuple[str, str]:
    gone = [line for line, row in zip(lines, held, strict=True) if endangers_data(row)]
    if not gone:
        return _sentence(held, lines)
    for line in gone:
        line["effect"] = GOES
    items = sum(line["items"] or 0 for line in gone)
    tables = "1 table" if len(gone) == 1 else f"{len(gone)} tables"
    return f"{tables} and {items:,} {'item' if items == 1 else 'items'} are deleted.", "bad"


def _loss(line: Mapping[str, Any]) -> str:
    items = line["items"]
    said = f"{line['name']} {line['effect']}"
    return said if items is None else f"{said}: {items:,} {'item' if items == 1 else 'items'}"


def _line(name: str, effect: str, seen: Mapping[str, TableSeen]) -> dict[str, Any]:
    table = seen.get(name)
    line: dict[str, Any] = {"name": name, "effect": effect}
    if table is None:
        return line | dict.fromkeys(("items", "bytes", "protected", "recovery", "last_write"))
    recovery = {"enabled": table.restorable, "earliest": _iso(table.earliest), "latest": _iso(table.latest)}
    return line | {
        "items": table.items,
        "bytes": table.bytes,
        "protected": table.protected,
        "recovery": None if table.restorable is None else recovery,
        "last_write": _iso(table.last_write),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _name(row: Mapping[str, Any]) -> str:
    name: str = row.get("name") or row["physical_id"] or row["logical_id"]
    return name


def _count(number: int, noun: str) -> str:
    return f"1 {noun} is" if number == 1 else f"{number} {noun}s are"


def _phrase(effect: str, number: int) -> str:
    return "left as it is in AWS" if effect == ACCEPTED and number == 1 else PHRASES[effect]


def _effect(row: Mapping[str, Any]) -> str:
    if endangers_data(row):
        return _harm(row)
    effects = {"Add": CREATED, "Keep": KEPT, "Import": TAKEN_OVER, "SyncWithActual": ACCEPTED}
    return effects.get(row["action"], CHANGED)


def _harm(row: Mapping[str, Any]) -> str:
    if row["action"] == "Remove":
        return LEFT if row["policy_action"] == "Retain" else DELETED
    return DELETED if row["policy_action"] in {"Delete", "Snapshot"} else REPLACED
