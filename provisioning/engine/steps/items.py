"""Writes of items as a change: planned on each item as it is, read again before it runs, then sent one by one, each on
the condition that the item still is as it was planned on (B8, C15). A job on items is let go, and seen to its end.

No stack is locked by it: such a change may be open beside any other one, of a stack or of items.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from provisioning.aws import dynamodb
from provisioning.aws.items.reading import get_item
from provisioning.aws.items.writing import ItemConflict
from provisioning.engine import item_writes
from provisioning.engine.claims import hold
from provisioning.engine.item_rows import Sender, back
from provisioning.engine.outcome import Cancelled, Done, Outcome, Problem, Stop, Wait
from provisioning.engine.steps.item_jobs import cancel_asked, job_of, job_part
from provisioning.engine.work import Work
from provisioning.items.intents import BadIntentError, WriteIntent, from_text
from provisioning.items.query import shape_of
from provisioning.items.sealing import NotSealedError
from provisioning.items.values import BadValueError, Item
from provisioning.lifecycle import MOVING_JOBS, JobKind, WriteState, WriteVerb
from provisioning.models import Change, ItemJob, ItemWrite, Table
from provisioning.planning import item_plans
from provisioning.planning.item_plans import Leg
from provisioning.planning.secrets import opened

WRITES = "writes"  # under which the intents are in the change's secrets, by their place in the request
LOOK_AGAIN = "Look at the items as they are now, and ask again."
PASS = timedelta(seconds=5)  # of writing in one tick


class _RefusedError(Exception):
    """What was asked for cannot work on what is there."""


@dataclass(frozen=True)
class Planned:
    """One write with the items that it is planned on."""

    number: int
    intent: WriteIntent
    legs: tuple[Leg, ...]


@dataclass(frozen=True)
class Reading:
    """What a plan of items rests on, read once a tick."""

    row: Table
    table: dynamodb.Table
    writes: tuple[Planned, ...]
    job: ItemJob | None


def ensure_items_read(work: Work) -> Outcome:
    """Each item as it is now, and whether its write can work on it. What an earlier attempt has written is done; a
    write whose answer was lost is looked at first (B9)."""
    try:
        found = _read(work)
    except _RefusedError as refused:
        return Stop(Problem(str(refused), "you", LOOK_AGAIN, code="items"))
    if found.job is not None:
        return Done(f"{JobKind(found.job.kind).label}: ready to begin")
    count = len(found.writes)
    return Done("1 item is read" if count == 1 else f"{count} items are read")


def ensure_items_priced(work: Work) -> Outcome:
    """What the writes consume, on the table and on every index that they reach."""
    part = items_part(work)
    if part["job"] is not None:
        return Done("The price was said before it was asked for", skipped=True)
    return Done(f"{part['units']} write units")


def items_part(work: Work) -> dict[str, Any]:
    """The plan's part about items. Keys and values in it are sealed."""
    found = _read(work)
    shape = shape_of(found.row)
    writes = [item_plans.planned(one.number, one.intent, one.legs, shape) for one in found.writes]
    units = item_plans.total(writes)
    table = found.table
    return {
        "table": {"name": table.name, "id": table.table_id},
        "writes": writes,
        "units": str(units),
        "price": item_plans.price(units, table.billing_mode),
        "job": None if found.job is None else job_part(found.job),
    }


def impact(work: Work) -> dict[str, Any]:
    """What the plan says of data."""
    return item_plans.impact(items_part(work))


def moved(work: Work) -> tuple[dict[str, Any], list[str]]:
    """The plan's part about items as it would be now, and how it differs from the sealed one, in words (C15)."""
    sealed: Mapping[str, Any] = (work.change.plan or {})["items"]
    try:
        now = items_part(work)
    except _RefusedError as refused:
        return {}, [str(refused).rstrip(".")]
    was = {write["number"]: write["fingerprint"] for write in sealed["writes"]}
    is_now = {write["number"]: write["fingerprint"] for write in now["writes"]}
    alone = len(was) == 1
    reasons = [
        "the item changed since" if alone else f"item {number + 1} changed since"
        for number in sorted(was.keys() | is_now.keys())
        if was.get(number) != is_now.get(number)
    ]
    if now["table"]["id"] != sealed["table"]["id"]:
        reasons.append(f"{now['table']['name']} is another table now")
    return {"items": now}, reasons


