"""Deleting many items: their list is frozen and looked at, confirmed by typing, and then exactly that is deleted."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.db import transaction

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.browsing import require_allowed, require_own
from provisioning.actions.exporting import estimate_of
from provisioning.actions.jobs import Asked, open_job
from provisioning.actions.moves import Run, WriteCost, cost_of, do_request_run, do_run, require_rate
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite
from provisioning.engine.jobs.asked import goal_of
from provisioning.engine.jobs.chunks import Purpose, append_chunk, has_chunks, read_lines
from provisioning.engine.jobs.deleting import BYTES, FREEZE, ITEMS, UNITS
from provisioning.engine.jobs.entries import entries_of
from provisioning.items.exporting import typed_lines
from provisioning.items.query import Query, shape_of
from provisioning.items.values import BadValueError, Item, key_from_token, key_of
from provisioning.lifecycle import JobKind, JobStatus
from provisioning.models import Change, Environment, ItemJob, Table

MOST_TICKED = 500


def do_freeze(
    actor: Actor, environment: Environment, table: Table, query: Query, *, rate: int, key: uuid.UUID | None
) -> ItemJob:
    """Freeze the list of all that a query or scan finds: it is read, and nothing is deleted. Raises Refusal."""
    require_own(environment, table)
    require_change_right(actor, environment)
    require_rate(rate)
    query = replace(query, attributes=())
    require_allowed(environment, table, query)
    asked = Asked(goal_of(query, phase=FREEZE), estimate_of(table, query, rate).as_dict(), rate)
    with transaction.atomic():
        return open_job(actor, environment, table.name, JobKind.DELETE, asked, request_key=key)


def do_freeze_ticked(
    actor: Actor, environment: Environment, table: Table, tokens: Sequence[str], *, key: uuid.UUID | None
) -> ItemJob:
    """Freeze the list of the items that stand behind these tokens. Raises Refusal."""
    require_own(environment, table)
    require_change_right(actor, environment)
    keys = _keys(table, tokens)
    asked = Asked({"phase": FREEZE, "ticked": len(keys)}, {"items": len(keys)})
    with transaction.atomic():
        job = open_job(actor, environment, table.name, JobKind.DELETE, asked, request_key=key)
        if not has_chunks(job, Purpose.UPLOAD) and job.started_at is None:
            append_chunk(job, Purpose.UPLOAD, typed_lines(keys), items=len(keys))
    return job


def _keys(table: Table, tokens: Sequence[str]) -> list[Item]:
    shape = shape_of(table)
    types = {name: shape.types[name] for name in shape.itself.keys}
    wanted = list(dict.fromkeys(tokens))
    if not wanted:
        raise Refusal("Tick the items first.", "none-ticked")
    if len(wanted) > MOST_TICKED:
        raise Refusal(f"Tick {MOST_TICKED} items at most, or delete all results.", "too-many")
    try:
        return [key_from_token(token, types) for token in wanted]
    except BadValueError as wrong:
        raise Refusal(wrong.sentence, "bad-key") from None


def deletion_cost(table: Table, frozen: ItemJob, rate: int | None = None) -> WriteCost:
    """What deleting a frozen list takes."""
    report = frozen.report
    return cost_of(table, report.get(ITEMS, 0), report.get(BYTES, 0), Decimal(report.get(UNITS, "0")), rate)


def frozen_keys(table: Table, frozen: ItemJob, most: int) -> list[Item]:
    """The first keys of a frozen list. Raises NotSealedError."""
    keys: list[Item] = []
    for line in read_lines(frozen, Purpose.ITEMS):
        keys.append(key_of(entries_of(line)[0].item, shape_of(table).itself.keys))
        if len(keys) == most:
            break
    return keys


def do_run_deletion(
    actor: Actor, table: Table, frozen: ItemJob, *, typed: str, rate: int, key: uuid.UUID | None
) -> ItemJob:
    """Delete exactly what was frozen. `typed` is the environment's name or the count of items. Raises Refusal; in prod
    with the code prod-needs-change."""
    return do_run(actor, _run(table, frozen, typed, rate), key=key)


def do_request_deletion(
    actor: Actor, table: Table, frozen: ItemJob, *, typed: str, rate: int, ask: AskToWrite
) -> Change:
    """Ask for the same as a change. Raises Refusal."""
    return do_request_run(actor, _run(table, frozen, typed, rate), ask)


def _run(table: Table, frozen: ItemJob, typed: str, rate: int) -> Run:
    require_own(frozen.environment, table)
    require_rate(rate)
    why = why_not_delete(frozen)
    if why:
        raise Refusal(why, "cannot-run")
    cost = deletion_cost(table, frozen, rate)
    if typed.strip() not in {frozen.environment.name, str(cost.items), f"{cost.items:,}"}:
        raise Refusal(
            f"Type {frozen.environment.name} or {cost.items} to delete these items.",
            "not-confirmed",
            fields={"typed": f"Type {frozen.environment.name} or {cost.items}."},
        )
    return Run(JobKind.DELETE, frozen, {}, cost)


def why_not_delete(frozen: ItemJob) -> str:
    """Why a frozen list cannot be deleted; empty when it can. `why_not_run` has the rest."""
    if frozen.kind != JobKind.DELETE or frozen.goal.get("phase") != FREEZE:
        return "This is no list of items."
    if frozen.status != JobStatus.SUCCEEDED:
        return "Its list is not complete."
    return "" if frozen.report.get(ITEMS) else "No item was found, so there is nothing to delete."
