"""Carrying out a write of an item: written down before the call, on the condition that the item is as it was read, and
settled by looking where AWS did not answer (B8, B9).

Whether somebody may do this is decided above: by the verb of a click, or by the change that a write of prod is.
"""

import uuid
from collections.abc import Sequence
from decimal import Decimal

import structlog

from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError, Busy
from provisioning.aws.items import writing
from provisioning.aws.items.reading import get_item
from provisioning.aws.items.writing import Check, Delete, ItemConflict, Look, Put
from provisioning.engine.accounts import target
from provisioning.engine.item_rows import Sender, back, closed, legs_of, noted, opened
from provisioning.engine.reaching import default_aws
from provisioning.items.intents import WriteIntent, patched, result_of
from provisioning.items.masking import mask_for, redacted
from provisioning.items.patching import checks_of_item, patch_between, update_of, value_at
from provisioning.items.values import Item, same, same_item
from provisioning.lifecycle import WriteState, WriteVerb
from provisioning.models import ItemWrite, Table
from provisioning.planning.item_plans import Leg

log = structlog.get_logger(__name__)
HAD_MORE = "Something was added to the item in that very moment, and went with it. Taking this back brings it back."
LANDED = "AWS did not answer. The item was looked at since: it is as this write was to leave it."
WRITTEN_SINCE = "AWS did not answer, and the item has been written by others since."
_NO_ANSWER = frozenset({"unreachable", "aws"})
_TOKENS = uuid.UUID("8a3c7c1e-5a0b-4e0c-9b62-5d3f0e3f6a11")  # what the tokens of transactions are made within


class NotWritten(Busy):
    """AWS did not answer, and a look at the item showed that nothing was written."""

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        return "AWS did not answer. The item was looked at since: nothing was written. Try again in a moment."


class NotKnown(Busy):
    """AWS did not answer, and whether the write landed could not be seen either."""

    @property
    def sentence(self) -> str:
        """What happened, whose turn it is, what to do."""
        return (
            "AWS did not answer, so whether this was written is not known yet. Stackyard looks at the item by itself"
            " and notes it in the list of writes; look there before you send it again."
        )


def carry_out(aws: Clients, row: Table, intent: WriteIntent, sender: Sender) -> ItemWrite:
    """Do what is wanted to an item of a table that belongs to an environment, and return the row of it, done.

    Where `intent.read` is None the item is read first. Raises ItemConflict with the item that the server has,
    NotWritten or NotKnown where AWS did not answer, another AwsError, BadIntentError or BadValueError; the row is then
    refused, or still sent where it is not known.
    """
    legs = _legs(aws, row, intent)
    return _sent(aws, row, legs, opened(row, intent, legs, sender), sender)


def carry_on(aws: Clients, row: Table, write: ItemWrite) -> ItemWrite:
    """Bring a write to its end that a worker left without an answer: one that landed is done, one that did not is sent
    again, as the same row. It stays as it is where somebody else has written the item since. Raises as `carry_out`."""
    legs = legs_of(write)
    landed = _standing(aws, write.table, legs)
    if landed is None:
        return noted(write, WRITTEN_SINCE)
    return closed(write, WriteState.DONE, LANDED) if landed else _sent(aws, row, legs, write, None)


def _sent(aws: Clients, row: Table, legs: Sequence[Leg], write: ItemWrite, sender: Sender | None) -> ItemWrite:
    try:
        done, capacity = _send(aws, row, legs, write)
    except ItemConflict as conflict:
        # An earlier attempt of this very call may have won, and lost its answer (B9).
        if conflict.retried and _standing(aws, row.name, legs) is True:
            return closed(write, WriteState.DONE, sender=sender)
        closed(write, WriteState.REFUSED, conflict.sentence, sender=sender)
        raise
    except AwsError as error:
        if isinstance(error, Busy) and write.number is not None:
            raise  # its change goes on with this very row, and looks first whether it landed
        if isinstance(error, Busy) and error.reason in _NO_ANSWER:
            return _after_silence(aws, write, error)
        closed(write, WriteState.REFUSED, _problem(row, error, legs), sender=sender)
        raise
    more = any(was.after is None and not same_item(leg.before, was.before) for leg, was in zip(legs, done, strict=True))
    return closed(write, WriteState.DONE, HAD_MORE if more else "", legs=done, capacity=capacity, sender=sender)


def _problem(row: Table, error: AwsError, legs: Sequence[Leg]) -> str:
    """What went wrong, without what is hidden of the items (pitfall 41)."""
    items = [item for leg in legs for item in (leg.before, leg.after) if item]
    return redacted(error.sentence, mask_for(row.environment, row), *items) if row.environment else ""


def _legs(aws: Clients, row: Table, intent: WriteIntent) -> tuple[Leg, ...]:
    """What is to become of which items."""
    if intent.verb is WriteVerb.UNDO and intent.undoes is not None:
        return _legs_back(aws, row, ItemWrite.objects.get(pk=intent.undoes))
    if intent.verb is WriteVerb.CREATE:
        return (Leg(intent.key, None, intent.item),)
    if intent.verb is WriteVerb.COPY and intent.new_key is not None:
        return _legs_of_copy(aws, row, intent, intent.new_key)
    read = intent.read or get_item(aws, row.name, intent.key)[0]
    if read is None:
        raise ItemConflict("changed", None)
    return (Leg(intent.key, read, result_of(intent, read)),)


