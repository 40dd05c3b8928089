"""Items in the scripted AWS, and changes that write them."""

import json
import uuid
from typing import Any

from provisioning.actions.writing_in_prod import AskToWrite, do_request_job, do_request_writes
from provisioning.engine.surveying import survey
from provisioning.items.intents import Edit, WriteIntent
from provisioning.lifecycle import JobKind, JobStatus, WriteVerb
from provisioning.models import Change, Environment, ItemJob, Table

from .yard import HELLO, Yard

MESSAGES = "prod-hello-erlang-messages"
WHY = "A wrong name was sent in"
Item = dict[str, dict[str, Any]]


def message(number: int, content: str = "hello", **more: dict[str, Any]) -> Item:
    """One item of the table of messages."""
    return {"id": {"S": f"m-{number}"}, "user_id": {"S": "u-1"}, "content": {"S": content}, **more}


def key(number: int) -> Item:
    """Its key."""
    return {"id": {"S": f"m-{number}"}}


def stocked(yard: Yard, *items: Item, name: str = "prod") -> Environment:
    """hello-erlang, up, its tables listed, with these messages in it."""
    environment = yard.ready(HELLO, name)
    survey(yard.account.pk, yard.fake.aws_for)
    assert Table.objects.filter(environment=environment).count() == 2
    for item in items:
        put(yard, item, f"{name}-hello-erlang-messages")
    return environment


def put(yard: Yard, item: Item, table: str = MESSAGES) -> None:
    """Somebody writes an item without Stackyard."""
    yard.fake.world.tables[table].items[json.dumps({"id": item["id"]}, sort_keys=True)] = item


def items(yard: Yard, table: str = MESSAGES) -> dict[str, Item]:
    """What is in the table now, by id."""
    return {one["id"]["S"]: one for one in yard.fake.world.tables[table].items.values()}


def create(number: int, content: str = "new") -> WriteIntent:
    """A new message."""
    return WriteIntent(WriteVerb.CREATE, MESSAGES, key(number), item=message(number, content))


def edit(number: int, content: str = "edited", **more: Any) -> WriteIntent:
    """Another content of a message."""
    return WriteIntent(WriteVerb.EDIT, MESSAGES, key(number), patch=(Edit(("content",), {"S": content}),), **more)


def delete(number: int) -> WriteIntent:
    """A message, away."""
    return WriteIntent(WriteVerb.DELETE, MESSAGES, key(number))


def move(number: int, to: int, *, keep: bool = False) -> WriteIntent:
    """A message under another key."""
    return WriteIntent(WriteVerb.COPY, MESSAGES, key(number), new_key=key(to), keep=keep)


def asked(yard: Yard, environment: Environment, *writes: WriteIntent) -> Change:
    """A change of these items; nothing runs yet."""
    return do_request_writes(yard.alice, environment, writes, AskToWrite(WHY, uuid.uuid4()))


def planned(yard: Yard, environment: Environment, *writes: WriteIntent) -> Change:
    """A change of these items that waits for a decision."""
    change = yard.drive(asked(yard, environment, *writes))
    assert change.status == "awaiting_approval", change.problem
    return change


def approved(yard: Yard, change: Change) -> Change:
    """The change, agreed to and driven until it rests."""
    yard.approve(change)
    return yard.drive(change)


def held_job(yard: Yard, environment: Environment, items: int = 3) -> Change:
    """A change about work on many items: its job is held."""

    def opened(change: Change) -> ItemJob:
        return ItemJob.objects.create(
            environment=environment,
            table=MESSAGES,
            kind=JobKind.DELETE,
            status=JobStatus.QUEUED,
            asked_by_id=yard.alice.user_id,
            asked_at=change.requested_at,
            change=change,
            goal={"phase": "run"},
            expected={"items": items},
        )

    ask = AskToWrite(WHY, uuid.uuid4())
    return do_request_job(yard.alice, environment, MESSAGES, JobKind.DELETE, ask, open_job=opened, items=items)
