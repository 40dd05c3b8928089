"""Planning, before and after the change sets: what AWS would refuse half way, said before anyone is asked. Only
what is about to change is asked about, so that a plain create costs no call."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from provisioning.aws import cloudformation, dynamodb, scaling
from provisioning.blueprints.shapes import ResolvedResource
from provisioning.engine.outcome import Outcome
from provisioning.engine.steps.checking import CREATE, IMPORT, UPDATE, noted
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind
from provisioning.models import Change, Operation
from provisioning.planning import exporting, names, preflight
from provisioning.planning.findings import Finding

Resources = tuple[ResolvedResource, ...]


def ensure_preflight(work: Work) -> Outcome:
    """Sizes, names of other environments, expiry, capacity, streams, scaling, change sets of others (P1, R10, T5,
    T7-T9, T17, C5)."""
    found: list[Finding] = []
    for kind, parts in work.parts.items():
        operation = parts[-1]  # an earlier part is cut out of this one's template
        if operation.template is None:
            continue
        before = work.deployed(operation.stack) if operation.action == UPDATE else ()
        after = work.resolved(operation).resources
        found += preflight.size_findings(kind, work.template(operation))
        found += _tables(work, operation, before, after)
        found += _targets(work, operation, before, after)
        found += _waiting(work, operation)
    found += _names(work)
    return noted(work, found, "Nothing stands in the way")


def _names(work: Work) -> list[Finding]:
    """New stacks and their tables against those of other environments."""
    new = [parts[-1] for parts in work.parts.values() if parts[0].action in {CREATE, IMPORT}]
    tables = [
        preflight.name_of(table)
        for operation in new
        for table in preflight.tables_of(work.resolved(operation).resources).values()
    ]
    stacks = [operation.stack.name for operation in new]
    return names.name_findings(work.change.environment, stacks, tables) if stacks else []


def _tables(work: Work, operation: Operation, before: Resources, after: Resources) -> Iterator[Finding]:
    old, new = preflight.tables_of(before), preflight.tables_of(after)
    updated = operation.stack.updated_at
    yield from preflight.capacity_findings(new)
    yield from preflight.expiry_findings(old, new, updated_at=updated, now=timezone.now())
    yield from preflight.stream_findings(old, new, preflight.exporting_streams(work.resolved(operation)))
    switching = preflight.switched_on_demand(old, new)
    if switching:
        yield from preflight.switch_findings(_switches(work, switching), settings.BILLING_SWITCHES_PER_DAY)


def _switches(work: Work, switching: Mapping[str, str]) -> dict[str, int]:
    """How often each of the tables went on demand lately: by our own changes that ran, and as AWS remembers (T7)."""
    now, ours, done = timezone.now(), _ran_lately(work), {}
    for logical_id, name in switching.items():
        table = dynamodb.describe_table(work.aws, name)
        if table is not None:
            done[name] = preflight.switches_done(
                logical_id, ours, switched_at=table.billing_switched_at, created_at=table.created_at, now=now
            )
    return done


def _ran_lately(work: Work) -> list[tuple[datetime, datetime, Mapping[str, Any]]]:
    """The changes of this environment that altered AWS within the day, failed ones too: what AWS undid counts."""
    since = timezone.now() - preflight.SWITCH_WINDOW
    ran = Change.objects.filter(
        environment_id=work.change.environment_id, started_at__isnull=False, finished_at__gt=since
    ).exclude(pk=work.change.pk)
    return [
        (change.started_at, change.finished_at, change.plan)
        for change in ran
        if change.started_at and change.finished_at and change.plan
    ]


def _targets(work: Work, operation: Operation, before: Resources, after: Resources) -> list[Finding]:
    """Scalable targets that are registered already; a new stack's tables have none yet."""
    new = preflight.new_targets(before, after) if operation.action == UPDATE else {}
    registered: list[str] = []
    for table, indexes in _asked(new.values()).items():
        registered += scaling.scalable_targets(work.aws, table, indexes)
    return preflight.target_findings(new, registered)


def _asked(resource_ids: Any) -> dict[str, list[str]]:
    """Indexes by table, out of `table/x` and `table/x/index/i`."""
    asked: dict[str, list[str]] = {}
    for parts in (one.split("/") for one in resource_ids):
        if parts[0] == "table" and len(parts) > 1:
            asked.setdefault(parts[1], []).extend(parts[3:4])
    return asked


def _waiting(work: Work, operation: Operation) -> list[Finding]:
    """Change sets that somebody else made and that wait: executing ours deletes them (C5)."""
    if operation.action != UPDATE or not operation.stack.stack_id:
        return []
    own = f"sy-{work.change.pk.hex}-"
    others = sorted(
        one.name
        for one in cloudformation.list_change_sets(work.aws, operation.stack.stack_id)
        if one.execution_status == "AVAILABLE" and not one.name.startswith(own)
    )
    stack = operation.stack.name
    return [
        Finding("info", stack, f"The change set {name} waits on {stack} too; AWS deletes it when this runs.")
        for name in others
    ]


def ensure_exports_kept(work: Work) -> Outcome:
    """Exports that an update would change or take away while somebody imports them (X2). After the change sets,
    because only they tell which resources get another one in their place."""
    found: list[Finding] = []
    for kind, parts in work.parts.items():
        if parts[0].action == UPDATE and parts[-1].template is not None:
            found += _exports(work, kind, parts)
    return noted(work, found, "No export that is in use changes")


def _exports(work: Work, kind: StackKind, parts: list[Operation]) -> list[Finding]:
    stack, after = work.stacks[kind], work.resolved(parts[-1])
    replaced = {
        row["logical_id"]
        for operation in parts
        for row in operation.changes or []
        if row["replacement"] in {"True", "Conditional"} and not row.get("in_place")
    }
    old, new = preflight.tables_of(work.deployed(stack)), preflight.tables_of(after.resources)
    streams = preflight.streams_replaced(old, new)
    moving = exporting.moving(stack.outputs, after, replaced=replaced, streams=streams)
    return exporting.export_findings(moving, {name: cloudformation.list_imports(work.aws, name) for name in moving})
