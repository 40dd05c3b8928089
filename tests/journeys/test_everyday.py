"""What engineers do all day, from the sign-in to a deleted data stack whose tables are still there."""

from bench.asking import ask_act, ask_create, change_path, follow, request_form, usable
from bench.visitor import Visitor

from .looks import Aws

MESSAGES, SESSIONS = "dev-hello-erlang-messages", "dev-hello-erlang-sessions"
ITEM = {"id": {"S": "m-1"}, "user_id": {"S": "alice"}, "timestamp": {"N": "1767225600"}, "text": {"S": "kept"}}
USERS, URLS = "file-sharing-app-dev-users", "file-sharing-app-dev-urls"


def _stacks(aws: Aws) -> dict[str, str]:
    """The stacks that are there, with their statuses."""
    found = aws("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"}


def _parameter(aws: Aws, stack: str, name: str) -> str:
    (found,) = aws("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return str(next(one["ParameterValue"] for one in found["Parameters"] if one["ParameterKey"] == name))


def _do(person: Visitor, kind: str, *, confirm: str = "") -> None:
    """Ask for an act on hello-erlang/dev and follow it to its success."""
    follow(person, ask_act(person, "hello-erlang", "dev", kind, confirm=confirm))


def test_one_environment_through_its_whole_life(alice: Visitor, aws: Aws) -> None:
    form = request_form(alice, "hello-erlang")
    vpcs, subnets = form.choices["compute.VpcId"], form.choices["compute.SubnetIds"]
    assert any("stackyard-demo" in label for _, label in vpcs)
    assert len(subnets) >= 2
    assert form.sent["name"] == ["dev"]

    created = follow(alice, change_path(alice.post(form.action, form.filled(usable(form, {"reason": "a trial"})))))
    assert "a trial" in created.words
    assert _stacks(aws).keys() >= {"hello-erlang-data-dev", "hello-erlang-dev"}

    overview = alice.get("/environments/hello-erlang/dev/").words
    assert "Ready" in overview
    assert "Checked against AWS" in overview
    assert MESSAGES in overview

    connect = alice.get("/environments/hello-erlang/dev/connect/dotenv/")
    assert connect.html.splitlines() == [
        "AWS_PROFILE=hello-erlang-dev",
        "AWS_REGION=us-east-1",
        f"MESSAGES_TABLE={MESSAGES}",
        f"SESSIONS_TABLE={SESSIONS}",
    ]

    aws("dynamodb").put_item(TableName=MESSAGES, Item=ITEM)
    form = alice.get("/environments/hello-erlang/dev/update/").form("/update/")
    assert form.sent["compute.HealthCheckPath"] != ["/alive"]
    page = alice.post(form.action, form.filled({"compute.HealthCheckPath": "/alive", "reason": "another probe"}))
    follow(alice, change_path(page))
    assert _parameter(aws, "hello-erlang-dev", "HealthCheckPath") == "/alive"

    _do(alice, "park")
    assert "Parked" in alice.get("/environments/hello-erlang/dev/").words
    assert "hello-erlang-dev" not in _stacks(aws)
    _do(alice, "wake")
    assert _parameter(aws, "hello-erlang-dev", "HealthCheckPath") == "/alive"

    refused = alice.get("/environments/hello-erlang/dev/settings/").form("/act/delete_compute/")
    assert alice.post(refused.action, refused.filled({"confirm": "prod"})).status == 422
    assert "hello-erlang-dev" in _stacks(aws)
    _do(alice, "delete_compute", confirm="dev")
    assert "hello-erlang-dev" not in _stacks(aws)

    _do(alice, "delete_data_stack", confirm="dev")
    assert not {"hello-erlang-data-dev", "hello-erlang-dev"} & _stacks(aws).keys()
    assert aws("dynamodb").get_item(TableName=MESSAGES, Key={"id": {"S": "m-1"}})["Item"] == ITEM
    assert aws("dynamodb").describe_table(TableName=SESSIONS)["Table"]["TableStatus"] == "ACTIVE"


def test_the_tables_of_a_deleted_data_stack_are_taken_over_again(alice: Visitor, aws: Aws) -> None:
    follow(alice, ask_create(alice, "hello-erlang", "dev-kept"))
    aws("dynamodb").put_item(TableName="dev-kept-hello-erlang-messages", Item=ITEM)
    follow(alice, ask_act(alice, "hello-erlang", "dev-kept", "park"))
    follow(alice, ask_act(alice, "hello-erlang", "dev-kept", "delete_data_stack", confirm="dev-kept"))
    kept = _table_id(aws, "dev-kept-hello-erlang-messages")

    created = follow(alice, ask_create(alice, "hello-erlang", "dev-kept"))

    assert "takes over 2" in created.words.lower()
    assert _table_id(aws, "dev-kept-hello-erlang-messages") == kept
    assert aws("dynamodb").scan(TableName="dev-kept-hello-erlang-messages")["Items"] == [ITEM]


def _table_id(aws: Aws, name: str) -> str:
    return str(aws("dynamodb").describe_table(TableName=name)["Table"]["TableId"])


def test_fileshare_finds_its_configuration_in_parameters(alice: Visitor, aws: Aws) -> None:
    follow(alice, ask_create(alice, "fileshare", "dev"))

    found = aws("ssm").get_parameters_by_path(Path="/fileshare/dev/", Recursive=True)["Parameters"]
    values = {parameter["Name"].removeprefix("/fileshare/dev/"): parameter["Value"] for parameter in found}
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table"
    policy = values.pop("dynamodb_policy_arn")
    assert values == {
        "dynamodb_users_table_name": USERS,
        "dynamodb_urls_table_name": URLS,
        "dynamodb_users_table_arn": f"{arn}/{USERS}",
        "dynamodb_urls_table_arn": f"{arn}/{URLS}",
        "use_dynamodb": "true",
    }
    assert policy.startswith("arn:aws:iam::000000000000:policy/")
    assert {USERS, URLS} <= set(aws("dynamodb").list_tables()["TableNames"])
    assert alice.get("/environments/fileshare/dev/connect/dotenv/").html.splitlines() == [
        "AWS_PROFILE=fileshare-dev",
        "AWS_REGION=us-east-1",
        "USE_DYNAMODB=true",
        f"DYNAMODB_USERS_TABLE_NAME={USERS}",
        f"DYNAMODB_URLS_TABLE_NAME={URLS}",
    ]
