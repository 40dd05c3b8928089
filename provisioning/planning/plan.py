"""The plan: plain data, fixed and digested before anyone decides about it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.aws.cloudformation import StackState
from provisioning.lifecycle import UNDER_REVIEW
from provisioning.planning import deploy_plans, item_plans, parameter_plans, promoting
from provisioning.planning.changes import counters
from provisioning.planning.impact import data_impact

NOT_SEALED = frozenset({"reason", "items", "bytes"})


def build(
    *,
    kind: str,
    stacks: list[dict[str, Any]],
    findings: list[dict[str, str]],
    cost: dict[str, Any] | None,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A plan as the change keeps it: stacks with their changes, findings, data impact, cost, counters, and `more`
    parts under their own names, which win over these."""
    rows = [row for stack in stacks for row in stack["changes"]]
    return {
        "kind": kind,
        "stacks": stacks,
        "findings": findings,
        "cost": cost,
        "counters": counters(rows),
        "impact": data_impact(rows),
        **(more or {}),
    }


def digest(plan: Mapping[str, Any]) -> str:
    """SHA-256 in hex over what a reviewer agrees to (C15): the kind and how often it was planned; every part of every
    stack with its template, parameters, tags, imports, change set and changes, and how its stack stood; the facts of
    tables to take over; the names of tables to delete; the flags to put; each write of an item with the item that it
    was planned on; each parameter with the version that it was planned on; what is deployed, what ran before, and of
    which release it is. Counts, prices and advice help to decide and are left out; in which order AWS lists things says
    nothing."""
    sealed = {
        "kind": plan["kind"],
        "attempt": plan.get("attempt"),
        "stacks": [_sealed_stack(stack) for stack in plan["stacks"]],
        "adoption": _unordered(_sealed_table(table) for table in plan.get("adoption") or []),
        "deletion": _unordered(table["name"] for table in (plan.get("deletion") or {}).get("tables", [])),
        "flags": _unordered(plan.get("flags") or []),
        **({"items": item_plans.sealed_part(plan["items"])} if plan.get("items") else {}),
        **({"parameters": parameter_plans.sealed_part(plan["parameters"])} if plan.get("parameters") else {}),
        **({"release": plan["rollback"]["release"]} if plan.get("rollback") else {}),
        **({"deploy": deploy_plans.sealed_part(plan["deploy"])} if plan.get("deploy") else {}),
        **({"proof": promoting.sealed_part(plan["proof"])} if plan.get("proof") else {}),
    }
    return hashlib.sha256(_text(sealed).encode()).hexdigest()


def same_changes(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two readings of a part's changes say the same, in whichever order AWS listed them."""
    return _sealed_stack({"changes": one}) == _sealed_stack({"changes": other})


def _sealed_stack(stack: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{**row, "details": _unordered(row.get("details", []))} for row in stack.get("changes") or []]
    return {**stack, "imports": _unordered(stack.get("imports") or []), "changes": _unordered(rows)}


def _sealed_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """What a table to take over was found to be; words about it, and counts, which grow by themselves, are left out."""
    kept = {name: value for name, value in table.items() if name not in NOT_SEALED}
    return {**kept, "lines": _unordered(table.get("lines", []))}


def _unordered(values: Iterable[Any]) -> list[str]:
    return sorted(_text(value) for value in values)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def stack_facts(state: StackState | None) -> dict[str, str]:
    """How a stack stands, as a plan rests on it: {stack_id, status, at}, `at` in ISO format, all empty when there is
    none. The empty shell around a change set has no time of its own: AWS may count it from any of its change sets."""
    if state is None:
        return {"stack_id": "", "status": "", "at": ""}
    at = None if state.status == UNDER_REVIEW else state.updated_at or state.created_at
    return {"stack_id": state.stack_id, "status": state.status, "at": at.isoformat() if at else ""}
