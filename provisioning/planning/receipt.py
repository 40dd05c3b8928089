"""The receipt of a deletion of data: everything that was there by its physical id, and what became of it. Pure.

It grows while the change runs, and outlives its failures: whatever is not noted as deleted is still there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DELETED, KEPT, SKIPPED = "deleted", "kept", "skipped"
LONGEST_NAME = 255

Receipt = dict[str, Any]
Entry = dict[str, Any]


@dataclass(frozen=True)
class Doomed:
    """A table as it was when its deletion began. `identity` tells it from another one of the same name; with a
    `reason` it stays."""

    name: str
    arn: str
    items: int
    bytes: int
    identity: str
    reason: str = ""


@dataclass(frozen=True)
class Header:
    """Who deleted, who agreed, why, and when it began."""

    who: str
    approved_by: tuple[str, ...]
    why: str
    at: datetime
    attempt: int


def begun(
    earlier: Receipt | None,
    header: Header,
    *,
    stack: Entry,
    tables: Iterable[Doomed],
    resources: Iterable[Mapping[str, str]],
) -> Receipt:
    """The receipt before anything is deleted in this attempt: all is kept so far. What an earlier attempt deleted
    stays on it, and so do the backups that it made."""
    known = earlier or {"stack": {}, "tables": [], "resources": []}
    new = {table.name: _entry(table, header.attempt, known["tables"]) for table in tables}
    listed = {one["logical_id"]: {**one, "outcome": KEPT, "reason": ""} for one in resources}
    return {
        "who": header.who,
        "approved_by": list(header.approved_by),
        "why": header.why,
        "at": known.get("at") or header.at.isoformat(),
        "ended_at": "",
        "attempt": header.attempt,
        "stack": stack or known["stack"],
        "tables": [*(one for one in known["tables"] if one["name"] not in new), *new.values()],
        "resources": [*(one for one in known["resources"] if one["logical_id"] not in listed), *listed.values()],
    }


def _entry(table: Doomed, attempt: int, earlier: Iterable[Entry]) -> Entry:
    before = next((one for one in earlier if one["name"] == table.name), {})
    backups = [*before.get("earlier_backups", []), *filter(None, [before.get("backup_arn")])]
    return {
        "name": table.name,
        "arn": table.arn,
        "items": table.items,
        "bytes": table.bytes,
        "identity": table.identity,
        "backup_arn": "",
        "backup_at": "",
        "earlier_backups": backups,
        "outcome": KEPT,
        "reason": table.reason,
        "asked": False,
        "attempt": attempt,
    }


def open_tables(receipt: Receipt) -> list[Entry]:
    """The tables that are still to be deleted: neither gone, nor skipped, nor meant to stay."""
    return [one for one in receipt["tables"] if one["outcome"] == KEPT and not one["reason"]]


def with_table(receipt: Receipt, name: str, **facts: Any) -> Receipt:
    """The receipt with these facts about one table."""
    return receipt | {"tables": [one | facts if one["name"] == name else one for one in receipt["tables"]]}


def with_resources(receipt: Receipt, outcomes: Mapping[str, tuple[str, str]]) -> Receipt:
    """The receipt with what became of resources: outcome and reason by logical id; others stay as they are."""
    found = []
    for one in receipt["resources"]:
        outcome, reason = outcomes.get(one["logical_id"], (one["outcome"], one["reason"]))
        found.append(one | {"outcome": outcome, "reason": reason})
    return receipt | {"resources": found}


def with_stack(receipt: Receipt, outcome: str, reason: str = "") -> Receipt:
    """The receipt with what became of the stack."""
    return (
        receipt | {"stack": receipt["stack"] | {"outcome": outcome, "reason": reason}} if receipt["stack"] else receipt
    )


def ended(receipt: Receipt, at: datetime) -> Receipt:
    """The receipt once nothing is left to do."""
    return receipt | {"ended_at": at.isoformat()}


def summary(receipt: Receipt) -> str:
    """What became of everything, in one line."""
    tables = [one["outcome"] for one in receipt["tables"]]
    stays = len(tables) - tables.count(DELETED)
    count = tables.count(DELETED)
    said = f"{count} {'table' if count == 1 else 'tables'} deleted"
    return f"{said}, {stays} left where {'it is' if stays == 1 else 'they are'}" if stays else said


def backup_name(environment: str, table: str, change: str, attempt: int) -> str:
    """What the backup of a table is called: the same after a crash, another in another attempt. `change` is the
    change's id in hex."""
    end = f"-{change[:8]}" + (f"-{attempt}" if attempt > 1 else "")
    return f"sy-{environment}-{table}"[: LONGEST_NAME - len(end)] + end
