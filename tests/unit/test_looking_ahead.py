"""What would change between two readings of a template, told before AWS is asked."""

from typing import Any

from provisioning.blueprints.loader import library
from provisioning.blueprints.promises import filled_values, starting_values
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, ResolvedResource, Unknown
from provisioning.planning.changes import between, counters


def data_stack(**changed: str) -> tuple[ResolvedResource, ...]:
    blueprint = library().blueprints["hello-erlang"]
    filled = filled_values(blueprint, "data", environment="dev", stage="dev", owner="alice", environment_id="1")
    values = starting_values(blueprint, "data", "dev") | filled | changed
    pseudo = Pseudo("us-east-1", "123456789012", "hello-erlang-data-dev")
    return resolve(blueprint.stacks["data"].template, values, pseudo=pseudo).resources


def made(name: str, **properties: Any) -> ResolvedResource:
    return ResolvedResource(name, "AWS::SQS::Queue", properties)


def test_the_same_values_change_nothing() -> None:
    assert between(data_stack(), data_stack()) == []


def test_a_changed_value_is_shown_on_both_sides() -> None:
    rows = between(data_stack(), data_stack(BillingMode="PROVISIONED"))
    assert [row["logical_id"] for row in rows] == ["MessagesTable", "SessionsTable"]
    assert counters(rows)["change"] == 2
    modes = [detail for row in rows for detail in row["details"] if detail["path"] == "/Properties/BillingMode"]
    assert {(one["before"], one["after"]) for one in modes} == {("PAY_PER_REQUEST", "PROVISIONED")}


def test_a_condition_that_turns_on_adds() -> None:
    rows = between(data_stack(), data_stack(Alarms="true"))
    assert {row["action"] for row in rows} == {"Add"}
    assert {row["type"] for row in rows} == {"AWS::CloudWatch::Alarm"}


def test_what_is_gone_is_removed_and_what_only_aws_knows_is_not_invented() -> None:
    before = (made("Kept", Delay="1"), made("Gone"))
    after = (made("Kept", Delay=Unknown("Other.Delay, known after it runs"), Extra="x"),)
    kept, gone = sorted(between(before, after), key=lambda row: row["action"])
    assert (gone["logical_id"], gone["action"]) == ("Gone", "Remove")
    assert [(one["path"], one["before"], one["after"]) for one in kept["details"]] == [
        ("/Properties/Delay", "1", None),
        ("/Properties/Extra", "not set", "x"),
    ]
