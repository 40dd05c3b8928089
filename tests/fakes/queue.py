# ruff: noqa: N803  (botocore spells its arguments so)
"""A queue as SQS keeps it: what is received comes again unless it is deleted in time, and in no order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from .service import Answer, Service
from .world import World

HIDDEN = timedelta(seconds=30)


class Queue(Service):
    """One queue; whatever address it is asked by is its own."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._bodies: dict[str, str] = {}
        self._hidden: dict[str, datetime] = {}

    @property
    def waiting(self) -> list[str]:
        """The messages that nobody has deleted, oldest first."""
        return list(self._bodies.values())

    def send(self, body: str) -> None:
        """Put a message into it."""
        self._bodies[f"m-{self.world.number()}"] = body

    def create_queue(self, QueueName: str, **_: Any) -> Answer:
        """The address of this queue, by whatever name."""
        return {"QueueUrl": f"https://sqs.{self.world.region}.amazonaws.com/{self.world.account_id}/{QueueName}"}

    def send_message(self, QueueUrl: str, MessageBody: str) -> Answer:
        """Put a message into it, as AWS does."""
        self.send(MessageBody)
        return {}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int = 1, **_: Any) -> Answer:
        """The messages that nobody else has received lately, newest first: SQS promises no order."""
        now = self.world.now()
        seen = [name for name in reversed(self._bodies) if self._hidden.get(name, now) <= now]
        for name in seen[:MaxNumberOfMessages]:
            self._hidden[name] = now + HIDDEN
        rows = [
            {"MessageId": name, "ReceiptHandle": f"{name}/{QueueUrl}", "Body": self._bodies[name]}
            for name in seen[:MaxNumberOfMessages]
        ]
        return {"Messages": rows} if rows else {}  # SQS leaves the key out where there is none

    def delete_message_batch(self, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> Answer:
        """Delete what was received."""
        for one in Entries:
            self._bodies.pop(one["ReceiptHandle"].removesuffix(f"/{QueueUrl}"), None)
        return {"Successful": [{"Id": one["Id"]} for one in Entries]}