def _read(work: Work) -> Reading:
    """Raises _RefusedError, saying which write cannot work and why."""
    if not isinstance(work.items_read, Reading):
        job = job_of(work.change)
        if job is not None and job.status not in MOVING_JOBS:
            raise _RefusedError("The work on items was taken back by itself.")
        row, table = _table(work)
        _settle(work)
        work.items_read = Reading(row, table, tuple(_planned(work, row)), job)
    return work.items_read


def _row(work: Work) -> Table | None:
    """The table's row; only one that is this environment's (pitfall 42)."""
    environment = work.change.environment
    mine = Table.objects.filter(environment=environment, account=environment.account)
    return mine.filter(name=work.change.goal["table"]).first()


def _table(work: Work) -> tuple[Table, dynamodb.Table]:
    name, row = work.change.goal["table"], _row(work)
    table = dynamodb.describe_table(work.aws, name) if row is not None else None
    if row is None or table is None or table.status == "DELETING":
        raise _RefusedError(f"There is no table {name} in {work.change.environment} any more.")
    return row, table


def _settle(work: Work) -> None:
    for write in work.change.item_writes.filter(state=WriteState.SENT):
        item_writes.settle(work.aws, write)


def _planned(work: Work, row: Table) -> Iterator[Planned]:
    """What is still to be written, each on the item as it is now."""
    done, intents = _done(work.change), _intents(work)
    for number, intent in intents.items():
        if number in done:
            continue
        legs, why = _legs(work, row, intent)
        if why:
            raise _RefusedError(_about(number, len(intents), why))
        if not all(leg.stays for leg in legs):
            yield Planned(number, intent, legs)


def intents_of(change: Change) -> dict[int, WriteIntent]:
    """What a change that has not ended is to write, by its place in the request. Raises NotSealedError once the secret
    key is another one."""
    try:
        return _read_intents(opened(change.secrets).get(WRITES, {}))
    except InvalidToken:
        raise NotSealedError("What was asked for cannot be read any more.") from None


def _intents(work: Work) -> dict[int, WriteIntent]:
    return _read_intents(work.secrets.get(WRITES, {}))


def _read_intents(kept: Mapping[str, str]) -> dict[int, WriteIntent]:
    return {int(number): from_text(text) for number, text in sorted(kept.items(), key=lambda one: int(one[0]))}


def _about(number: int, count: int, why: str) -> str:
    """The sentence about a write that cannot work; it names the item by its place, for keys may say much."""
    if count == 1:
        return f"{why[0].upper()}{why[1:]}."
    return f"Item {number + 1} of {count}: {why}."


def _legs(work: Work, row: Table, intent: WriteIntent) -> tuple[tuple[Leg, ...], str]:
    """What the write makes of what is there, or why it cannot."""
    if intent.verb is WriteVerb.UNDO:
        return _legs_back(work, row, intent)
    if intent.verb is not WriteVerb.EDIT and work.change.plans.exists():
        intent = replace(intent, read=None)  # a plan of it was made once; another one is shown, and decided about anew
    now = _now(work, row, intent.key)
    there = _now(work, row, intent.new_key) if intent.new_key is not None else None
    why = item_plans.why_not(intent, now, there)
    return ((), why) if why else (item_plans.legs_of(intent, now), "")


def _legs_back(work: Work, row: Table, intent: WriteIntent) -> tuple[tuple[Leg, ...], str]:
    own = ItemWrite.objects.filter(environment=row.environment_id, table=row.name, state=WriteState.DONE)
    write = own.filter(pk=intent.undoes or 0).first()
    if write is None:
        return (), "there is no such write of this table that could be undone"
    if ItemWrite.objects.filter(undoes=write).exclude(change=work.change).exists():
        return (), "somebody else has undone this write"
    legs = back(write)
    return legs, item_plans.why_not_back(legs, [_now(work, row, leg.key) for leg in legs])


