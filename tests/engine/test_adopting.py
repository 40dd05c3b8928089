"""Tables that were kept are taken over by the next create, with their items; what does not fit stops it (R4–R10)."""

from datetime import timedelta
from typing import Any

import pytest

from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind, EnvironmentStatus
from provisioning.models import Change, Environment, Operation

from .yard import APPLICATIONS, FILESHARE, HELLO, Yard

STREAM = {"StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}}
BY_USER = {"user-timestamp-index": ("user_id", "timestamp:N")}
TEMPLATES = ("hello-erlang-data-dev", "hello-erlang-dev")


def kept(yard: Yard, name: str = "dev", *, tagged: bool = True, **messages: Any) -> Environment | None:
    """Both tables of hello-erlang, in no stack; the messages differ in this from what the template wants."""
    tags = {"EnvironmentId": str(_before(yard, name).pk)} if tagged else {}
    keys = messages.pop("keys", ("id",))
    indexes = messages.pop("indexes", BY_USER)
    shape = STREAM | messages
    yard.fake.make_table(f"{name}-hello-erlang-messages", *keys, indexes=indexes, items=3, tags=tags, **shape)
    yard.fake.make_table(f"{name}-hello-erlang-sessions", "session_id", items=2, tags=tags)
    return Environment.objects.filter(name=name).first()


def _before(yard: Yard, name: str) -> Environment:
    """The environment that the tables are left of: asked for once, and taken back."""
    found = Environment.objects.filter(name=name).first()
    if found is None:
        change = yard.drive(yard.create(HELLO, name))
        if change.status != "awaiting_approval":
            raise AssertionError("Only where somebody is asked does a create leave nothing behind")
        found = yard.drive(yard.reject(change)).environment
    return found


def without_stacks(yard: Yard, application: str = HELLO) -> Environment:
    """An environment whose stacks were both deleted, its tables kept with some items in them."""
    environment = yard.ready(application)
    for number, table in enumerate(yard.fake.world.tables.values(), 1):
        table.items.update({str(item): {} for item in range(number)})
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
        assert yard.did(environment, kind).status == "succeeded"
    return environment


def ids(yard: Yard) -> dict[str, tuple[str, int]]:
    """Each table's own id, and how many items it has."""
    return {name: (one.described["TableId"], len(one.items)) for name, one in yard.fake.world.tables.items()}


def again(yard: Yard, application: str = HELLO, name: str = "dev") -> Change:
    return yard.drive(yard.create(application, name))


def refused(yard: Yard, change: Change, *words: str) -> None:
    """It stopped in planning with these words; no stack was made, and every table is alone as before."""
    assert change.status == "failed"
    assert change.problem is not None
    for word in words:
        assert word in change.problem["sentence"]
    assert change.problem["advice"]
    assert not [stack for stack in yard.fake.stacks() if stack.name in TEMPLATES]
    assert {table.stack_id for table in yard.fake.world.tables.values()} == {""}


def parts(change: Change) -> list[Operation]:
    return list(change.operations.filter(stack__kind="data"))


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_create_takes_the_kept_tables_over_with_their_items(yard: Yard, application: str) -> None:
    environment = without_stacks(yard, application)
    before = ids(yard)
    change = again(yard, application)
    assert (change.status, change.problem) == ("succeeded", None)
    assert change.environment == environment
    assert change.environment.status == EnvironmentStatus.READY
    assert ids(yard) == before
    stack = yard.fake.stack(f"{application}-data-dev")
    assert {table.stack_id for table in yard.fake.world.tables.values()} == {stack.stack_id}
    assert (stack.status, stack.executed) == ("UPDATE_COMPLETE", 2)
    assert stack.tags["EnvironmentId"] == str(environment.pk)
    assert [one.action for one in parts(change)] == ["import", "update"]
    row = yard.stack(environment, "data")
    assert row.template is not None
    assert row.template.digest == parts(change)[1].template_id
    assert row.outputs


def test_the_plan_shows_both_parts_and_the_comparison(yard: Yard) -> None:
    without_stacks(yard, FILESHARE)
    plan = again(yard, FILESHARE).plan
    assert plan is not None
    first, second = [stack for stack in plan["stacks"] if stack["kind"] == "data"]
    assert (first["purpose"], second["purpose"]) == ("Take over 2 tables", "Add what belongs to the tables")
    assert {row["action"] for row in first["changes"]} == {"Import"}
    assert {row["name"] for row in first["imports"]} == {row["table"] for row in plan["adoption"]}
    added = {row["logical_id"] for row in second["changes"] if row["action"] == "Add"}
    assert {"TablesPolicy", "UsersTableNameParameter"} <= added
    assert not added & {"UsersTable", "UrlsTable"}
    assert all(table["fits"] and all(line["same"] for line in table["lines"]) for table in plan["adoption"])
    assert [table["items"] for table in plan["adoption"]] == [1, 2]
    assert "taken over with all items" in plan["impact"]["sentence"]


def test_the_price_is_that_of_the_whole(yard: Yard) -> None:
    first = yard.create()
    yard.drive(first)
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
        yard.did(first.environment, kind)
    adopted = again(yard)
    assert first.plan is not None
    assert adopted.plan is not None
    assert adopted.plan["cost"]["after"] == first.plan["cost"]["after"]


def test_a_table_that_is_gone_is_made_beside_the_one_that_is_kept(yard: Yard) -> None:
    without_stacks(yard)
    yard.fake.lose_table("dev-hello-erlang-sessions")
    messages = ids(yard)["dev-hello-erlang-messages"]
    change = again(yard)
    assert (change.status, change.problem) == ("succeeded", None)
    assert ids(yard)["dev-hello-erlang-messages"] == messages
    assert parts(change)[0].purpose == "Take over 1 table"
    stack = yard.fake.stack("hello-erlang-data-dev")
    assert yard.fake.table("dev-hello-erlang-sessions").stack_id == stack.stack_id


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ({"keys": ("user_id",), "indexes": {}}, "has the partition key user_id, the template wants id"),
        ({"keys": ("id", "timestamp:N")}, "has the sort key timestamp, the template wants none"),
        ({"keys": ("id:N",)}, "id of dev-hello-erlang-messages is of type number"),
        ({"indexes": {}}, "has no index user-timestamp-index"),
        ({"indexes": BY_USER | {"more": ("user_id",)}}, "an index more that the template does not know"),
        ({"indexes": {"user-timestamp-index": ("user_id",)}}, "The index user-timestamp-index"),
        ({"BillingMode": "PROVISIONED"}, "is billed PROVISIONED"),
        ({"StreamSpecification": {"StreamViewType": "KEYS_ONLY"}}, "has the stream KEYS_ONLY"),
    ],
)
def test_a_table_of_another_shape_stops_the_plan(yard: Yard, messages: dict[str, Any], words: str) -> None:
    kept(yard, tagged=False, **messages)
    before = ids(yard)
    refused(yard, again(yard), words)
    assert ids(yard) == before


