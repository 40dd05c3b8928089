"""Tables that outlived their stack: said beside the name, with what they hold."""

import boto3
import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.models import Account, Table

from .browser import FORM, HTMX, ClientOf, text

MESSAGES = "dev-alice-hello-erlang-messages"


def listed(account: Account, stack_name: str = "") -> None:
    """The survey found the table of messages."""
    Table.objects.create(
        account=account,
        name=MESSAGES,
        arn="arn",
        application="hello-erlang",
        environment_name="dev-alice",
        stack_name=stack_name,
        item_count=41_203,
        seen_at=timezone.now(),
    )


def look(client_of: ClientOf, person: User) -> str:
    """What is said beside the name dev-alice."""
    return text(client_of(person).get(f"{FORM}names/", {"name": "dev-alice"}, headers=HTMX))


@pytest.fixture
def in_aws(network: dict[str, str]) -> None:
    """The table of messages is there."""
    boto3.client("dynamodb", region_name="us-east-1").create_table(
        TableName=MESSAGES,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_a_kept_table_is_taken_over(account: Account, alice: User, client_of: ClientOf, in_aws: None) -> None:
    listed(account)
    words = look(client_of, alice)
    assert "1 kept table with about 41,203 items will be taken over" in words
    assert f"{MESSAGES} kept: about 41,203 items" in words
    assert "taken:" not in words


def test_one_that_is_gone_by_now_is_not_promised(
    account: Account, alice: User, client_of: ClientOf, network: dict[str, str]
) -> None:
    listed(account)
    assert "will be taken over" not in look(client_of, alice)


def test_what_was_last_listed_counts_while_aws_is_away(
    account: Account, alice: User, client_of: ClientOf, away: None
) -> None:
    listed(account)
    assert "1 kept table with about 41,203 items" in look(client_of, alice)


def test_a_table_that_was_never_listed_is_left_to_the_plan(alice: User, client_of: ClientOf, in_aws: None) -> None:
    assert "What no stack owns and fits the template is taken over" in look(client_of, alice)


def test_a_table_of_another_stack_is_in_the_way(
    account: Account, alice: User, client_of: ClientOf, in_aws: None
) -> None:
    listed(account, stack_name="somebody-elses")
    assert f"{MESSAGES} exists already and belongs to the stack somebody-elses." in look(client_of, alice)
