"""What requests to write items send, and how writes are told."""

import uuid
from datetime import datetime

from ninja import Schema
from pydantic import Field

from portal.api.item_shapes import Json, tag, typed
from portal.api.items import Place
from portal.api.text import Line, Moment, Sent
from provisioning.actions.item_history import Told, left_by, tell
from provisioning.items.values import Value
from provisioning.lifecycle import WriteState, WriteVerb
from provisioning.models import ItemWrite


class How(Schema):
    """Why, and in prod also: not before when, and which change that was sent back it is sent instead of."""

    reason: Line = Field("", description="Needed in prod.")
    start_at: Moment | None = Field(None, description="In prod: not before.")
    replaces: uuid.UUID | None = Field(None, description="In prod: the change that was sent back.")


class Undoing(How, Sent):
    """Taking a write back."""


class NewItem(How, Sent):
    """A whole item as DynamoDB's JSON. What is hidden of it is sent back as it was shown."""

    item: Json


class ItemPatch(How, Sent):
    """What becomes of some of an item: `set` puts values at paths, `remove` takes paths away; nothing else of it is
    sent. A path is written as `address.lines[0]`, a name with dots in quotation marks."""

    set: dict[Line, Json] = Field(default_factory=dict)
    remove: list[Line] = Field(default_factory=list)


class ItemCopy(How, Sent):
    """Where an item is put: its whole new key. With `keep` it also stays where it was."""

    new_key: Json
    keep: bool = True


class Difference(Schema):
    """One place of an item before and after; null where there was or is nothing."""

    path: str
    before: Json | None
    after: Json | None


class WriteLine(Schema):
    """A write of an item; `title` is its verb in words. `state` sent: AWS has not answered, and nobody knows.
    `unreadable`: what it did cannot be told any more. `can_undo`: it can be taken back while its items still are as it
    left them."""

    id: int
    verb: WriteVerb
    title: str
    state: WriteState
    at: datetime
    by: str
    reason: str
    problem: str
    change: uuid.UUID | None
    job: uuid.UUID | None
    key: Json
    from_key: Json | None
    places: list[Difference]
    unreadable: bool
    can_undo: bool
    why_not_undo: str
    undone_by: int | None


class WriteList(Schema):
    """A page of writes, the newest first."""

    items: list[WriteLine]
    next: str | None


class WriteBrief(Schema):
    """A write of an item in some table, without telling which item or what became of it."""

    id: int
    table: str
    verb: WriteVerb
    title: str
    state: WriteState
    at: datetime
    by: str
    reason: str
    change: uuid.UUID | None
    job: uuid.UUID | None


class WriteBriefList(Schema):
    """A page of writes, the newest first."""

    items: list[WriteBrief]
    next: str | None


class Written(Schema):
    """What was written. `write` null: nothing differed from what is there, so nothing was sent. `key`, `item` and
    `etag` are of the item as it was left, null where there is none any more."""

    write: WriteLine | None
    key: Json | None
    item: Json | None
    etag: str | None


def written(place: Place, write: ItemWrite | None, etag: str | None) -> Written:
    """A write that was just done; `etag` is of the item that nothing was done to."""
    if write is None:
        return Written(write=None, key=typed(place.key), item=None, etag=etag)
    (told,) = tell(place.environment, place.table, [write])
    left = left_by(place.environment, place.table, write)
    if left is None:
        return Written(write=write_line(told), key=None, item=None, etag=None)
    return Written(write=write_line(told), key=typed(left.key), item=typed(left.shown), etag=tag(left.version))


def write_line(told: Told) -> WriteLine:
    """A write as it is told."""
    write, undone = told.write, getattr(told.write, "undone_by", None)
    return WriteLine(
        id=write.pk,
        verb=told.verb,
        title=told.verb.label,
        state=told.state,
        at=write.at,
        by=write.by.get_username(),
        reason=write.reason,
        problem=write.problem,
        change=write.change_id,
        job=write.job_id,
        key=typed(told.key),
        from_key=None if told.from_key is None else typed(told.from_key),
        places=[
            Difference(path=one.path, before=_value(one.before), after=_value(one.after)) for one in told.differences
        ],
        unreadable=told.unreadable,
        can_undo=not told.why_not_undo,
        why_not_undo=told.why_not_undo,
        undone_by=undone.pk if undone else None,
    )


def write_brief(write: ItemWrite) -> WriteBrief:
    """A write in a few words."""
    verb = WriteVerb(write.verb)
    return WriteBrief(
        id=write.pk,
        table=write.table,
        verb=verb,
        title=verb.label,
        state=WriteState(write.state),
        at=write.at,
        by=write.by.get_username(),
        reason=write.reason,
        change=write.change_id,
        job=write.job_id,
    )


def _value(value: Value | None) -> Json | None:
    return None if value is None else typed(value)
