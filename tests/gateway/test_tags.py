"""Resources by tag, from a script and against moto."""

from typing import Any

import pytest

from provisioning.aws import tags
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy

from .scripts import Script


def test_resources_that_carry_the_tag_and_no_others(aws: Clients) -> None:
    for name, owner in (("hello", "alice"), ("other", "bob")):
        aws.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            Tags=[{"Key": "Owner", "Value": owner}],
        )
    assert tags.resources_by_tag(aws, "Owner", "alice") == {
        "arn:aws:dynamodb:us-east-1:123456789012:table/hello": {"Owner": "alice"}
    }
    assert tags.resources_by_tag(aws, "Owner", "carol") == {}


def test_every_page_is_read(script: Script) -> None:
    aws, answers = script("tagging")
    asked: dict[str, Any] = {"TagFilters": [{"Key": "Owner", "Values": ["alice"]}]}
    for number, token in ((1, "2"), (2, "")):
        page = [{"ResourceARN": f"arn:{number}", "Tags": [{"Key": "Owner", "Value": "alice"}]}]
        answers.add_response("get_resources", {"ResourceTagMappingList": page, "PaginationToken": token}, asked)
        asked = asked | {"PaginationToken": "2"}
    assert sorted(tags.resources_by_tag(aws, "Owner", "alice")) == ["arn:1", "arn:2"]


def test_a_throttled_reading_is_busy(script: Script) -> None:
    aws, answers = script("tagging")
    answers.add_client_error("get_resources", "ThrottledException", "slow down", 400)
    with pytest.raises(Busy):
        tags.resources_by_tag(aws, "Owner", "alice")


def test_only_the_types_that_are_asked_for(script: Script) -> None:
    aws, answers = script("tagging")
    tagged = [{"Key": "Owner", "Values": ["alice"]}]
    asked: dict[str, Any] = {"TagFilters": tagged, "ResourceTypeFilters": ["dynamodb:table"]}
    answers.add_response("get_resources", {"ResourceTagMappingList": [{"ResourceARN": "arn:1"}]}, asked)
    assert tags.resources_by_tag(aws, "Owner", "alice", types=("dynamodb:table",)) == {"arn:1": {}}