def test_a_table_of_another_stack_stops_the_plan(yard: Yard) -> None:
    without_stacks(yard)
    body = (
        "Resources: {Mine: {Type: AWS::DynamoDB::Table, Properties: {TableName: dev-hello-erlang-messages,"
        " BillingMode: PAY_PER_REQUEST, KeySchema: [{AttributeName: id, KeyType: HASH}],"
        " AttributeDefinitions: [{AttributeName: id, AttributeType: S}]}}}"
    )
    yard.fake.lose_table("dev-hello-erlang-messages")
    yard.fake.make_stack("reporting", body)
    change = again(yard)
    assert change.status == "failed"
    assert change.problem is not None
    assert "exists already and belongs to the stack reporting" in change.problem["sentence"]
    assert yard.fake.table("dev-hello-erlang-messages").stack_id == yard.fake.stack("reporting").stack_id


def test_a_table_of_another_environment_stops_the_plan(yard: Yard) -> None:
    other = yard.ready(HELLO, "dev-bob")
    kept(yard, tagged=False)
    table = yard.fake.table("dev-hello-erlang-messages")
    yard.fake.world.tag(table.arn, {"EnvironmentId": str(other.pk)})
    change = again(yard)
    assert change.status == "failed"
    assert change.problem is not None
    assert "belongs to hello-erlang/dev-bob by its tags" in change.problem["sentence"]
    assert table.stack_id == ""


