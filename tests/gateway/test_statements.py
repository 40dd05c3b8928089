"""Statements, against moto where it reads them, and scripted where it does not: pages, capacity, refusals."""

from decimal import Decimal
from typing import Any

import pytest

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, Denied, Missing, Refused
from provisioning.aws.items.statements import execute_select

from .scripts import Script

STATEMENT = 'SELECT * FROM "dev-messages" WHERE "id" = ?'
GIVEN: tuple[dict[str, Any], ...] = ({"S": "a"},)


def test_items_come_in_dynamodbs_own_form(aws: Clients) -> None:
    aws.dynamodb.create_table(
        TableName="dev-messages",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    item: dict[str, Any] = {"id": {"S": "a"}, "n": {"N": "12345678901234567890"}, "b": {"B": b"\x00"}}
    for one in (item, {"id": {"S": "b"}}):
        aws.dynamodb.put_item(TableName="dev-messages", Item=one)
    page = execute_select(aws, STATEMENT, GIVEN)
    assert (page.items, page.next_token) == ((item,), "")


def test_a_page_says_where_it_goes_on_and_what_it_used(script: Script) -> None:
    aws, answers = script("dynamodb")
    asked = {
        "Statement": STATEMENT,
        "Parameters": [{"S": "a"}],
        "ReturnConsumedCapacity": "TOTAL",
        "Limit": 100,
        "NextToken": "here",
        "ConsistentRead": True,
    }
    answer = {"Items": [], "NextToken": "on", "ConsumedCapacity": {"TableName": "dev-messages", "CapacityUnits": 12.5}}
    answers.add_response("execute_statement", answer, asked)
    page = execute_select(aws, STATEMENT, GIVEN, limit=100, next_token="here", consistent=True)
    assert (page.items, page.next_token, page.capacity) == ((), "on", Decimal("12.5"))


@pytest.mark.parametrize(
    "statement", ['DELETE FROM "t"', 'select * FROM "t"', ' SELECT * FROM "t"', "UPDATE t SET a = 1", "", "SELECTED"]
)
def test_pitfall_28_nothing_but_a_select_is_ever_sent(script: Script, statement: str) -> None:
    aws, _answers = script("dynamodb")
    with pytest.raises(ValueError, match="Only a SELECT"):
        execute_select(aws, statement)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ValidationException", Refused),
        ("ResourceNotFoundException", Missing),
        ("ProvisionedThroughputExceededException", Busy),
        ("AccessDeniedException", Denied),
    ],
)
def test_what_aws_says_instead(script: Script, code: str, error: type[Exception]) -> None:
    aws, answers = script("dynamodb")
    for _ in range(2):  # one that is throttled is tried once more
        answers.add_client_error("execute_statement", code, "said", 400)
    with pytest.raises(error):
        execute_select(aws, STATEMENT, GIVEN)
    with pytest.raises(error):
        execute_select(aws, STATEMENT, GIVEN)
