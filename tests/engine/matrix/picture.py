"""What is there once everything rests: rows and AWS, without what may differ from run to run."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

from django.db import connection
from django.db.models import Model
from fakes.world import Stack as AwsStack
from fakes.world import Table as AwsTable

from engine.yard import Yard
from provisioning.engine.item_writes import LANDED
from provisioning.models import (
    AuditEntry,
    Change,
    Environment,
    Event,
    ItemJob,
    ItemWrite,
    Operation,
    Parameter,
    ParameterVersion,
    Release,
    Rollout,
    SealedPlan,
    Stack,
    StackResource,
    Step,
    Table,
)

MOMENTS = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z)?")
IDS = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|[0-9a-f]{64}")
SEALED = re.compile(r"gAAAAA[\w=-]+")
SUFFIXES = re.compile(r"(?<=-)([0-9a-f]{8}|\d+)$")
OWN = frozenset(
    {
        *("id", "pk", "lease_token", "lease_until", "wakes", "tries", "token", "aws_id", "plan_digest", "digest"),
        *("last_event_id", "position", "physical_id"),
        "note",  # a step that was cut off may find, and say, that its work is done
    }
)
# Of an output: most hold a name that AWS makes up. How long a redeploy took depends on who came when.
DRAWN = frozenset({"digest", "at", "value", "seconds"})

Picture = dict[str, Any]
Column = tuple[str, Callable[[Any], Any]]


def picture(yard: Yard) -> Picture:
    """Everything that must be the same, however often a worker died on the way."""
    yard.fake.finish()
    return {
        "changes": _rows(Change, "requested_at", "pk"),
        "environments": _rows(Environment, "pk"),
        "stacks": _rows(Stack, "pk"),
        "operations": _rows(Operation, "change__requested_at", "stack__pk", "part"),
        "steps": _rows(Step, "change__requested_at", "name"),
        "plans": _rows(SealedPlan, "change__requested_at", "number"),
        "resources": _rows(StackResource, "stack", "logical_id"),
        "tables": _rows(Table, "name"),
        "item writes": _writes(),
        "known parameters": _rows(Parameter, "key"),
        "versions": _rows(ParameterVersion, "parameter__key", "generation", "version", "pk"),
        "rollouts": _rows(Rollout, "change__requested_at", "attempt", "number"),
        "releases": _rows(Release, "number"),
        "item jobs": _rows(ItemJob, "asked_at"),
        "audit": _counted(
            _clean(f"{verb}: {summary}") for verb, summary in AuditEntry.objects.values_list("verb", "summary")
        ),
        "events": _counted(_told()),
        "left in AWS": _left(yard),
        "done in AWS": _done(yard),
    }


def differences(was: Any, now: Any, path: str = "") -> list[str]:
    """Where two pictures differ, in words."""
    if isinstance(was, dict) and isinstance(now, dict):
        return [
            line for key in sorted({*was, *now}) for line in differences(was.get(key), now.get(key), f"{path}/{key}")
        ]
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        return [
            line
            for at, (one, two) in enumerate(zip(was, now, strict=True))
            for line in differences(one, two, f"{path}/{at}")
        ]
    return [] if was == now else [f"{path}: {was!r} became {now!r}"[:600]]


def _rows(model: type[Model], *order: str) -> list[dict[str, Any]]:
    sql, columns = _reading(model, order)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [
            {name: told(value) for (name, told), value in zip(columns, row, strict=True)} for row in cursor.fetchall()
        ]


@cache
def _reading(model: type[Model], order: tuple[str, ...]) -> tuple[str, tuple[Column, ...]]:
    """How a model's rows are read, said once: pictures are taken of every cell."""
    fields = [field for field in model._meta.concrete_fields if field.name not in OWN]
    found = model._default_manager.order_by(*order).values_list(*(field.attname for field in fields))
    sql, parameters = found.query.sql_with_params()
    assert not parameters
    return sql, tuple((field.name, _telling(field)) for field in fields)


def _telling(field: Any) -> Callable[[Any], Any]:
    """What a picture has of a column. Of a time, and of another row, whether it is there."""
    kind = field.get_internal_type()
    if kind in {"DateTimeField", "FloatField"} or field.is_relation:
        return lambda value: value is not None
    if kind == "JSONField":
        return lambda value: _clean(None if value is None else json.loads(value))
    return _clean


def _writes() -> list[dict[str, Any]]:
    """Writes of items. One whose answer was lost says that it was looked at, and is as done as any other."""
    rows = _rows(ItemWrite, "change__requested_at", "number", "pk")
    return [row | {"problem": "" if row["problem"] == LANDED else row["problem"]} for row in rows]


def _clean(value: Any) -> Any:
    """Without times and what was drawn by lot."""
    if isinstance(value, dict):
        return {str(key): _clean(one) for key, one in value.items() if key not in DRAWN}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    if isinstance(value, bool | int | None):
        return value
    return _plain(str(value))


@lru_cache(maxsize=10_000)
def _plain(text: str) -> str:
    return SUFFIXES.sub("…", IDS.sub("…", MOMENTS.sub("…", SEALED.sub("…", text))))


def _told() -> Iterable[str]:
    """What CloudFormation said, each line once, and each step's end. How often a step had to wait may differ."""
    for kind, logical_id, status in Event.objects.values_list("stack__kind", "logical_id", "status"):
        if kind is not None:
            yield f"{kind} {logical_id} {status}"
        elif status != "step_waiting":
            yield f"{logical_id} {status}"


def _counted(lines: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(lines).items()))


def _left(yard: Yard) -> Picture:
    world = yard.fake.world
    return {
        "stacks": sorted(_clean(_stack(one)) for one in world.stacks.values()),
        "change sets": len(world.change_sets),
        "tables": {name: _table(one) for name, one in sorted(world.tables.items())},
        "backups": _counted(f"{one.table} {one.status} {len(one.items)}" for one in world.backups.values()),
        "parameters": {
            name: [_clean([one["Value"], one.get("Labels", [])]) for one in versions]
            for name, versions in sorted(world.parameters.items())
        },
        "services": sorted(len(one.rollouts) for one in world.services.values()),
        "refreshes": sorted(one["Status"] for known in world.refreshes.values() for one in known),
    }


def _stack(stack: AwsStack) -> str:
    """One stack that is, or was, in AWS: what became of it, and what is left in it."""
    tags = ", ".join(f"{key}={value}" for key, value in sorted(stack.tags.items()))
    kept = f"{len(stack.change_sets)} change sets, protected {stack.protected}, policy {bool(stack.policy)}"
    return f"{stack.name}: {stack.status}, {stack.executed} executed, {kept}, {tags}"


def _table(table: AwsTable) -> Any:
    """One table with its settings and items. Which one it is counts where it was there before."""
    return _clean([table.described, table.items, table.stack_id, table.recovery, table.ttl_attribute])


def _done(yard: Yard) -> dict[str, int]:
    """Everything that CloudFormation ever did, stack by stack: nothing of it is done twice."""
    return _counted(
        f"{stack.name} {event['LogicalResourceId']} {event['ResourceStatus']}"
        for stack in yard.fake.world.stacks.values()
        for event in stack.events
    )