@pytest.mark.parametrize(("tags", "words"), [({}, "no tag of Stackyard"), ({"EnvironmentId": "9999"}, "which is gone")])
def test_tables_of_unknown_origin_are_taken_over_with_a_warning(yard: Yard, tags: dict[str, str], words: str) -> None:
    kept(yard, tagged=False)
    for table in yard.fake.world.tables.values():
        yard.fake.world.tag(table.arn, tags)
    change = again(yard)
    assert (change.status, change.problem) == ("succeeded", None)
    warnings = [one["sentence"] for one in change.findings if one["severity"] == "warning"]
    assert len([sentence for sentence in warnings if words in sentence]) == 2
    assert yard.fake.world.tags[yard.fake.table("dev-hello-erlang-messages").arn]["Application"] == "hello-erlang"


def test_settings_that_the_template_promises_are_switched_on_and_more_is_left_on(yard: Yard) -> None:
    kept(yard, tagged=False, DeletionProtectionEnabled=True)
    change = again(yard)
    assert (change.status, change.problem) == ("succeeded", None)
    assert yard.fake.table("dev-hello-erlang-sessions").ttl_attribute == "ttl"
    assert yard.fake.table("dev-hello-erlang-messages").protected, "nobody asked for it to be switched off"
    assert not yard.fake.table("dev-hello-erlang-sessions").protected


