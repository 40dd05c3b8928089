"""The plan: plain data, fixed and digested before anyone decides about it."""

import hashlib
import json
from collections import Counter
from typing import Any

from provisioning.planning.changes import DATA_TYPES, counters, endangers_data

NO_TABLE = "No table is touched."
CREATED = "is created, empty"
KEPT = "is kept with its items"
TAKEN_OVER = "is taken over with its items"
CHANGED = "is changed in place, items stay"
LOST = "would be deleted or replaced"
PHRASES = {
    CREATED: "created",
    KEPT: "kept with all items",
    TAKEN_OVER: "taken over with all items",
    CHANGED: "changed in place with all items",
}


def build(
    *, kind: str, stacks: list[dict[str, Any]], findings: list[dict[str, str]], cost: dict[str, Any] | None
) -> dict[str, Any]:
    """A plan as the change keeps it: stacks with their changes, findings, data impact, cost, counters."""
    rows = [row for stack in stacks for row in stack["changes"]]
    return {
        "kind": kind,
        "stacks": stacks,
        "findings": findings,
        "cost": cost,
        "counters": counters(rows),
        "impact": data_impact(rows),
    }


def digest(plan: dict[str, Any]) -> str:
    """SHA-256 in hex over what a reviewer agrees to: stacks, templates, parameters and every change."""
    sealed = {"kind": plan["kind"], "stacks": plan["stacks"]}
    return hashlib.sha256(json.dumps(sealed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def data_impact(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One sentence about data, and a line for each thing that holds some."""
    lines = [{"name": _name(row), "effect": _effect(row)} for row in rows if _holds(row)]
    lost = [row for row in rows if endangers_data(row)]
    if lost:
        names = ", ".join(_name(row) for row in lost)
        return {"tone": "bad", "sentence": f"Data would be lost: {names}.", "lines": lines}
    if not lines:
        return {"tone": "good", "sentence": NO_TABLE, "lines": []}
    counted = Counter(line["effect"] for line in lines)
    noun = "table" if all("Table" in row["type"] for row in rows if _holds(row)) else "store"
    said = ", ".join(f"{_count(number, noun)} {PHRASES[effect]}" for effect, number in counted.items())
    untouched = ", none is touched" if counted.keys() == {CREATED} else ""
    tone = "attention" if CHANGED in counted else "good"
    return {"tone": tone, "sentence": f"{said}{untouched}.", "lines": lines}


def _name(row: dict[str, Any]) -> str:
    name: str = row.get("name") or row["physical_id"] or row["logical_id"]
    return name


def _holds(row: dict[str, Any]) -> bool:
    return row["type"] in DATA_TYPES


def _count(number: int, noun: str) -> str:
    return f"1 {noun} is" if number == 1 else f"{number} {noun}s are"


def _effect(row: dict[str, Any]) -> str:
    if row["action"] == "Add":
        return CREATED
    if row["action"] == "Keep":
        return KEPT
    if row["action"] == "Import":
        return TAKEN_OVER
    return LOST if endangers_data(row) else CHANGED
