"""An update that changes several indexes of a table runs as several updates, each reviewed, one index at a time."""

import json
from pathlib import Path
from typing import Any

import pytest

from provisioning.actions.requesting import Ask, do_request_create
from provisioning.actions.retrying import do_retry
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Operation

from . import vault
from .yard import Yard, keep_linted

BLUEPRINT = vault.BLUEPRINT.replace("vault", "shelf").replace("Vault", "Shelf")
HEAD = """\
Parameters:
  Environment: {Type: String}
  Billing: {Type: String, Default: PAY_PER_REQUEST}
Conditions: {Indexed: !Equals [!Ref Billing, PAY_PER_REQUEST]}
Resources:
"""
NOTE = """\
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Name: !Sub '/shelf/${Environment}/note', Type: String, Value: !Ref Books}
"""


def table(logical_id: str, **indexes: str) -> str:
    """A table with these indexes, each by one attribute."""
    attributes = ["id", *dict.fromkeys(indexes.values())]
    hashed = "KeySchema: [{{AttributeName: {}, KeyType: HASH}}], Projection: {{ProjectionType: ALL}}"
    listed = [f"{{IndexName: {name}, {hashed.format(key)}}}" for name, key in indexes.items()]
    declared = ", ".join(f"{{AttributeName: {one}, AttributeType: S}}" for one in attributes)
    return f"""\
  {logical_id}:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub 'shelf-${{Environment}}-{logical_id.lower()}'
      BillingMode: !Ref Billing
      KeySchema: [{{AttributeName: id, KeyType: HASH}}]
      AttributeDefinitions: [{declared}]
{f"      GlobalSecondaryIndexes: [{', '.join(listed)}]" if listed else ""}
"""


@pytest.fixture
def shelf(yard: Yard, tmp_path: Path, settings: Any) -> Path:
    """An application whose data template a test may edit."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "blueprint.yaml").write_text(BLUEPRINT)
    (folder / "compute.yaml").write_text(vault.COMPUTE)
    settings.BLUEPRINT_DIRS = [tmp_path]
    return folder


def sends(folder: Path, *parts: str) -> None:
    """From now on, the data template has these resources."""
    (folder / "data.yaml").write_text(HEAD + "".join(parts))
    assert not library().problems
    keep_linted()


def up(yard: Yard, name: str = "dev") -> Change:
    change = yard.drive(yard.create("shelf", name))
    if change.status == "awaiting_approval":
        yard.approve(change)
        yard.drive(change)
    assert change.status == "succeeded", change.problem
    for one in yard.fake.world.tables.values():
        one.items["1"] = {}
    return change


def updated(yard: Yard, change: Change, **values: str) -> Change:
    return yard.did(change.environment, ChangeKind.UPDATE, {"data": values} if values else None)


def indexes(yard: Yard, name: str = "shelf-dev-books") -> dict[str, str]:
    """The indexes that a table has, each with its attribute."""
    return {one["IndexName"]: one["KeySchema"][0]["AttributeName"] for one in yard.fake.table(name).indexes}


def ran(change: Change) -> list[str]:
    """What each part of the data stack's update was for."""
    return [one.purpose for one in Operation.objects.filter(change=change, stack__kind="data")]


