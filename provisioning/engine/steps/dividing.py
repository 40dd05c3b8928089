"""Work on a data stack in parts: one index change of a table per update, and what must hold between two parts."""

from itertools import pairwise

from provisioning.aws import dynamodb
from provisioning.aws.dynamodb import Table
from provisioning.blueprints.promises import with_indexes
from provisioning.blueprints.template import MAX_BYTES, parse
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps.adopting import named
from provisioning.engine.steps.change_sets import TEMPLATE
from provisioning.engine.steps.checking import UPDATE, noted
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind
from provisioning.models import Operation
from provisioning.models import Template as TemplateRow
from provisioning.planning import changes, splitting
from provisioning.planning.findings import Finding
from provisioning.planning.splitting import IndivisibleError, Part

ACTIVE = "ACTIVE"
FILLING = 10.0
AND_THE_REST = "; and everything else"


def ensure_indexes_divided(work: Work) -> Outcome:
    """An update that changes several indexes of a table becomes several updates, in order, each to be reviewed: AWS
    takes one index a time (T1, T2, T4). What counts is what is deployed, so an index that is still filled is waited
    for."""
    operation = work.operations.get(StackKind.DATA)
    deployed = operation.stack.template if operation is not None else None
    if operation is None or operation.action != UPDATE or deployed is None:
        return Done(skipped=True)
    work.undivide(StackKind.DATA)
    before, after = work.deployed(operation.stack), work.resolved(operation).resources
    try:
        changing = splitting.changing(before, after)
        parts = splitting.divide(before, after)
    except IndivisibleError as trouble:
        return noted(work, [Finding("error", trouble.table, trouble.sentence, trouble.fix)], "")
    if not changing:
        return Done("No index changes", skipped=True)
    waiting = _filling([dynamodb.describe_table(work.aws, name) for name in changing])
    if waiting is not None:
        return waiting
    return _divide(work, operation, deployed, parts) if len(parts) > 1 else Done(parts[0].purpose)


def _divide(work: Work, operation: Operation, deployed: TemplateRow, parts: list[Part]) -> Outcome:
    """Every part but the last is the deployed template with other indexes; the last is the whole new one."""
    bodies = [
        with_indexes(
            work.parsed(deployed), {name: (shape.indexes, shape.attributes()) for name, shape in part.tables.items()}
        )
        for part in parts[:-1]
    ]
    if any(len(body.encode()) > MAX_BYTES for body in bodies):
        sentence = f"{len(parts)} updates are needed for its indexes, and the template is too long to be divided."
        return noted(work, [Finding("error", operation.stack.name, sentence, splitting.BY_HAND)], "")
    whole = Operation(
        stack=operation.stack,
        action=UPDATE,
        template=operation.template,
        parameters=operation.parameters,
        keep=operation.keep,
        read_from=TEMPLATE,
        purpose=(parts[-1].purpose + AND_THE_REST)[:200],
    )
    stops = [_stop(work, operation, body, part) for body, part in zip(bodies, parts[:-1], strict=True)]
    for previous, one in pairwise([*stops, whole]):
        resolved = work.resolved(one)
        rows = changes.between(work.resolved(previous).resources, resolved.resources)
        one.changes = changes.with_names(changes.hiding(rows, work.hidden(whole).values()), resolved)
    first, *later = [*stops, whole]
    work.divide(StackKind.DATA, later)
    operation.template, operation.parameters, operation.keep = first.template, first.parameters, first.keep
    operation.purpose = first.purpose
    return Done(f"Divided into {len(parts)} updates: {', then '.join(part.purpose for part in parts)}")


def _stop(work: Work, operation: Operation, body: str, part: Part) -> Operation:
    """A part on the way, under the values that the stack has; hidden ones stay as they are (P2, P3)."""
    template = parse(body)
    row, _ = TemplateRow.objects.get_or_create(digest=template.digest, defaults={"body": body})
    values = {name: value for name, value in operation.stack.parameters.items() if name in template.parameters}
    return Operation(
        change=work.change,
        stack=operation.stack,
        action=UPDATE,
        template=row,
        parameters=values,
        keep=sorted(name for name, one in template.parameters.items() if one.no_echo and name not in values),
        read_from=TEMPLATE,
        purpose=part.purpose[:200],
    )


def before_part(work: Work, operation: Operation) -> Outcome:
    """What must hold before a later part of the data stack's work begins: the tables that were taken over are the
    very ones that were compared, and every index is filled. It may take hours; only AWS ends it."""
    if operation.part == 0 or operation.stack.kind != StackKind.DATA:
        return Done(skipped=True)
    previous = work.parts[StackKind.DATA][operation.part - 1]
    tables = {one.name: dynamodb.describe_table(work.aws, one.name) for one in named(work.resolved(previous))}
    for row in previous.imports:
        table = tables.get(row["name"])
        made = table.created_at.isoformat() if table is not None and table.created_at else ""
        if table is None or (table.table_id, made) != (row["table_id"], row["created_at"]):
            return Stop(
                Problem(
                    f"The table {row['name']} is not the one that was compared with the template any more.",
                    "you",
                    "Look at who made or deleted it, then retry: a new plan is made.",
                    code="plan-moved",
                )
            )
    return _filling(list(tables.values())) or Done("Every index is filled")


def _filling(tables: list[Table | None]) -> Wait | None:
    for table in tables:
        if table is None:
            continue
        index = next((one for one in table.indexes if one.status != ACTIVE), None)
        if index is not None:
            return Wait(f"Index {index.name} of {table.name} is being {_doing(index.status)}", FILLING)
        if table.status == "UPDATING":
            return Wait(f"{table.name} is being changed", FILLING)
    return None


def _doing(status: str) -> str:
    return "removed" if status == "DELETING" else "filled"