def test_in_prod_the_reviewed_import_is_what_runs(yard: Yard) -> None:
    kept(yard, "prod")
    before = ids(yard)
    change = again(yard, HELLO, "prod")
    assert change.status == "awaiting_approval"
    assert not any(table.stack_id for table in yard.fake.world.tables.values())
    reviewed = parts(change)[0].change_set_id
    yard.approve(change)
    yard.drive(change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert parts(change)[0].change_set_id == reviewed
    assert ids(yard) == before
    assert all(table.protected and table.recovery for table in yard.fake.world.tables.values())


def test_a_table_that_changes_between_the_decision_and_the_run_moves_the_plan(yard: Yard) -> None:
    kept(yard, "prod")
    change = again(yard, HELLO, "prod")
    yard.fake.lose_table("prod-hello-erlang-sessions")
    yard.fake.make_table("prod-hello-erlang-sessions", "session_id")
    yard.approve(change)
    yard.drive(change)
    assert change.status == "awaiting_approval", "planned again, and to be decided about again"
    assert yard.fake.calls_of("ExecuteChangeSet") == 0
    assert change.plans.exclude(void_because="").exists()
    yard.approve(change)
    assert yard.drive(change).status == "succeeded"


def test_a_rejected_adoption_leaves_no_shell_and_the_tables_alone(yard: Yard) -> None:
    kept(yard, "prod")
    before = ids(yard)
    change = again(yard, HELLO, "prod")
    assert yard.fake.stack("hello-erlang-data-prod").status == "REVIEW_IN_PROGRESS"
    yard.reject(change)
    yard.drive(change)
    yard.fake.finish()
    assert yard.fake.stacks() == []
    assert yard.fake.world.change_sets == {}
    assert ids(yard) == before


def test_an_import_that_fails_can_be_tried_again(yard: Yard) -> None:
    without_stacks(yard)
    before = ids(yard)
    yard.fake.script.fail("SessionsTable", "Not now", verb="IMPORT")
    change = again(yard)
    assert change.status == "failed"
    assert change.problem is not None
    assert "Not now" in change.problem["sentence"]
    assert yard.fake.stack("hello-erlang-data-dev").status == "IMPORT_ROLLBACK_COMPLETE"
    do_retry(yard.alice, change)
    assert yard.drive(change).status == "succeeded"
    assert ids(yard) == before


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_failure_after_the_import_goes_on_from_there(yard: Yard, application: str) -> None:
    without_stacks(yard, application)
    before = ids(yard)
    resource, verb = {HELLO: ("MessagesTable", "UPDATE"), FILESHARE: ("TablesPolicy", "CREATE")}[application]
    yard.fake.script.fail(resource, "Not this one", verb=verb)
    change = again(yard, application)
    assert change.status == "failed"
    assert change.problem is not None
    assert "Not this one" in change.problem["sentence"]
    assert yard.fake.stack(f"{application}-data-dev").status == "UPDATE_ROLLBACK_COMPLETE"
    assert ids(yard) == before
    do_retry(yard.alice, change)
    yard.drive(change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert [one.action for one in parts(change)] == ["update"]
    assert ids(yard) == before


@pytest.mark.parametrize(("fault", "retry_safe"), [("lose_answer", True), ("lose_answer", False), ("lose_call", True)])
@pytest.mark.parametrize("operation", ["CreateChangeSet", "ExecuteChangeSet"])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_lost_answer_in_either_part_leads_to_no_second_effect(
    yard: Yard, fault: str, operation: str, skip: int, *, retry_safe: bool
) -> None:
    kept(yard, tagged=False)
    before = ids(yard)
    yard.fake.world.retry_safe_tokens = retry_safe
    getattr(yard.fake.script, fault)(operation, skip=skip)
    change = again(yard)
    assert (change.status, change.problem) == ("succeeded", None)
    assert yard.fake.stack("hello-erlang-data-dev").executed == 2
    assert ids(yard) == before


@pytest.mark.parametrize("skip", [0, 1])
def test_a_worker_killed_in_either_part_is_followed_by_another(yard: Yard, skip: int) -> None:
    kept(yard, tagged=False)
    change = yard.create()

    def die() -> None:
        raise KeyboardInterrupt

    yard.fake.script.after("ExecuteChangeSet", die, skip=skip)
    with pytest.raises(KeyboardInterrupt):
        yard.drive(change)
    yard.clock.shift(timedelta(minutes=1))
    assert yard.drive(change).status == "succeeded"
    assert yard.fake.stack("hello-erlang-data-dev").executed == 2


def test_a_slow_adoption_comes_to_its_end_by_sweeps_alone(yard: Yard) -> None:
    yard.fake.pace.looks, yard.fake.pace.lag, yard.fake.pace.change_set_looks = 3, 2, 2
    kept(yard, tagged=False)
    change = yard.create()
    yard.sweep()
    change.refresh_from_db()
    assert (change.status, change.problem) == ("succeeded", None)


def test_a_table_exchanged_between_the_parts_stops_before_the_second(yard: Yard) -> None:
    kept(yard, tagged=False)
    name = "dev-hello-erlang-sessions"

    def exchange() -> None:
        stack_id = yard.fake.table(name).stack_id
        yard.fake.lose_table(name)
        yard.fake.make_table(name, "session_id").stack_id = stack_id

    change = yard.create()
    while not parts(change)[0].finished_at:
        yard.tick(change)
        yard.look()
        yard.wait()
    exchange()
    yard.drive(change)
    assert change.status == "failed"
    assert change.problem is not None
    assert f"{name} is not the one that was compared" in change.problem["sentence"]
    assert yard.fake.stack("hello-erlang-data-dev").executed == 1


def test_a_division_that_was_cut_off_leaves_no_part_behind(yard: Yard) -> None:
    change = yard.create()
    yard.fake.script.throttle("DescribeTable")
    yard.tick(change)
    assert change.status == "planning"
    data = parts(change)[0]
    Operation.objects.create(change=change, stack=data.stack, part=1, action="update", template=data.template)
    yard.drive(change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert [one.action for one in parts(change)] == ["create"]
