"""Asking for writes of items as a change: in prod nothing is written at once, and a second person decides first.

What is to be written is kept encrypted with the change until it has ended. Such a change locks no stack: several may
be open beside each other, and beside a change of a stack.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.changing import require_start
from provisioning.actions.refusals import Refusal
from provisioning.actions.superseding import lock_replaced, supersede
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.engine.item_rows import key_types
from provisioning.engine.steps.items import WRITES
from provisioning.items.canonical import canonical
from provisioning.items.intents import BadIntentError, WriteIntent, check
from provisioning.items.values import BadValueError
from provisioning.lifecycle import (
    MOVING_JOBS,
    OPEN_CHANGES,
    ChangeKind,
    ChangeStatus,
    JobKind,
    JobStatus,
    StackKind,
    WriteState,
    WriteVerb,
    stack_status,
)
from provisioning.models import Change, Environment, ItemJob, ItemWrite, Stack, Table
from provisioning.planning import item_plans
from provisioning.planning.policy import needed
from provisioning.planning.secrets import sealed
from provisioning.tasks import ring

MOST_WRITES = 25  # of one change: whoever decides has to read them all
DELETES_DATA = frozenset({ChangeKind.DELETE_DATA})


@dataclass(frozen=True)
class AskToWrite:
    """What comes with every request: why, the form's own key so that a second click finds the first one's change, a
    time before which it does not run, and the change that this one is sent instead of."""

    reason: str
    key: uuid.UUID | None = None
    start_at: datetime | None = None
    replaces: uuid.UUID | None = None


def do_request_writes(actor: Actor, environment: Environment, writes: Sequence[WriteIntent], ask: AskToWrite) -> Change:
    """Ask for items of one table to be written, in their order, as one change. Returns the change; the same one again
    for a second click. Raises Refusal, with the fields that it is about: `reason`, `start_at`."""
    known = _before(actor, environment, ask)
    if known is not None:
        return known
    if not writes:
        raise Refusal("Nothing is to be written.", "nothing")
    row = _row(environment, writes[0].table)
    checked = _checked(row, writes)
    secrets = sealed({WRITES: {str(number): intent.as_text() for number, intent in enumerate(checked)}})
    said = item_plans.sentence(row.name, [intent.verb for intent in checked])
    goal = {"table": row.name, "items": len(checked)}
    return _opened(actor, environment, ask, goal, said, secrets=secrets)


def do_request_job(
    actor: Actor,
    environment: Environment,
    table: str,
    kind: JobKind,
    ask: AskToWrite,
    *,
    open_job: Callable[[Change], ItemJob],
    items: int | None = None,
    back: Sequence[int] | None = None,
) -> Change:
    """Ask for work on many items of a table as a change. `open_job` opens the job of the change that it is given, held:
    it does nothing before the change runs. `items` is about how many it alters, `back` how many of them it puts back,
    deletes and is unsure of, where it puts back what another job did. Raises Refusal as above."""
    known = _before(actor, environment, ask)
    if known is not None:
        return known
    row = _row(environment, table)
    said = item_plans.sentence(row.name, (), {"kind": kind, "items": items, "back": back})
    goal = {"table": row.name, "items": items, "job": str(kind)}
    return _opened(actor, environment, ask, goal, said, open_job=open_job)


def undo_intent(write: ItemWrite) -> WriteIntent:
    """What takes a write back, as it is asked for. How the items were, and where they are, is read from the write
    itself. Raises Refusal for a write that cannot be undone any more."""
    if write.state != WriteState.DONE:
        raise Refusal("Only a write that was done can be undone.", "not-done")
    if ItemWrite.objects.filter(undoes=write).exists():
        raise Refusal("This write was undone already.", "undone")
    return WriteIntent(WriteVerb.UNDO, write.table, {}, undoes=write.pk)


def why_not_ask(actor: Actor, environment: Environment) -> str:
    """Why this person cannot ask for writes of items now, as the verbs would say; empty when they can."""
    try:
        _guard(actor, environment)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def asked_of(environment: Environment) -> StagePolicy:
    """What is asked for a write of items in this environment: how many approvals, of whom. Raises Refusal."""
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise Refusal("The blueprint of this application cannot be read any more. Ask an admin.", "no-application")
    return needed(blueprint.stages[environment.stage], ChangeKind.WRITE_ITEMS)


def _before(actor: Actor, environment: Environment, ask: AskToWrite) -> Change | None:
    """The change of an earlier click; None when this is the first. Raises Refusal."""
    require_change_right(actor, environment)
    known = _same_click(actor, ask)
    if known is not None:
        return known
    if not ask.reason.strip():
        raise Refusal("Say why: it is kept with the change.", "no-reason", fields={"reason": "Say why."})
    _guard(actor, environment)
    if ask.start_at is not None:
        require_start(ask.start_at)
    return None


def _same_click(actor: Actor, ask: AskToWrite) -> Change | None:
    found = Change.objects.filter(request_key=ask.key).first() if ask.key else None
    if found is not None and found.requested_by_id != actor.user_id:
        raise Refusal("This form was sent already. Open it again.", "sent-already")
    return found


def _guard(actor: Actor, environment: Environment) -> None:
    require_change_right(actor, environment)
    if not asked_of(environment).approvals:
        sentence = f"Nobody decides about items at {environment.stage}: they are written at once."
        raise Refusal(sentence, "direct")
    stack = Stack.objects.filter(environment=environment, kind=StackKind.DATA).first()
    if stack is None or stack_status(stack.status).gone:
        raise Refusal(f"{environment} has no data stack now, so nothing is written in its tables.", "no-data")
    going = Change.objects.filter(environment=environment, kind__in=DELETES_DATA, status__in=OPEN_CHANGES)
    change = going.select_related("requested_by").first()
    if change is not None:
        who = change.requested_by.get_username()
        sentence = f"{who} has asked for the data of {environment} to be deleted. That is decided first."
        raise Refusal(sentence, "data-goes", change_id=str(change.pk))


def _row(environment: Environment, table: str) -> Table:
    """The table's row; only one that is this environment's (pitfall 42)."""
    row = Table.objects.filter(environment=environment, account=environment.account, name=table).first()
    if row is None:
        raise Refusal(f"There is no table {table} in {environment}.", "no-table")
    return row


def _checked(row: Table, writes: Sequence[WriteIntent]) -> list[WriteIntent]:
    if len(writes) > MOST_WRITES:
        sentence = f"One change writes {MOST_WRITES} items at most, so that somebody can read them all."
        raise Refusal(sentence, "too-many")
    if any(intent.table != row.name for intent in writes):
        raise Refusal("One change writes items of one table.", "several-tables")
    try:
        checked = [_checked_one(row, intent) for intent in writes]
    except (BadIntentError, BadValueError) as wrong:
        raise Refusal(wrong.sentence, "bad-write") from wrong
    _require_once(checked)
    return checked


def _checked_one(row: Table, intent: WriteIntent) -> WriteIntent:
    if intent.verb is not WriteVerb.UNDO:
        return check(intent, key_types(row))
    write = ItemWrite.objects.filter(pk=intent.undoes or 0, environment=row.environment_id, table=row.name).first()
    if write is None:
        raise Refusal("There is no such write of this table.", "no-write")
    return undo_intent(write)


def _require_once(writes: Sequence[WriteIntent]) -> None:
    """Each item once: a second write of it would be planned on what the first one has not made yet."""
    keys: list[object] = [canonical(key) for intent in writes for key in (intent.key, intent.new_key) if key]
    keys += [intent.undoes for intent in writes if intent.undoes is not None]
    if len(set(keys)) < len(keys):
        raise Refusal("An item is in it twice. Ask for the second write once the first is done.", "twice")


def _opened(
    actor: Actor,
    environment: Environment,
    ask: AskToWrite,
    goal: Mapping[str, Any],
    said: str,
    *,
    secrets: str = "",
    open_job: Callable[[Change], ItemJob] | None = None,
) -> Change:
    try:
        with transaction.atomic():
            old = _replaced(actor, environment, ask)
            now = timezone.now()
            change = Change.objects.create(
                request_key=ask.key,
                environment=environment,
                kind=ChangeKind.WRITE_ITEMS,
                status=ChangeStatus.PLANNING,
                requested_by_id=actor.user_id,
                requested_at=now,
                reason=ask.reason.strip(),
                start_at=ask.start_at,
                supersedes=old,
                next_check_at=now,
                goal=dict(goal),
                secrets=secrets,
            )
            if open_job is not None:
                open_job(change)
            _audit(actor, change, said)
            ring(change.pk)
    except IntegrityError:
        known = _same_click(actor, ask)
        if known is None:
            raise
        return known
    return change


def _replaced(actor: Actor, environment: Environment, ask: AskToWrite) -> Change | None:
    """The request that this one is sent instead of, ended. Raises Refusal."""
    old = lock_replaced(ask.replaces)
    if old is None:
        return None
    if old.kind != ChangeKind.WRITE_ITEMS:
        raise Refusal("Only a request for writes of items is replaced by another one.", "cannot-replace")
    supersede(actor, old, environment, ChangeKind.WRITE_ITEMS)
    held = ItemJob.objects.filter(change=old, status__in=MOVING_JOBS)
    held.update(status=JobStatus.CANCELLED, finished_at=timezone.now(), next_check_at=None)
    return old


def _audit(actor: Actor, change: Change, said: str) -> None:
    old = change.supersedes_id
    audit(
        actor,
        f"request_{change.kind}",
        f"{ChangeKind.WRITE_ITEMS.label} {change.environment}, asked for. {said}",
        environment=change.environment,
        change=change,
        reason=change.reason,
        detail={"table": change.goal["table"], **({"supersedes": str(old)} if old else {})},
    )
