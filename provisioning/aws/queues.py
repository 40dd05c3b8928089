"""Queues that AWS puts messages into (SQS). Needs sqs:ReceiveMessage and sqs:DeleteMessage on the queue."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

MOST = 10  # SQS gives, and deletes, no more at once
_REGION = re.compile(r"https?://sqs(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d+)\.")


@dataclass(frozen=True)
class Message:
    """One message. `receipt` is what it is deleted by; it is another one at every delivery."""

    id: str
    receipt: str
    body: str


def region_of(url: str) -> str:
    """The region that a queue's address names, empty for one that names none."""
    found = _REGION.match(url)
    return found[1] if found else ""


def receive(aws: Clients, url: str) -> tuple[Message, ...]:
    """Up to ten messages, in no order, without waiting for any. They come again unless they are deleted in time."""
    with translated("sqs", "ReceiveMessage"):
        answer = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=MOST, WaitTimeSeconds=0)
    return tuple(
        Message(one["MessageId"], one["ReceiptHandle"], one.get("Body", "")) for one in answer.get("Messages", [])
    )


def delete(aws: Clients, url: str, messages: Sequence[Message]) -> int:
    """Delete up to ten messages that were received. Returns how many AWS would not delete: those come again."""
    if not messages:
        return 0
    entries = [{"Id": str(number), "ReceiptHandle": one.receipt} for number, one in enumerate(messages)]
    with translated("sqs", "DeleteMessageBatch"):
        answer = aws.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return len(answer.get("Failed", []))
