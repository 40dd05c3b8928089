"""The policy on a data stack: what it says, and how a policy that is there already is read."""

import json
from typing import Any

import pytest

from provisioning.planning.stack_policy import LONGEST, keeping_tables, keeps_tables

ALLOW = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
TABLES = {"StringEquals": {"ResourceType": ["AWS::DynamoDB::Table"]}}


def deny(**parts: Any) -> dict[str, Any]:
    """A statement that denies what matters for tables, with parts of it otherwise."""
    whole = {
        "Effect": "Deny",
        "Action": ["Update:Replace", "Update:Delete"],
        "Principal": "*",
        "Resource": "*",
        "Condition": TABLES,
    }
    return whole | parts


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Statement": list(statements)})


def test_it_allows_every_update_and_denies_replacing_and_removing_tables() -> None:
    made = json.loads(keeping_tables())
    assert made == {"Statement": [ALLOW, deny()]}
    assert keeps_tables(keeping_tables())


@pytest.mark.parametrize(
    "statement",
    [
        deny(Action="Update:*"),
        deny(Condition={"StringLike": {"ResourceType": "AWS::DynamoDB::Table"}}),
        deny(Resource=["*"]),
        deny(Condition=None),
    ],
)
def test_policies_that_keep_tables_in_other_words_are_known(statement: dict[str, Any]) -> None:
    plain = {key: value for key, value in statement.items() if value is not None}
    assert keeps_tables(policy(ALLOW, plain))


def test_two_statements_may_share_the_work() -> None:
    assert keeps_tables(policy(ALLOW, deny(Action="Update:Replace"), deny(Action=["Update:Delete"])))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "not json",
        "[]",
        policy(ALLOW),
        policy(deny(Action="Update:Replace")),
        policy(deny(Effect="Allow")),
        policy(deny(Resource="LogicalResourceId/MessagesTable")),
        policy(deny(Condition={"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}})),
        policy(deny(Condition=TABLES | {"StringLike": {"ResourceType": "AWS::S3::Bucket"}})),
        policy({key: value for key, value in deny().items() if key != "Action"} | {"NotAction": "Update:Modify"}),
    ],
)
def test_policies_that_do_not_keep_every_table_are_not_taken_for_it(said: str) -> None:
    assert not keeps_tables(said)


def test_what_a_policy_said_before_stays_in_force() -> None:
    before = deny(Action="Update:*", Condition={"StringEquals": {"ResourceType": ["AWS::S3::Bucket"]}})
    made = json.loads(keeping_tables(policy(ALLOW, before)))
    assert made["Statement"] == [ALLOW, before, deny()]


@pytest.mark.parametrize("before", ["not json", policy(*[deny(Resource=f"Resource/R{n}") for n in range(200)])])
def test_what_cannot_be_read_or_would_grow_too_long_is_replaced(before: str) -> None:
    made = keeping_tables(before)
    assert made == keeping_tables()
    assert len(made) <= LONGEST
