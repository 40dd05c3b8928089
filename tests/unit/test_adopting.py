"""A table that exists beside its promise: what may differ when a stack takes it over, and what stops it (R5–R7)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.aws.dynamodb import Index, Key, Table, TimeToLive
from provisioning.blueprints.model import IndexPromise, TablePromise
from provisioning.planning.adopting import Comparison, Kept, compare

PROMISE = TablePromise(
    logical_id="Messages",
    name="dev-messages",
    key_schema=(("id", "HASH"), ("at", "RANGE")),
    attribute_types={"id": "S", "at": "N", "user_id": "S"},
    indexes=(IndexPromise("by-user", (("user_id", "HASH"),), "INCLUDE", ("text", "title")),),
    stream="NEW_IMAGE",
    ttl_attribute="ttl",
    point_in_time_recovery=True,
    deletion_protection=True,
    billing_mode="PAY_PER_REQUEST",
    tags={},
)
BY_USER = Index(
    name="by-user",
    keys=(Key("user_id", "HASH"),),
    projection="INCLUDE",
    included=("title", "text"),
    status="ACTIVE",
    backfilling=False,
    is_local=False,
    read_capacity=0,
    write_capacity=0,
)
TABLE = Table(
    arn="arn:aws:dynamodb:us-east-1:123456789012:table/dev-messages",
    name="dev-messages",
    status="ACTIVE",
    keys=(Key("id", "HASH"), Key("at", "RANGE")),
    attribute_types={"id": "S", "at": "N", "user_id": "S"},
    indexes=(BY_USER,),
    billing_mode="PAY_PER_REQUEST",
    read_capacity=0,
    write_capacity=0,
    stream_view="NEW_IMAGE",
    stream_arn="",
    protection=True,
    item_count=41_203,
    size_bytes=5_000,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    table_id="t-1",
)
KEPT = Kept(TABLE, TimeToLive("ENABLED", "ttl"), recovers=True)


def held(kept: Kept = KEPT, **table: Any) -> Comparison:
    """The promise against a table that differs in this."""
    return compare(PROMISE, replace(kept, table=replace(TABLE, **table)))


def test_a_table_as_promised_fits_and_every_line_says_so() -> None:
    found = held()
    assert (found.fits, found.reason) == (True, "")
    assert all(line.same for line in found.lines)
    row = found.as_dict()
    assert (row["table"], row["table_id"], row["created_at"]) == ("dev-messages", "t-1", "2026-01-01T00:00:00+00:00")
    assert {
        "what": "Keys",
        "template": "id (text) + at (number)",
        "table": "id (text) + at (number)",
        "same": True,
    } in (row["lines"])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"keys": (Key("user_id", "HASH"), Key("at", "RANGE"))}, "the partition key user_id, the template wants id"),
        ({"keys": (Key("id", "HASH"),)}, "has no sort key, the template wants at"),
        (
            {"attribute_types": {"id": "N", "at": "N", "user_id": "S"}},
            "id of dev-messages is of type number, the template wants text",
        ),
        ({"indexes": ()}, "has no index by-user"),
        ({"indexes": (BY_USER, replace(BY_USER, name="more"))}, "an index more that the template does not know"),
        ({"indexes": (replace(BY_USER, keys=(Key("id", "HASH"),)),)}, "The index by-user of dev-messages is id (text)"),
        ({"indexes": (replace(BY_USER, projection="ALL", included=()),)}, "wants user_id (text), INCLUDE text, title"),
        ({"indexes": (replace(BY_USER, included=("text",)),)}, "INCLUDE text; the template wants"),
        ({"indexes": (replace(BY_USER, is_local=True),)}, "local; the template wants"),
        ({"attribute_types": {"id": "S", "at": "N", "user_id": "N"}}, "is user_id (number)"),
        ({"billing_mode": "PROVISIONED"}, "is billed PROVISIONED, the template wants PAY_PER_REQUEST"),
        ({"stream_view": ""}, "has no stream, the template wants NEW_IMAGE"),
        ({"stream_view": "KEYS_ONLY"}, "has the stream KEYS_ONLY"),
    ],
)
def test_what_an_import_would_leave_different_stops_it(table: dict[str, Any], words: str) -> None:
    found = held(**table)
    assert not found.fits
    assert words in found.reason
    assert found.fix
    assert any(not line.same for line in found.lines)


@pytest.mark.parametrize(
    "kept",
    [
        replace(KEPT, recovers=False),
        replace(KEPT, expiry=TimeToLive("DISABLED", "")),
        replace(KEPT, table=replace(TABLE, protection=False)),
        replace(KEPT, table=replace(TABLE, item_count=0, read_capacity=7)),
    ],
)
def test_what_stackyard_switches_on_itself_does_not_stop_it(kept: Kept) -> None:
    assert compare(PROMISE, kept).fits


@pytest.mark.parametrize(
    ("kept", "line"),
    [
        (replace(KEPT, recovers=False), ("Point-in-time recovery", "on", "off", False)),
        (replace(KEPT, expiry=TimeToLive("DISABLED", "")), ("Expiry", "ttl", "off", False)),
        (replace(KEPT, table=replace(TABLE, protection=False)), ("Deletion protection", "on", "off", False)),
    ],
)
def test_such_a_difference_is_still_shown(kept: Kept, line: tuple[Any, ...]) -> None:
    shown = [(one.what, one.template, one.table, one.same) for one in compare(PROMISE, kept).lines]
    assert line in shown


def test_expiry_by_another_attribute_stops_it() -> None:
    found = compare(PROMISE, replace(KEPT, expiry=TimeToLive("ENABLED", "expires")))
    assert "expire by expires, not by ttl" in found.reason


def test_another_stacks_table_is_the_first_reason_of_all() -> None:
    found = compare(PROMISE, replace(KEPT, owner="reporting", table=replace(TABLE, billing_mode="PROVISIONED")))
    assert "exists already and belongs to the stack reporting" in found.reason
    assert "reporting" in found.fix
