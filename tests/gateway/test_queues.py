"""Queues: messages are received in tens, come again unless deleted, and errors are the five."""

import pytest

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Denied, Missing
from provisioning.aws.queues import Message, delete, receive, region_of

from .scripts import Script


@pytest.fixture
def url(aws: Clients) -> str:
    """A queue with nothing in it."""
    found: str = aws.sqs.create_queue(QueueName="hints", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    return found


def test_messages_come_in_tens_until_they_are_deleted(aws: Clients, url: str) -> None:
    for number in range(12):
        aws.sqs.send_message(QueueUrl=url, MessageBody=f"{number}")
    first = receive(aws, url)
    assert len(first) == 10
    assert delete(aws, url, first) == 0
    rest = receive(aws, url)
    assert {one.body for one in (*first, *rest)} == {str(number) for number in range(12)}
    assert [one.id for one in receive(aws, url)] == [one.id for one in rest]
    assert delete(aws, url, rest) == 0
    assert receive(aws, url) == ()


def test_nothing_is_deleted_without_asking(aws: Clients) -> None:
    assert delete(aws, "https://sqs.us-east-1.amazonaws.com/123456789012/not-there", []) == 0


def test_what_could_not_be_deleted_is_counted(script: Script) -> None:
    aws, answers = script("sqs")
    answers.add_response(
        "delete_message_batch",
        {"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "SenderFault": False, "Code": "InternalError"}]},
        {"QueueUrl": "q", "Entries": [{"Id": "0", "ReceiptHandle": "r0"}, {"Id": "1", "ReceiptHandle": "r1"}]},
    )
    assert delete(aws, "q", [Message("a", "r0", ""), Message("b", "r1", "")]) == 1


def test_a_queue_that_is_not_there_is_missing(aws: Clients) -> None:
    with pytest.raises(Missing) as caught:
        receive(aws, "https://sqs.us-east-1.amazonaws.com/123456789012/not-there")
    assert "The queue of hints does not have" in caught.value.sentence


def test_a_right_that_is_missing_is_denied(script: Script) -> None:
    aws, answers = script("sqs")
    answers.add_client_error("receive_message", "AccessDenied", "no", 403)
    with pytest.raises(Denied):
        receive(aws, "q")


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/hints", "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/hints", "cn-north-1"),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/hints", "us-gov-west-1"),
        ("http://127.0.0.1:4566/000000000000/hints", ""),
        ("https://queue.amazonaws.com/123456789012/hints", ""),
    ],
)
def test_the_region_is_the_address_s(url: str, region: str) -> None:
    assert region_of(url) == region
