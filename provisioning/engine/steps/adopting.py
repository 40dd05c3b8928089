"""Kept tables, taken over by the stack that would otherwise make them: an import first, the rest after it (R4–R10).

Nothing in here alters AWS: the import is a change set like any other, planned, reviewed and executed as such.
"""

from collections.abc import Iterator
from typing import Any

from provisioning.aws import dynamodb
from provisioning.blueprints.model import TablePromise
from provisioning.blueprints.promises import promised, tables_only
from provisioning.blueprints.shapes import Resolved, TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.outcome import Done, Outcome, Wait
from provisioning.engine.owning import TABLE_TYPE, owner_of
from provisioning.engine.steps.change_sets import TEMPLATE
from provisioning.engine.steps.checking import CREATE, IMPORT, UPDATE, noted, tables_in_the_way
from provisioning.engine.work import Work
from provisioning.lifecycle import EnvironmentStatus, StackKind
from provisioning.models import Environment, Operation, Template
from provisioning.planning import adopting, changes
from provisioning.planning.adopting import Comparison, Kept
from provisioning.planning.findings import Finding

PASSING = frozenset({"CREATING", "UPDATING", "DELETING"})
SETTLES = 5.0
LATER = "Add what belongs to the tables"


def ensure_tables_adopted(work: Work) -> Outcome:
    """A first create whose tables exist takes them over instead, in two parts; an update never makes one that is
    there. Stops when a table is another stack's or environment's, or would not be what the template says (R7)."""
    operation = work.operations.get(StackKind.DATA)
    if operation is None or operation.action not in {CREATE, UPDATE}:
        return Done(skipped=True)
    work.undivide(StackKind.DATA)
    if operation.action == UPDATE:
        return noted(work, [_outside(work, name) for name in tables_in_the_way(work)], "No table is in the way")
    goal = work.resolved(operation)
    there = list(_there(work, goal))
    busy = next((table for _, table in there if table.status in PASSING), None)
    if busy is not None:
        return Wait(f"The table {busy.name} is {busy.status.lower()}", SETTLES)
    compared = [adopting.compare(promise, _kept(work, table)) for promise, table in there]
    found = [_finding(work, one, table) for one, (_, table) in zip(compared, there, strict=True)]
    outcome = noted(work, found, _words(len(there)) if there else "None of its tables exists yet")
    if not there or not isinstance(outcome, Done):
        return outcome
    return _divide(work, operation, goal, compared)


def _outside(work: Work, name: str) -> Finding:
    return Finding(
        "error",
        name,
        f"The table {name} exists already, and {work.stacks[StackKind.DATA].name} does not have it.",
        "Give the new table another name, or delete the table that is there.",
    )


def _there(work: Work, goal: Resolved) -> Iterator[tuple[TablePromise, dynamodb.Table]]:
    """The promised tables with a fixed name that exist."""
    for promise in named(goal):
        table = dynamodb.describe_table(work.aws, promise.name)
        if table is not None:
            yield promise, table


def named(goal: Resolved) -> list[TablePromise]:
    """The tables of a template whose name it fixes; only those can be there before."""
    return [one for one in promised(goal) if isinstance(goal.resource(one.logical_id).properties.get("TableName"), str)]


def _kept(work: Work, table: dynamodb.Table) -> Kept:
    return Kept(
        table=table,
        expiry=dynamodb.time_to_live(work.aws, table.name),
        recovers=dynamodb.point_in_time_recovery(work.aws, table.name).enabled,
        owner=owner_of(work.aws, table.name),
    )


def _finding(work: Work, compared: Comparison, table: dynamodb.Table) -> Finding:
    if not compared.fits:
        return Finding("error", table.name, compared.reason, compared.fix)
    count = f"about {table.item_count:,} items" if table.item_count else "no items counted"
    about = f"The table {table.name} exists ({count})"
    made_for = dynamodb.table_tags(work.aws, table.arn).get("EnvironmentId", "")
    if made_for == str(work.change.environment_id):
        return Finding("info", table.name, f"{about} and is taken over with its items.")
    other = _environment(made_for)
    if other is not None and other.status != EnvironmentStatus.REMOVED:
        return Finding(
            "error", table.name, f"{about} and belongs to {other} by its tags.", "Choose another environment name."
        )
    carries = f"the tag of {other or 'an environment'}, which is gone" if made_for else "no tag of Stackyard"
    return Finding(
        "warning",
        table.name,
        f"{about} and carries {carries}. It would be taken over with its items.",
        "Make sure that it is this application's table before you agree.",
    )


def _environment(key: str) -> Environment | None:
    return Environment.objects.filter(pk=int(key)).first() if key.isdecimal() else None


def _words(count: int) -> str:
    return f"Take over {count} table{'' if count == 1 else 's'}"


def _divide(work: Work, operation: Operation, goal: Resolved, compared: list[Comparison]) -> Outcome:
    """Part 0 imports the tables and nothing else; part 1 sends the whole template (R6)."""
    names = {one.logical_id for one in compared}
    body = tables_only(work.template(operation), names)
    try:
        digest = parse(body).digest
    except TemplateError as broken:
        sentence = f"The tables cannot be taken over without the rest of the template: {broken.sentence}"
        fix = "Have the template's tables refer to no other resource, or choose another environment name."
        return noted(work, [Finding("error", "adoption", sentence, fix)], "")
    later = Operation(
        stack=operation.stack,
        action=UPDATE,
        template=operation.template,
        parameters=dict(operation.parameters),
        changes=changes.with_names(_rows_after(goal, names), goal),
        read_from=TEMPLATE,
        purpose=LATER,
    )
    work.divide(StackKind.DATA, [later])
    operation.template, _ = Template.objects.get_or_create(digest=digest, defaults={"body": body})
    operation.action, operation.purpose = IMPORT, _words(len(compared))
    operation.imports = [
        {
            "logical_id": one.logical_id,
            "type": TABLE_TYPE,
            "name": one.table,
            "table_id": one.table_id,
            "created_at": one.created_at,
        }
        for one in compared
    ]
    return Done(operation.purpose)


def _rows_after(goal: Resolved, imported: set[str]) -> list[dict[str, Any]]:
    """Everything else is added; the tables get the stack's tags, which an import cannot bring."""
    rows = changes.from_template(goal)
    return [changes.tagged(row) if row["logical_id"] in imported else row for row in rows]


def comparison(work: Work) -> list[dict[str, Any]]:
    """The tables this change takes over beside their promises, read now: for the plan, and again before it runs."""
    parts = work.parts.get(StackKind.DATA, [])
    imported = {row["name"] for part in parts for row in part.imports}
    if not imported:
        return []
    found = []
    for promise, table in _there(work, work.resolved(parts[0])):
        if promise.name in imported:
            row = adopting.compare(promise, _kept(work, table)).as_dict()
            found.append({**row, "items": table.item_count, "bytes": table.size_bytes})
    return found