def _legs_of_copy(aws: Clients, row: Table, intent: WriteIntent, new_key: Item) -> tuple[Leg, ...]:
    """A copy takes the whole item along, so it is read again, whatever part of it somebody had seen (pitfall 26)."""
    now, _capacity = get_item(aws, row.name, intent.key)
    if now is None or not all(same(value, now.get(name)) for name, value in (intent.read or {}).items()):
        raise ItemConflict("changed", now)
    return (Leg(new_key, None, result_of(intent, now)), Leg(intent.key, now, now if intent.keep else None))


def _legs_back(aws: Clients, row: Table, write: ItemWrite) -> tuple[Leg, ...]:
    """The way back from a write, where every item of it still is as the write left it."""
    legs = back(write)
    for place, leg in enumerate(legs):
        now, _capacity = get_item(aws, row.name, leg.key)
        if not same_item(now, leg.before):
            raise ItemConflict("changed" if leg.before else "exists", now, place=place)
    return legs


def _send(aws: Clients, row: Table, legs: Sequence[Leg], write: ItemWrite) -> tuple[Sequence[Leg], Decimal]:
    """The one call of a write: what became of its items, with what there really was before, and its write units."""
    calls = [_call(row, leg) for leg in legs]
    if len(calls) > 1:
        token = uuid.uuid5(_TOKENS, f"{write.pk} {write.at.isoformat()}")
        return legs, writing.transact_write(aws, calls, token=str(token))
    (leg,), (call,) = legs, calls
    if isinstance(call, Put):
        return legs, writing.put_item(aws, call).capacity
    if isinstance(call, Delete):
        written = writing.delete_item(aws, call)
        return (Leg(leg.key, written.before or leg.before, None),), written.capacity
    if isinstance(call, Look):
        raise TypeError("A write that alters nothing is never sent.")
    written = writing.update_item(aws, call)
    return (_as_it_was(leg, written.before),), written.capacity


def _as_it_was(leg: Leg, before: Item | None) -> Leg:
    """The leg with all that the server had: what the patch did not touch may have been written by others since."""
    if before is None or leg.before is None or leg.after is None:
        return leg
    return Leg(leg.key, before, patched(before, patch_between(leg.before, leg.after)))


def _call(row: Table, leg: Leg) -> writing.Write:
    if leg.before is None:
        return Put(row.name, leg.after or {}, (Check((next(iter(leg.key)),), "absent"),))
    if leg.after is None:
        return Delete(row.name, leg.key, checks_of_item(leg.before, leg.key))
    if leg.stays:
        return Look(row.name, leg.key, checks_of_item(leg.before, leg.key))
    return update_of(row.name, leg.key, patch_between(leg.before, leg.after), leg.before)


def _after_silence(aws: Clients, write: ItemWrite, busy: Busy) -> ItemWrite:
    """What to say of a write that had no answer: what a look at the item shows (B9). Raises NotWritten or NotKnown."""
    try:
        settled = settle(aws, write)
    except AwsError:
        raise NotKnown(busy.message, reason=busy.reason, service=busy.service) from busy
    if settled.state == WriteState.DONE:
        return settled
    kind = NotWritten if settled.state == WriteState.REFUSED else NotKnown
    raise kind(busy.message, reason=busy.reason, service=busy.service) from busy


def settle(aws: Clients, write: ItemWrite) -> ItemWrite:
    """Look whether a write that had no answer landed, and note it: done, refused, or still sent where somebody else
    has written the item since. Raises AwsError, with nothing noted."""
    if write.state != WriteState.SENT:
        return write
    landed = _standing(aws, write.table, legs_of(write))
    if landed is None:
        return noted(write, WRITTEN_SINCE)
    if landed:
        return closed(write, WriteState.DONE, LANDED)
    return closed(write, WriteState.REFUSED, "AWS did not answer, and nothing was written.")


def _standing(aws: Clients, table: str, legs: Sequence[Leg]) -> bool | None:
    """Whether all items are as the write leaves them (True) or as they were before it (False); None for neither."""
    found = {_stands(leg, get_item(aws, table, leg.key)[0]) for leg in legs if not leg.stays}
    return found.pop() if len(found) == 1 else None


def _stands(leg: Leg, now: Item | None) -> bool | None:
    if leg.before is None or leg.after is None or now is None:
        return True if same_item(now, leg.after) else False if same_item(now, leg.before) else None
    edits = patch_between(leg.before, leg.after)
    if all(same(value_at(now, edit.path), edit.value) for edit in edits):
        return True
    return False if all(same(value_at(now, one.path), value_at(leg.before, one.path)) for one in edits) else None


def settle_unanswered(write_id: int) -> None:
    """Look what became of a write that AWS has not answered; where AWS does not answer again, the next sweep does."""
    write = ItemWrite.objects.select_related("environment__account").get(pk=write_id)
    try:
        settle(default_aws(target(write.environment.account)), write)
    except AwsError as error:
        log.info("item_write_unanswered", write=write_id, code=error.code)
