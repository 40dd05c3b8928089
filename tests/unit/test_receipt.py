"""The receipt of a deletion of data: complete from the first moment, and through every retry."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.planning import receipt
from provisioning.planning.receipt import DELETED, KEPT, SKIPPED, Doomed, Header

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
HEADER = Header("alice", ("ada",), "The service ends", AT, attempt=1)
MESSAGES = Doomed("prod-messages", "arn:messages", 41_203, 9_000, "id-1")
SESSIONS = Doomed("prod-sessions", "arn:sessions", 12, 100, "id-2")
STACK = {"name": "data-prod", "stack_id": "arn:stack", "outcome": KEPT, "reason": ""}
ALARM = {"logical_id": "Alarm", "physical_id": "alarm-1", "type": "AWS::CloudWatch::Alarm"}


def made(earlier: receipt.Receipt | None = None, **other: Any) -> receipt.Receipt:
    """A receipt that has just begun, with parts of it otherwise."""
    parts = {"stack": STACK, "tables": [MESSAGES, SESSIONS], "resources": [ALARM]} | other
    return receipt.begun(earlier, parts.pop("header", HEADER), **parts)


def outcomes(found: receipt.Receipt) -> dict[str, str]:
    return {one["name"]: one["outcome"] for one in found["tables"]}


def test_everything_is_on_it_before_anything_is_deleted() -> None:
    found = made()
    assert (found["who"], found["approved_by"], found["why"]) == ("alice", ["ada"], "The service ends")
    assert (found["at"], found["ended_at"]) == (AT.isoformat(), "")
    assert outcomes(found) == {"prod-messages": KEPT, "prod-sessions": KEPT}
    assert [(one["arn"], one["items"], one["bytes"]) for one in found["tables"]] == [
        ("arn:messages", 41_203, 9_000),
        ("arn:sessions", 12, 100),
    ]
    assert found["resources"] == [{**ALARM, "outcome": KEPT, "reason": ""}]
    assert found["stack"] == STACK


def test_a_table_that_is_meant_to_stay_is_never_open() -> None:
    stays = replace(SESSIONS, reason="It belongs to the stack other, so it stays.")
    found = made(tables=[MESSAGES, stays])
    assert [one["name"] for one in receipt.open_tables(found)] == ["prod-messages"]
    assert outcomes(found)["prod-sessions"] == KEPT


@pytest.mark.parametrize("outcome", [DELETED, SKIPPED])
def test_what_is_settled_is_not_open_any_more(outcome: str) -> None:
    found = receipt.with_table(made(), "prod-messages", outcome=outcome)
    assert [one["name"] for one in receipt.open_tables(found)] == ["prod-sessions"]


def test_another_attempt_keeps_what_was_deleted_and_every_backup() -> None:
    first = receipt.with_table(made(), "prod-messages", backup_arn="backup-1", outcome=DELETED)
    first = receipt.with_table(first, "prod-sessions", backup_arn="backup-2", backup_at=AT.isoformat())
    first = receipt.with_stack(receipt.with_resources(first, {"Alarm": (DELETED, "")}), DELETED)
    second = made(first, header=replace(HEADER, attempt=2), stack={}, tables=[SESSIONS], resources=[])
    assert outcomes(second) == {"prod-messages": DELETED, "prod-sessions": KEPT}
    assert second["stack"]["outcome"] == DELETED
    assert [one["outcome"] for one in second["resources"]] == [DELETED]
    tables = {one["name"]: one for one in second["tables"]}
    assert tables["prod-messages"]["backup_arn"] == "backup-1"
    assert (tables["prod-sessions"]["backup_arn"], tables["prod-sessions"]["earlier_backups"]) == ("", ["backup-2"])
    assert second["attempt"] == 2


def test_resources_get_what_became_of_them_and_others_stay_as_they_are() -> None:
    other = {**ALARM, "logical_id": "Bucket"}
    found = receipt.with_resources(made(resources=[ALARM, other]), {"Alarm": (DELETED, ""), "Elsewhere": (DELETED, "")})
    assert [(one["logical_id"], one["outcome"]) for one in found["resources"]] == [("Alarm", DELETED), ("Bucket", KEPT)]


def test_without_a_stack_nothing_is_said_of_one() -> None:
    assert receipt.with_stack(made(stack={}), DELETED)["stack"] == {}


def test_nothing_is_altered_in_place() -> None:
    before = made()
    receipt.with_table(before, "prod-messages", outcome=DELETED)
    receipt.with_stack(before, DELETED)
    receipt.with_resources(before, {"Alarm": (DELETED, "")})
    assert before == made()


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((DELETED, DELETED), "2 tables deleted"),
        ((DELETED, SKIPPED), "1 table deleted, 1 left where it is"),
        ((KEPT, SKIPPED), "0 tables deleted, 2 left where they are"),
    ],
)
def test_the_summary_counts_what_went_and_what_stays(ends: tuple[str, str], said: str) -> None:
    found = receipt.with_table(made(), "prod-messages", outcome=ends[0])
    assert receipt.summary(receipt.with_table(found, "prod-sessions", outcome=ends[1])) == said


@given(st.text("abc-_.", min_size=3, max_size=255), st.integers(1, 99), st.text("0123456789abcdef", min_size=32))
def test_names_of_backups_are_ones_that_dynamodb_takes(table: str, attempt: int, change: str) -> None:
    name = receipt.backup_name("dev-alice", table, change, attempt)
    assert 3 <= len(name) <= 255
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert name == receipt.backup_name("dev-alice", table, change, attempt)
    assert name != receipt.backup_name("dev-alice", table, change, attempt + 1)
