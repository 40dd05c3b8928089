"""hello-erlang/prod with a message whose content is hidden, and changes of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import time_machine
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.actions.actor import ENGINEERS, Actor
from provisioning.actions.writing_in_prod import AskToWrite, do_request_writes
from provisioning.engine.reconcile import reconcile
from provisioning.items.intents import Edit, WriteIntent
from provisioning.items.values import Item
from provisioning.lifecycle import WriteVerb
from provisioning.models import Change, Environment, Table

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAME = "prod-hello-erlang-messages"
KEY: Item = {"id": {"S": "m-1"}}
ITEM: Item = KEY | {"user_id": {"S": "u-7"}, "content": {"S": "geheim"}, "tags": {"SS": ["a", "b"]}}
WHY = "A customer sent a wrong name"


@dataclass
class Scene:
    """hello-erlang/prod, ready, with its table of messages, whose `content` is hidden; alice asks."""

    alice: User
    prod: Environment
    table: Table
    aws: AsAws
    clock: time_machine.Traveller

    def asked(self, *writes: WriteIntent) -> Change:
        """A change of these items, planned."""
        actor = Actor(self.alice.pk, "alice", frozenset({ENGINEERS}))
        return worked(do_request_writes(actor, self.prod, writes, AskToWrite(WHY)))

    def stored(self) -> dict[str, Any]:
        """The message as it is in DynamoDB."""
        item: dict[str, Any] = self.aws.client.get_item(TableName=NAME, Key=KEY)["Item"]
        return item


def edit(content: str = "auch geheim", user: str = "u-8") -> WriteIntent:
    """Another content, which is hidden, and another user, who is not."""
    patch = (Edit(("content",), {"S": content}), Edit(("user_id",), {"S": user}))
    return WriteIntent(WriteVerb.EDIT, NAME, KEY, patch=patch, read=ITEM)


def worked(change: Change) -> Change:
    """The change, as far as workers bring it now."""
    for _ in range(3):
        reconcile(change.pk)
    return Change.objects.get(pk=change.pk)


def path(change: Change, act: str = "") -> str:
    """The address of a change, or of an act on it."""
    return f"/changes/{change.pk}/{act}"
