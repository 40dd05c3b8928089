"""Changing items: new, edited, deleted, copied to another key, put back as they were.

Each verb decides whether this person may, makes the intent of what is wanted, and has it carried out; every write is
written down before it is sent and leaves one audit entry. In prod nothing is sent: `ProdNeedsChange` carries the intent
to where a second person decides about it. Nothing is retried here, and no transaction is open while AWS is asked.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.browsing import require_own
from provisioning.actions.opening_items import read_back, reader
from provisioning.actions.reading_troubles import in_words
from provisioning.actions.refusals import Refusal
from provisioning.aws.errors import AwsError, Conflict, OtherKeys, Refused
from provisioning.aws.items.writing import ItemConflict
from provisioning.engine.item_rows import Sender, key_types, legs_of
from provisioning.engine.item_writes import NotKnown, NotWritten, carry_out
from provisioning.engine.reaching import default_aws, reach
from provisioning.items.intents import BadIntentError, WriteIntent, check
from provisioning.items.masking import Mask, mask_for, redacted
from provisioning.items.patching import (
    Patch,
    Sides,
    has_hidden,
    masked_at,
    patch_of_sent,
    resolved,
    three_ways,
    value_at,
)
from provisioning.items.reads import Read, sealed_read
from provisioning.items.sealing import NotSealedError
from provisioning.items.values import BadValueError, Item, check_item, key_of
from provisioning.items.versions import version_of
from provisioning.lifecycle import WriteState, WriteVerb
from provisioning.models import Environment, ItemWrite, Table
from provisioning.planning.policy import writes_need_change


class ProdNeedsChange(Refusal):
    """What is wanted is possible, but in prod it is a change that a second person decides about. `intent` is it."""

    def __init__(self, intent: WriteIntent) -> None:
        sentence = "In prod an item is changed by a change that somebody else approves. Ask for it, and say why."
        super().__init__(sentence, "prod-needs-change")
        self.intent = intent


class ItemChanged(Refusal):
    """Somebody else was quicker, and nothing was written (pitfall 29).

    `shown` is what the server has, as this person may see it; None when there is no such item any more. `sides` are
    the places that either has touched, masked as well; `token` carries both, sealed, to `do_resolve_edit`; `version`
    names how the server has it. Codes are `changed`, `gone`, and `exists` where a new item would have stood in the
    place of another one.
    """

    def __init__(
        self,
        sentence: str,
        code: str,
        *,
        shown: Item | None,
        sides: tuple[Sides, ...] = (),
        token: str = "",
        version: str = "",
    ) -> None:
        super().__init__(sentence, code)
        self.shown, self.sides, self.token, self.version = shown, sides, token, version


def do_create_item(
    actor: Actor,
    environment: Environment,
    table: Table,
    sent: Mapping[str, Any],
    *,
    reason: str = "",
    request_key: uuid.UUID | None = None,
) -> ItemWrite:
    """A new item, which never takes the place of one that is there (pitfall 30). `sent` is typed JSON. Raises Refusal,
    ItemChanged with the item that is there, ProdNeedsChange."""
    try:
        item = check_item(dict(sent))
        key = key_of(item, key_types(table))
    except BadValueError as wrong:
        raise _bad(wrong) from None
    except KeyError as missing:
        raise Refusal(
            f"The key needs {missing.args[0]}.", "bad-item", fields={str(missing.args[0]): "Missing."}
        ) from None
    intent = WriteIntent(WriteVerb.CREATE, table.name, key, item=item)
    return do_write_item(actor, environment, table, intent, reason=reason, request_key=request_key)


def do_edit_item(
    actor: Actor,
    environment: Environment,
    table: Table,
    key: Item,
    sent: Mapping[str, Any],
    *,
    token: str,
    reason: str = "",
    request_key: uuid.UUID | None = None,
) -> ItemWrite | None:
    """An item as a form brought it back: what differs from what was read (`token`) is sent, and nothing else; None,
    and no call, when nothing differs. `sent` is typed JSON, with what is hidden marked as it was shown.

    Raises Refusal, ItemChanged with both sides, ProdNeedsChange.
    """
    read = read_back(actor, environment, table, key, token)
    try:
        patch = patch_of_sent(mask_for(environment, table).apply(read.item), sent)
    except BadValueError as wrong:
        raise _bad(wrong) from None
    if not patch:
        return None
    intent = WriteIntent(WriteVerb.EDIT, table.name, key, patch=patch, read=read.item)
    return do_write_item(actor, environment, table, intent, reason=reason, request_key=request_key)


def do_resolve_edit(
    actor: Actor,
    environment: Environment,
    table: Table,
    key: Item,
    mine: Collection[int],
    *,
    token: str,
    reason: str = "",
) -> ItemWrite | None:
    """An edit again after somebody else was quicker: of the sides that were shown, those at the places `mine` are
    written over what the server had then; None when all of it is theirs. Raises as `do_edit_item` does."""
    read = read_back(actor, environment, table, key, token)
    sides = three_ways(read.before or read.item, read.wanted, read.item)
    patch = resolved(sides, [side.path for place, side in enumerate(sides) if place in mine])
    if not patch:
        return None
    intent = WriteIntent(WriteVerb.EDIT, table.name, key, patch=patch, read=read.item)
    return do_write_item(actor, environment, table, intent, reason=reason)


def do_delete_item(
    actor: Actor,
    environment: Environment,
    table: Table,
    key: Item,
    *,
    token: str,
    reason: str = "",
    request_key: uuid.UUID | None = None,
) -> ItemWrite:
    """An item away, if it still is as it was read. Raises Refusal, ItemChanged, ProdNeedsChange."""
    read = read_back(actor, environment, table, key, token)
    intent = WriteIntent(WriteVerb.DELETE, table.name, key, read=read.item)
    return do_write_item(actor, environment, table, intent, reason=reason, request_key=request_key)


def do_copy_item(
    actor: Actor,
    environment: Environment,
    table: Table,
    key: Item,
    new_key: Mapping[str, Any],
    *,
    token: str,
    keep: bool,
    reason: str = "",
    request_key: uuid.UUID | None = None,
) -> ItemWrite:
    """The item under another key, in one transaction; with `keep` also where it was (pitfall 21). `new_key` is typed
    JSON. Raises Refusal, ItemChanged, ProdNeedsChange."""
    read = read_back(actor, environment, table, key, token)
    try:
        wanted = check_item(dict(new_key))
    except BadValueError as wrong:
        raise _bad(wrong) from None
    intent = WriteIntent(WriteVerb.COPY, table.name, key, new_key=wanted, read=read.item, keep=keep)
    return do_write_item(actor, environment, table, intent, reason=reason, request_key=request_key)


def do_undo_write(
    actor: Actor,
    environment: Environment,
    table: Table,
    write: ItemWrite,
    *,
    reason: str = "",
    request_key: uuid.UUID | None = None,
) -> ItemWrite:
    """What a write did, taken back, if its items still are as it left them. Raises Refusal, ItemChanged with what the
    server has and what the write had left, ProdNeedsChange."""
    write = ItemWrite.objects.select_related("undone_by").get(pk=write.pk)
    why = why_not_undo(write)
    if why or write.environment_id != environment.pk or write.table != table.name:
        raise Refusal(why or "This write belongs to another table.", "cannot-undo")
    try:
        first = legs_of(write)[0]
    except NotSealedError:
        raise Refusal(
            "What was there before cannot be read any more: Stackyard's secret key has changed since.", "cannot-undo"
        ) from None
    intent = WriteIntent(WriteVerb.UNDO, table.name, first.key, item=first.before, read=first.after, undoes=write.pk)
    return do_write_item(actor, environment, table, intent, reason=reason, request_key=request_key)


def why_not_undo(write: ItemWrite) -> str:
    """Why a write cannot be taken back, whatever its item is now; empty when it can."""
    if write.state == WriteState.REFUSED:
        return "Nothing was written, so there is nothing to take back."
    if write.state == WriteState.SENT:
        return "Whether this was written is not known yet."
    return "This was taken back already." if getattr(write, "undone_by", None) else ""


def write_of_request(actor: Actor, request_key: uuid.UUID) -> ItemWrite | None:
    """What this person's request of this key has written; None where nothing came of it. Raises Refusal while AWS has
    not answered it and nobody knows."""
    found = ItemWrite.objects.filter(request_key=request_key, by=actor.user_id).first()
    if found is not None and found.state == WriteState.SENT:
        sentence = "AWS has not answered this request, so whether it was written is not known yet. Ask again later."
        raise Refusal(sentence, "not-known")
    return found


def do_write_item(
    actor: Actor,
    environment: Environment,
    table: Table,
    intent: WriteIntent,
    *,
    reason: str = "",
    request_key: uuid.UUID | None = None,
) -> ItemWrite:
    """What is wanted, carried out now. Raises Refusal: not allowed, not possible, or refused by AWS in words;
    ItemChanged; ProdNeedsChange, when all but the stage allows it."""
    require_change_right(actor, environment)
    require_own(environment, table)
    mask = mask_for(environment, table)
    try:
        intent = check(intent, key_types(table))
    except (BadIntentError, BadValueError) as wrong:
        raise _bad(wrong) from None
    _require_seen(intent, mask)
    if writes_need_change(environment.stage):
        raise ProdNeedsChange(intent)
    sender = Sender(actor.user_id, actor.address, reason.strip(), traces=actor.traces, key=request_key)
    try:
        return carry_out(reach(environment.account, default_aws), table, intent, sender)
    except (BadIntentError, BadValueError) as wrong:
        raise _bad(wrong) from None
    except ItemConflict as conflict:
        raise _changed(actor, environment, table, intent, conflict) from conflict
    except AwsError as error:
        raise _in_words(error, table, intent, mask) from error


def _require_seen(intent: WriteIntent, mask: Mask) -> None:
    """What somebody cannot see they cannot write over either (pitfall 26). Raises Refusal."""
    if intent.read is None:
        hidden = [edit for edit in intent.patch if mask.touches(edit.path)]
    else:
        shown = mask.apply(intent.read)
        values = ((edit, value_at(shown, edit.path)) for edit in intent.patch)
        hidden = [edit for edit, value in values if mask.hides(edit.path) or (value is not None and has_hidden(value))]
    if hidden:
        name = hidden[0].attribute
        sentence = f"{name} is hidden from you, so it can be neither changed nor removed."
        raise Refusal(sentence, "hidden", fields={name: sentence}, forbidden=True)


def _bad(wrong: BadIntentError | BadValueError) -> Refusal:
    path = wrong.path if isinstance(wrong, BadValueError) else ""
    return Refusal(str(wrong), "bad-item", fields={path: wrong.sentence} if path else {})


def _changed(
    actor: Actor, environment: Environment, table: Table, intent: WriteIntent, conflict: ItemConflict
) -> ItemChanged:
    mask = mask_for(environment, table)
    server = conflict.item
    shown = None if server is None else mask.apply(server)
    version = "" if server is None else version_of(environment.pk, table.name, server)
    if conflict.kind == "exists":
        return ItemChanged(conflict.sentence, "exists", shown=shown, version=version)
    if server is None or intent.read is None:
        code = "gone" if server is None else "changed"
        return ItemChanged(conflict.sentence, code, shown=shown, version=version)
    sides = three_ways(intent.read, _wanted(intent), server)
    token = sealed_read(reader(actor, environment, table), Read(server, intent.patch, intent.read))
    seen = tuple(_masked(side, mask) for side in sides)
    return ItemChanged(conflict.sentence, "changed", shown=shown, sides=seen, token=token, version=version)


def _wanted(intent: WriteIntent) -> Patch:
    return intent.patch if intent.verb is WriteVerb.EDIT else ()


def _masked(side: Sides, mask: Mask) -> Sides:
    read, mine, theirs = (masked_at(mask, side.path, value) for value in (side.read, side.mine, side.theirs))
    return replace(side, read=read, mine=mine, theirs=theirs)


def _in_words(error: AwsError, table: Table, intent: WriteIntent, mask: Mask) -> Refusal:
    """The refusal for what AWS said, without what is hidden of the item (pitfall 41)."""
    if isinstance(error, NotWritten | NotKnown):
        return Refusal(error.sentence, "not-known" if isinstance(error, NotKnown) else "not-written")
    if isinstance(error, Conflict):
        return Refusal("Another write is at this item right now. Nothing was written. Try again.", "in-use")
    if isinstance(error, Refused) and not isinstance(error, OtherKeys):
        items = [item for item in (intent.read, intent.item) if item]
        said = redacted(error.message, mask, *items).rstrip(".")
        return Refusal(f"DynamoDB refused it: {said}.", "aws-refused")
    return in_words(error, table.name)