def _now(work: Work, row: Table, key: Item) -> Item | None:
    return get_item(work.aws, row.name, key)[0]


def ensure_items_written(work: Work) -> Outcome:
    """The planned writes, in their order, each once: what was done is passed over, and of what had no answer the item
    itself tells whether it landed. Stops at the first whose item is no longer as it was approved."""
    change, row = work.change, _row(work)
    planned = (change.plan or {})["items"]["writes"]
    if not planned:
        return Done(skipped=True)
    if row is None:
        return _stopped(work, "the table is no longer one of this environment's")
    until = timezone.now() + PASS
    done = _done(change)
    for write in planned:
        if write["number"] in done:
            continue
        if cancel_asked(change):
            return Cancelled(_cancelled(change, planned))
        if timezone.now() > until:
            return Wait(f"{len(_done(change))} of {len(planned)} items are written", 0.0)
        why = _write(work, row, write)
        if why:
            return _stopped(work, why)
    return Done("1 item is written" if len(planned) == 1 else f"{len(planned)} items are written")


def _write(work: Work, row: Table, write: Mapping[str, Any]) -> str:
    """Send one write, on the items that it was planned on; one that a worker left without an answer is looked at first.
    Returns why it cannot be, in words; empty once it is done."""
    change, number = work.change, int(write["number"])
    begun = change.item_writes.filter(number=number).exclude(state=WriteState.REFUSED).first()
    if begun is not None and begun.state == WriteState.DONE:
        return ""
    with transaction.atomic():
        hold(change)
    try:
        sent = _send(work, row, write) if begun is None else item_writes.carry_on(work.aws, row, begun)
    except ItemConflict:
        return "the item changed after it was approved"
    except NotSealedError:
        return "what was planned cannot be read any more: Stackyard's secret key has changed since"
    except (BadIntentError, BadValueError) as wrong:
        return wrong.sentence.rstrip(".")
    return (
        "" if sent.state == WriteState.DONE else "it is not known whether it was written: others wrote the item since"
    )


def _send(work: Work, row: Table, write: Mapping[str, Any]) -> ItemWrite:
    change, number = work.change, int(write["number"])
    intent = _intents(work)[number]
    if intent.verb is not WriteVerb.UNDO:
        intent = replace(intent, read=item_plans.opened(write)[-1].before)
    sender = Sender(by_id=change.requested_by_id, reason=change.reason, change=change, number=number)
    return item_writes.carry_out(work.aws, row, intent, sender)


def _stopped(work: Work, why: str) -> Stop:
    change = work.change
    done = len(_done(change))
    sentence = f"{why[0].upper()}{why[1:]}."
    if done:
        sentence += f" {done} {'write was' if done == 1 else 'writes were'} done before and {_stays(done)}."
    advice = "Retry: what is left is planned again on the items as they are, and decided about again."
    return Stop(Problem(sentence, "you", advice, code="items"))


def _done(change: Change) -> set[int | None]:
    """The places of the writes that are done, in this attempt or an earlier one."""
    return set(change.item_writes.filter(state=WriteState.DONE).values_list("number", flat=True))


def _stays(count: int) -> str:
    return "stays" if count == 1 else "stay"


def _cancelled(change: Change, planned: list[Any]) -> str:
    done = len(_done(change))
    count = len(_done(change) | {write["number"] for write in planned})
    if not done:
        return "This change was cancelled before anything was altered."
    return f"Cancelled: {done} of {count} writes were done and {_stays(done)}; each of them can be undone."


def has_work(change: Change) -> bool:
    """Whether a sealed plan of items has anything to do."""
    items: Mapping[str, Any] = (change.plan or {}).get("items") or {}
    return bool(items.get("writes") or items.get("job"))
