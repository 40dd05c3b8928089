"""Right before an approved plan runs, everything that it rests on is read again (C15). Nothing in here alters AWS."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Subquery

from provisioning.aws import cloudformation
from provisioning.aws.cloudformation import ChangeSet
from provisioning.aws.errors import Missing
from provisioning.engine.deploying import preparing
from provisioning.engine.deploying.coming_up import notice_parameters
from provisioning.engine.outcome import Done, Outcome, Problem, Stop
from provisioning.engine.owning import own_tables
from provisioning.engine.steps import checking, deletion, items, parameters, sealing
from provisioning.engine.steps.change_sets import CHANGE_SET, has_values, rows_of
from provisioning.engine.work import Work
from provisioning.lifecycle import BESIDE_STACKS, ChangeKind, StackKind, stack_status
from provisioning.models import Operation
from provisioning.planning import deploy_plans, plan

MOVED = "plan-moved"
READ_AGAIN = {"adoption": "the tables to take over", "deletion": "the tables to delete"}
HIDDEN = "****"

Part = dict[str, Any]

# How changes that hold no stack look at what they rest on again.
MOVED_BESIDE: Mapping[str, Callable[[Work], tuple[Part, list[str]]]] = {
    ChangeKind.WRITE_ITEMS: items.moved,
    ChangeKind.SET_PARAMETERS: parameters.moved,
    ChangeKind.REDEPLOY: parameters.moved,
}


def ensure_unmoved(work: Work) -> Outcome:
    """Whether the plan still holds: each stack as it stood, each change set still executable with the same rows,
    values and tags, no promised table in the way, and the same digest over all of it. Stops with the code
    "plan-moved" and why, in words. What an earlier try has begun is not asked about again."""
    sealed = work.change.plan or {}
    reasons: list[str] = []
    parts = [_read_part(work, operation, sealed, reasons) for operation in work.every_part()]
    facts = {} if _has_begun(work) else _facts_now(work, sealed, reasons)
    again = {**sealed, "kind": work.change.kind, "stacks": parts, **facts}
    if not reasons and plan.digest(again) == work.change.plan_digest:
        return Done("Everything is as it was when the plan was sealed")
    why = "; ".join(dict.fromkeys(reasons)) or "what was planned is not what is written down now"
    return Stop(Problem(why, "you", "A new plan is made, and decided about again.", code=MOVED))


def _read_part(work: Work, operation: Operation, sealed: Mapping[str, Any], reasons: list[str]) -> Part:
    """One part as a plan would hold it now; adds to `reasons` what differs from the sealed one."""
    kind, number = operation.stack.kind, operation.part
    was: Part | None = next(
        (one for one in sealed.get("stacks", []) if (one["kind"], one.get("part", 0)) == (kind, number)), None
    )
    if was is None:
        return sealing.sealed_part(work, operation)
    if operation.called_at is not None:
        return was
    part = {**was, **_written_down(work, operation, was)}
    part["stack"] = _stack_now(work, operation, was, reasons)
    if operation.change_set_id and was.get("read_from") == CHANGE_SET:
        part |= _change_set_now(work, operation, part, reasons)
    return part


def _written_down(work: Work, operation: Operation, was: Part) -> Part:
    """What our own rows say would be sent. A change set made after the decision is held to the plan elsewhere."""
    now = sealing.sealed_part(work, operation)
    late = was.get("read_from") != CHANGE_SET
    return {key: value for key, value in now.items() if not late or key not in {"change_set", "changes", "read_from"}}


def _stack_now(work: Work, operation: Operation, was: Part, reasons: list[str]) -> dict[str, str]:
    """How the stack stands now, for parts whose plan rests on how it stood; later parts rest on the first."""
    rested: dict[str, str] = was.get("stack") or {}
    made_since = operation.change_set_id and not was.get("change_set")
    if not rested or operation.part or made_since:
        return rested
    now = plan.stack_facts(cloudformation.describe_stack(work.aws, rested["stack_id"] or was["name"]))
    if not rested["stack_id"] and stack_status(now["status"]).gone:
        return rested
    if now != rested:
        reasons.append(_stack_moved(was["name"], rested, now))
    return now


def _stack_moved(name: str, was: Mapping[str, str], now: Mapping[str, str]) -> str:
    if not was["stack_id"]:
        return f"a stack named {name} has appeared"
    if stack_status(now["status"]).gone:
        return f"{name} was deleted by somebody else"
    if now["at"] and now["at"] != was["at"]:
        return f"{name} was updated at {_clock(now['at'])} by somebody else"
    before, after = stack_status(was["status"]).label, stack_status(now["status"]).label
    return f"{name} went from “{before.lower()}” to “{after.lower()}”"


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%H:%M UTC on %Y-%m-%d}"


def _change_set_now(work: Work, operation: Operation, part: Part, reasons: list[str]) -> Part:
    """Rows, values and tags as the change set has them now."""
    name = part["name"]
    try:
        found = cloudformation.describe_change_set(work.aws, operation.change_set_id, values=has_values(operation))
    except Missing:
        reasons.append(f"the change set of {name} is gone")
        return {"change_set": ""}
    if not found.is_ready:
        state = found.execution_status if found.status == "CREATE_COMPLETE" else found.status
        reasons.append(f"the change set of {name} cannot be executed any more ({state})")
        return {"change_set": state}
    now = {"changes": rows_of(work, operation, found), **_sent(part, found)}
    reasons += [f"the change set of {name} {what}" for what in _differing(part, now)]
    return now


def _sent(part: Part, found: ChangeSet) -> Part:
    """Values and tags as AWS has them, where it returns any; a hidden value comes back as asterisks (P3)."""
    given: dict[str, str] = part["parameters"]
    values = {
        name: value
        if not found.parameters or _same_list(found.parameters.get(name, ""), value)
        else found.parameters.get(name, "")
        for name, value in given.items()
    }
    return {"parameters": values, "tags": dict(found.tags) or part["tags"]}


def _same_list(one: str, other: str) -> bool:
    """Whether two values mean the same: AWS may give a list back with or without spaces."""
    return one == HIDDEN or [part.strip() for part in one.split(",")] == [part.strip() for part in other.split(",")]


def _differing(part: Part, now: Part) -> Iterator[str]:
    if not plan.same_changes(part["changes"], now["changes"]):
        yield "changes other resources, or changes them otherwise"
    changed = sorted(name for name, value in now["parameters"].items() if value != part["parameters"][name])
    if changed:
        yield f"has another value of {', '.join(changed)}"
    if now["tags"] != part["tags"]:
        yield "has other tags"


def _facts_now(work: Work, sealed: Part, reasons: list[str]) -> Part:
    """What was found out about tables, or items, again; adds to `reasons` what differs."""
    if work.change.kind in BESIDE_STACKS:
        facts, moved = MOVED_BESIDE[work.change.kind](work)
        reasons += moved
        return facts
    reasons += [f"a table named {name} has appeared" for name in checking.tables_in_the_way(work)]
    if work.change.kind == ChangeKind.DELETE_DATA:
        reasons += _doomed_moved(work)
    facts = {name: sealing.PARTS[name](work) for name in READ_AGAIN if name in sealing.PARTS}
    reasons += [
        f"{READ_AGAIN[name]} are not as they were"
        for name, value in facts.items()
        if plan.digest({**sealed, name: value}) != work.change.plan_digest
    ]
    if work.change.kind == ChangeKind.ROLL_BACK:
        set_now, moved = parameters.moved(work)
        reasons += moved
        facts |= set_now
    if work.change.kind == ChangeKind.DEPLOY:
        notice_parameters(work)
        facts["deploy"] = preparing.deploy_part(work, look=False)
        reasons += deploy_plans.moved(sealed["deploy"], facts["deploy"])
    return facts


def _doomed_moved(work: Work) -> Iterator[str]:
    """How the tables that are there differ from those whose deletion was agreed to."""
    data = work.operations[StackKind.DATA]
    agreed = {row["name"]: row["identity"] for row in data.changes or [] if "identity" in row}
    tables = own_tables(work.aws, work.blueprint, work.change.environment, data.stack)
    now = {table.name: deletion.identity(table.shown) for table in tables}
    for name in sorted(agreed.keys() | now.keys()):
        if name not in agreed:
            yield f"a table named {name} has appeared"
        elif name not in now:
            yield f"the table {name} is gone"
        elif now[name] != agreed[name]:
            yield f"{name} is another table now"


def _has_begun(work: Work) -> bool:
    """Whether an earlier try has altered something: what it made, or deleted, is then no move of the plan."""
    sealing_step = work.change.steps.filter(name=sealing.ensure_plan_sealed.__name__).values("position")[:1]
    later = work.change.steps.filter(position__gt=Subquery(sealing_step))
    return any(operation.called_at for operation in work.every_part()) or later.exists()