WAYS = {
    "two more": (
        {},
        {"a": "x", "b": "y"},
        ["Add index a of shelf-dev-books", "Add index b of shelf-dev-books; and everything else"],
    ),
    "one more, one less": (
        {"a": "x"},
        {"b": "x"},
        ["Remove index a of shelf-dev-books", "Add index b of shelf-dev-books; and everything else"],
    ),
    "altered": (
        {"a": "x"},
        {"a": "y"},
        ["Remove index a of shelf-dev-books", "Add index a of shelf-dev-books; and everything else"],
    ),
    "three": (
        {"a": "x", "b": "x"},
        {"b": "x", "c": "y", "d": "z"},
        [
            "Remove index a of shelf-dev-books",
            "Add index c of shelf-dev-books",
            "Add index d of shelf-dev-books; and everything else",
        ],
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_several_indexes_change_one_after_the_other(yard: Yard, shelf: Path, way: str) -> None:
    before, after, purposes = WAYS[way]
    sends(shelf, table("Books", **before))
    first = up(yard)
    table_id = yard.fake.table("shelf-dev-books").described["TableId"]
    sends(shelf, table("Books", **after), NOTE)
    change = updated(yard, first)
    assert (change.status, change.problem) == ("succeeded", None)
    assert ran(change) == purposes
    assert indexes(yard) == after
    assert yard.fake.stack("shelf-data-dev").executed == 1 + len(purposes)
    assert "/shelf/dev/note" in yard.fake.world.parameters
    found = yard.fake.table("shelf-dev-books")
    assert (found.described["TableId"], len(found.items)) == (table_id, 1)
    row = yard.stack(change.environment, "data")
    assert row.template is not None
    assert row.template.body == (shelf / "data.yaml").read_text()


def test_one_index_change_is_one_update(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books", a="x"), table("Authors"))
    first = up(yard)
    sends(shelf, table("Books"), table("Authors", b="y"))
    change = updated(yard, first)
    assert (change.status, change.problem) == ("succeeded", None)
    assert ran(change) == [""]
    assert (indexes(yard), indexes(yard, "shelf-dev-authors")) == ({}, {"b": "y"})


def test_tables_move_side_by_side(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books"), table("Authors", c="z"))
    first = up(yard)
    sends(shelf, table("Books", a="x", b="y"), table("Authors"))
    change = updated(yard, first)
    assert (change.status, change.problem) == ("succeeded", None)
    assert ran(change) == [
        "Add index a of shelf-dev-books; Remove index c of shelf-dev-authors",
        "Add index b of shelf-dev-books; and everything else",
    ]
    assert (indexes(yard), indexes(yard, "shelf-dev-authors")) == ({"a": "x", "b": "y"}, {})


def test_the_plan_holds_every_part_before_anyone_decides(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books"))
    first = up(yard, "prod")
    sends(shelf, table("Books", a="x", b="y"), NOTE)
    change = updated(yard, first)
    assert (change.status, change.problem) == ("awaiting_approval", None)
    assert change.plan is not None
    one, two = [stack for stack in change.plan["stacks"] if stack["kind"] == "data"]
    assert [row["logical_id"] for row in one["changes"]] == ["Books"]
    assert {row["logical_id"]: row["action"] for row in two["changes"]} == {"Books": "Modify", "Note": "Add"}
    assert (one["read_from"], two["read_from"]) == ("change_set", "template")
    reviewed = one["change_set"]
    yard.approve(change)
    yard.drive(change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert Operation.objects.get(change=change, stack__kind="data", part=0).change_set_id == reviewed
    assert indexes(yard, "shelf-prod-books") == {"a": "x", "b": "y"}


def test_the_next_part_waits_until_the_index_is_filled(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books"))
    first = up(yard)
    yard.fake.pace.index_looks = 4
    sends(shelf, table("Books", a="x", b="y"))
    change = yard.ask(first.environment, ChangeKind.UPDATE)
    said = set()
    for _ in range(60):
        yard.tick(change)
        said.add(change.waiting_for)
        yard.look()
        yard.wait()
    assert "Index a of shelf-dev-books is being filled" in said
    assert (change.status, change.problem) == ("succeeded", None)
    assert indexes(yard) == {"a": "x", "b": "y"}


def test_an_index_that_an_earlier_update_still_fills_is_waited_for(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books"))
    first = up(yard)
    yard.fake.pace.index_looks = 9
    sends(shelf, table("Books", a="x"))
    updated(yard, first)
    sends(shelf, table("Books", a="x", b="y"))
    change = yard.ask(first.environment, ChangeKind.UPDATE)
    yard.tick(change)
    assert change.waiting_for == "Index a of shelf-dev-books is being filled"
    assert yard.drive(change).status == "succeeded"
    assert indexes(yard) == {"a": "x", "b": "y"}


def test_a_failure_in_a_later_part_goes_on_from_what_is_deployed(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books", a="x"))
    first = up(yard)
    sends(shelf, table("Books", b="y"), NOTE)
    yard.fake.script.fail("Note", "Not now")
    change = updated(yard, first)
    assert change.status == "failed"
    assert indexes(yard) == {}, "the first part is done, the last is undone"
    do_retry(yard.alice, change)
    yard.drive(change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert ran(change) == [""], "one index is left to change"
    assert indexes(yard) == {"b": "y"}


@pytest.mark.parametrize("operation", ["CreateChangeSet", "ExecuteChangeSet", "DescribeTable"])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_lost_answer_changes_nothing(yard: Yard, shelf: Path, operation: str, skip: int) -> None:
    sends(shelf, table("Books", a="x"))
    first = up(yard)
    sends(shelf, table("Books", b="y"))
    yard.fake.script.lose_answer(operation, skip=skip)
    change = updated(yard, first)
    assert (change.status, change.problem) == ("succeeded", None)
    assert yard.fake.stack("shelf-data-dev").executed == 3
    assert indexes(yard) == {"b": "y"}


def test_billing_and_indexes_at_once_are_refused(yard: Yard, shelf: Path) -> None:
    units = "ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}"
    sends(shelf, table("Books"))
    first = up(yard)
    indexed = table("Books", a="x", b="y").replace("ProjectionType: ALL}", f"ProjectionType: ALL}}, {units}")
    sends(shelf, f"{indexed}      {units}\n")
    change = updated(yard, first, Billing="PROVISIONED")
    assert change.status == "failed"
    assert change.problem is not None
    assert "its billing mode and 2 indexes at once" in change.problem["sentence"]
    assert yard.fake.stack("shelf-data-dev").executed == 1


def test_a_table_that_would_be_lost_in_the_last_part_stops_the_first(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books"), table("Authors"))
    first = up(yard)
    sends(shelf, table("Books", a="x", b="y"))
    change = updated(yard, first)
    assert change.status == "failed"
    assert change.problem is not None
    assert change.problem["code"] == "data-guard"
    assert "shelf-dev-authors" in change.problem["sentence"]
    assert yard.fake.stack("shelf-data-dev").executed == 1
    assert indexes(yard) == {}


def test_an_update_makes_no_table_over_one_that_is_there(yard: Yard, shelf: Path) -> None:
    sends(shelf, table("Books"))
    first = up(yard)
    yard.fake.make_table("shelf-dev-authors", "id", items=5)
    sends(shelf, table("Books"), table("Authors"))
    change = updated(yard, first)
    assert change.status == "failed"
    assert change.problem is not None
    assert (
        "The table shelf-dev-authors exists already, and shelf-data-dev does not have it"
        in (change.problem["sentence"])
    )
    assert len(yard.fake.table("shelf-dev-authors").items) == 5


def test_a_hidden_value_changes_with_the_last_part_and_is_in_no_plan(yard: Yard, shelf: Path) -> None:
    token = "  Token: {Type: String, NoEcho: true}\n"
    note = NOTE.replace("!Ref Books", "!Sub 'of ${Token}'")
    head = HEAD.replace("Conditions:", f"{token}Conditions:")

    def send(**indexes: str) -> None:
        (shelf / "data.yaml").write_text(head + table("Books", **indexes) + note)
        keep_linted()

    send()
    ask = Ask(ChangeKind.CREATE, {"data": {"Token": "old-secret"}})
    first = yard.drive(do_request_create(yard.alice, "shelf", "dev", ask))
    assert first.status == "succeeded", first.problem
    send(a="x", b="y")
    change = updated(yard, first, Token="new-secret")
    assert (change.status, change.problem) == ("succeeded", None)
    stack = yard.fake.stack("shelf-data-dev")
    assert (stack.executed, stack.parameters["Token"]) == (3, "new-secret")
    assert [one["Value"] for one in yard.fake.world.parameters["/shelf/dev/note"]] == ["of old-secret", "of new-secret"]
    assert "new-secret" not in json.dumps(change.plan)
