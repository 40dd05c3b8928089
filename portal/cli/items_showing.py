"""Items as a person reads them: a column an attribute, keys first."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from portal.cli.amounts import amount, units_text
from portal.cli.shown import Cell, Facts, Shown, Table, Word, status, when

Json = dict[str, Any]
_MOST = 12  # columns of a table on a terminal
_LONGEST = 60  # characters of a cell
_HIDDEN = Word("hidden", "quiet")


def text_of(value: Mapping[str, Any] | None, longest: int = _LONGEST) -> Cell:
    """A typed value in one line; a number or text as it is, whatever has parts as JSON."""
    if value is None:
        return ""
    ((kind, content),) = value.items()
    if kind == "HIDDEN":
        return _HIDDEN
    if kind in {"S", "N", "B"}:
        text = str(content)
    elif kind == "BOOL":
        text = str(content).lower()
    elif kind == "NULL":
        text = "null"
    else:
        text = json.dumps(content, ensure_ascii=False)
    line = " ".join(text.split("\n"))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def items_shown(page: Json, table: Json) -> Shown:
    """What was found, as a table; and what that took."""
    shown, left = _columns(page, [one["name"] for one in table["keys"]])
    return [shown, Facts([("Read", took(page)), ("Left out", left)])]


def rows_shown(page: Json, table: Json) -> Shown:
    """The same of a statement, of which AWS does not tell how much it read."""
    shown, left = _columns(page, [one["name"] for one in table["keys"]])
    said = f"{page['returned']} found by a {page['reads']}, {units_text(page['capacity'])}"
    return [shown, Facts([("Read", said), ("Left out", left)])]


def _columns(page: Json, keys: Sequence[str]) -> tuple[Table, str]:
    """Items as a table, and what has no place in it."""
    there = dict.fromkeys(name for item in page["items"] for name in item)
    others = [name for name in there if name not in keys]
    keys = [name for name in keys if name in there or not there]
    names = [*keys, *others][:_MOST]
    rows = [[text_of(item.get(name)) for name in names] for item in page["items"]]
    more = len(keys) + len(others) - len(names)
    empty = "Nothing was found." if not page["next"] else "Nothing was found so far: there is more to read."
    shown = Table([_head(name, page["items"]) for name in names], rows, empty=empty)
    return shown, f"{more} more attributes: --json has all" if more > 0 else ""


def _head(name: str, items: Sequence[Json]) -> str:
    numbers = {kind for item in items if name in item for kind in item[name]} == {"N"}
    return f"#{name}" if numbers or name.startswith("#") else name  # a # in front stands for numbers


def took(page: Json) -> str:
    """What reading took."""
    share = page.get("share")
    part = f", {share:.0%} of all" if share and share < 1 else ""
    return f"{page['returned']} of {page['scanned']} read by a {page['reads']}{part}, {units_text(page['capacity'])}"


def added(before: Json | None, page: Json) -> Json:
    """Pages as one: their items, and what they took together."""
    if before is None:
        return page
    capacity = Decimal(before["capacity"]) + Decimal(page["capacity"])
    sums = {name: before[name] + page[name] for name in ("returned", "scanned", "calls")}
    return {**page, **sums, "items": [*before["items"], *page["items"]], "capacity": f"{capacity.normalize():f}"}


def item_shown(told: Json) -> Shown:
    """One item, an attribute a line."""
    keys = list(told["key"])
    names = [*keys, *sorted(name for name in told["item"] if name not in keys)]
    facts = [(name, text_of(told["item"][name], 2_000)) for name in names]
    saving = told.get("to_save")
    return [
        Facts(facts),
        Facts(
            [
                ("Version", told["etag"] or ""),
                ("Size", f"{told['size_bytes']} bytes"),
                ("To save", f"{amount(saving, 'write unit')} at most" if saving else ""),
            ]
        ),
    ]


def write_shown(told: Json) -> Shown:
    """What was written."""
    write = told["write"]
    if write is None:
        return Facts([("Written", "Nothing: it is so already.")])
    return [_write(write), Facts([("Version", told["etag"] or "")])]


def writes_shown(found: Json) -> Shown:
    """A history of writes."""
    rows = [
        [
            str(one["id"]),
            when(one["at"]),
            one["title"],
            status(one["state"]),
            " / ".join(str(text_of(value)) for value in one["key"].values()),
            ", ".join(place["path"] for place in one["places"]),
            one["by"],
            one["reason"],
            "" if one["can_undo"] else one["why_not_undo"],
        ]
        for one in found["items"]
    ]
    columns = ["#Write", "When", "What", "State", "Key", "Attributes", "By", "Reason", "Not taken back because"]
    return Table(columns, rows, empty="Nothing was written.")


def briefs_shown(found: Json) -> Shown:
    """A history of writes in any table."""
    rows = [
        [str(one["id"]), when(one["at"]), one["title"], status(one["state"]), one["table"], one["by"], one["reason"]]
        for one in found["items"]
    ]
    return Table(["#Write", "When", "What", "State", "Table", "By", "Reason"], rows, empty="Nothing was written.")


def _write(write: Json) -> Facts:
    places = [(one["path"], f"{_side(one['before'])} → {_side(one['after'])}") for one in write["places"]]
    return Facts([("Write", str(write["id"])), *places], title=write["title"])


def _side(value: Json | None) -> str:
    if value is None:
        return "nothing"
    shown = text_of(value)
    return shown.text if isinstance(shown, Word) else str(shown)
