"""The shipped blueprints: the facts they must honour, and rules for every template in the library."""

import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from provisioning.blueprints.loader import SHIPPED, load_library
from provisioning.blueprints.model import STACK_KINDS, STAGES, Blueprint
from provisioning.blueprints.promises import (
    computed_names,
    filled_values,
    starting_values,
    table_promises,
    tables_only,
)
from provisioning.blueprints.template import (
    Pseudo,
    Resolved,
    ResolvedResource,
    parse,
    resolve,
    validate_values,
)

LIBRARY = load_library([SHIPPED])
APPLICATIONS = sorted(LIBRARY.blueprints)
CHOSEN = {
    "VpcId": "vpc-1",
    "SubnetIds": "subnet-1,subnet-2",
    "KeyName": "mine",
    "ImageId": "ami-1",
}
UNTAGGABLE = {"AWS::IAM::ManagedPolicy", "AWS::IAM::InstanceProfile"}
EVERY = list(product(APPLICATIONS, STACK_KINDS, STAGES, ["PAY_PER_REQUEST", "PROVISIONED"]))


def values_for(blueprint: Blueprint, kind: str, environment: str, **more: str) -> dict[str, str]:
    """A full set of values: defaults, what a person chooses, and what Stackyard fills."""
    stage = environment.split("-", maxsplit=1)[0]
    filled = filled_values(blueprint, kind, environment=environment, stage=stage, owner="al", environment_id="7")
    known = blueprint.stacks[kind].template.parameters
    chosen = {name: value for name, value in (CHOSEN | more).items() if name in known}
    return starting_values(blueprint, kind, stage) | chosen | filled


def worked_out(slug: str, kind: str, environment: str, **more: str) -> Resolved:
    """A shipped template resolved for an environment."""
    blueprint = LIBRARY.blueprints[slug]
    stack = blueprint.stacks[kind]
    values = values_for(blueprint, kind, environment, **more)
    assert validate_values(stack.template, values) == {}
    return resolve(stack.template, values, pseudo=pseudo(stack.stack_name(environment)))


def pseudo(stack: str) -> Pseudo:
    """One region and account for all."""
    return Pseudo("us-east-1", "123456789012", stack)


def tags_of(resource: ResolvedResource) -> list[dict[str, Any]]:
    """Every set of tags a resource carries, as mappings."""
    properties = resource.properties
    if resource.type == "AWS::EC2::LaunchTemplate":
        inside = properties["LaunchTemplateData"]["TagSpecifications"]
        return [named(each["Tags"]) for each in properties["TagSpecifications"] + inside]
    tags = properties.get("Tags", {})
    return [tags if isinstance(tags, Mapping) else named(tags)]  # type: ignore[list-item]  # a mapping of texts


def named(tags: list[dict[str, Any]]) -> dict[str, Any]:
    """Key and Value pairs as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_the_library_loads_without_problems() -> None:
    assert LIBRARY.problems == ()
    assert APPLICATIONS == ["fileshare", "hello-erlang"]


def test_cfn_lint_has_nothing_to_say() -> None:
    files = sorted(SHIPPED.glob("*/[dc]*.yaml"))
    assert len(files) == 4
    lint = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([lint, *files], capture_output=True, text=True, check=False)  # noqa: S603 - our own files
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(("slug", "kind", "stage", "billing"), EVERY)
def test_everything_taggable_carries_all_six_tags(slug: str, kind: str, stage: str, billing: str) -> None:
    expected = {
        "Application": slug,
        "Environment": stage,
        "Stage": stage,
        "Owner": "al",
        "ManagedBy": "Stackyard",
        "EnvironmentId": "7",
    }
    resources = worked_out(slug, kind, stage, BillingMode=billing, Alarms="true").resources
    for resource in resources:
        if resource.type not in UNTAGGABLE:
            assert tags_of(resource) == [expected] * len(tags_of(resource)), resource.logical_id


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_every_table_stays_when_its_stack_goes(slug: str) -> None:
    """R2, R3: kept on deletion and replacement, yet removed with a first create that failed."""
    kinds = set()
    for kind in STACK_KINDS:
        for resource in worked_out(slug, kind, "prod").resources:
            kinds.add((kind, resource.type == "AWS::DynamoDB::Table"))
            if resource.type == "AWS::DynamoDB::Table":
                assert resource.deletion_policy == "Retain"
                assert resource.update_replace_policy == "Retain"
    assert ("data", True) in kinds
    assert ("compute", True) not in kinds


@pytest.mark.parametrize("slug", APPLICATIONS)
@pytest.mark.parametrize("billing", ["PAY_PER_REQUEST", "PROVISIONED"])
def test_capacity_is_on_table_and_index_only_when_provisioned(slug: str, billing: str) -> None:
    """T8."""
    found = worked_out(slug, "data", "dev", BillingMode=billing, ReadCapacity="7", WriteCapacity="3")
    tables = [resource.properties for resource in found.resources if resource.type == "AWS::DynamoDB::Table"]
    indexes = [index for table in tables for index in table.get("GlobalSecondaryIndexes", [])]
    assert tables
    assert indexes
    expected = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3} if billing == "PROVISIONED" else None
    assert [part.get("ProvisionedThroughput") for part in tables + indexes] == [expected] * len(tables + indexes)
    assert {table["BillingMode"] for table in tables} == {billing}


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_nothing_in_compute_has_a_fixed_name(slug: str) -> None:
    """N3: a fixed name would make every replacement fail."""
    name_keys = re.compile(r"(Name|Family|\w+Name)")
    allowed = {"AutoScalingGroup": set(), "Alarm": {"MetricName"}}
    for resource in worked_out(slug, "compute", "prod").resources:
        fine = allowed.get(resource.type.rpartition("::")[2], set())
        fixed = {key for key in resource.properties if name_keys.fullmatch(key)} - fine
        assert fixed == set(), resource.logical_id


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_nothing_in_iam_is_named_and_only_that_needs_leave(slug: str) -> None:
    blueprint = LIBRARY.blueprints[slug]
    needed = {kind: set(blueprint.stacks[kind].template.capabilities) for kind in STACK_KINDS}
    data = {"CAPABILITY_IAM"} if slug == "fileshare" else set()
    assert needed == {"data": data, "compute": {"CAPABILITY_IAM"}}


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_names_and_arns_are_exported_under_the_stack_name(slug: str) -> None:
    outputs = worked_out(slug, "data", "dev-al").outputs
    for output in outputs:
        lasting = re.fullmatch(r"\w+(TableName|TableArn)|PolicyArn", output.name)
        assert output.export == (f"{slug}-data-dev-al-{output.name}" if lasting else None)


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_compute_imports_only_what_data_exports(slug: str) -> None:
    exports = {output.export for output in worked_out(slug, "data", "prod").outputs}
    text = str(worked_out(slug, "compute", "prod").resources)
    imports = set(re.findall(r"([A-Za-z0-9-]+) \(imported\)", text))
    assert imports
    assert imports <= exports


@pytest.mark.parametrize(("slug", "stage"), list(product(APPLICATIONS, STAGES)))
def test_prod_is_always_protected_and_recoverable(slug: str, stage: str) -> None:
    blueprint = LIBRARY.blueprints[slug]
    for asked in ("true", "false"):
        values = values_for(blueprint, "data", stage, DeletionProtection=asked, PointInTimeRecovery=asked)
        on = stage == "prod" or asked == "true"
        for table in table_promises(blueprint, values, pseudo("x")):
            assert (table.deletion_protection, table.point_in_time_recovery) == (on, on)


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_alarms_watch_every_table_and_index(slug: str) -> None:
    """T18: throttles per table and per index; SystemErrors exist only per operation."""
    blueprint = LIBRARY.blueprints[slug]
    promises = table_promises(blueprint, values_for(blueprint, "data", "prod"), pseudo("x"))
    watched = set()
    for resource in worked_out(slug, "data", "prod").resources:
        if resource.type == "AWS::CloudWatch::Alarm":
            at = {each["Name"]: str(each["Value"]).partition(",")[0] for each in resource.properties["Dimensions"]}
            place = (at.pop("TableName"), at.get("GlobalSecondaryIndexName", at.get("Operation")))
            watched.add((resource.properties["MetricName"], *place))
    throttles = {
        (metric, table.logical_id, place)
        for table in promises
        for place in (None, *(index.name for index in table.indexes))
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
    }
    errors = {
        ("SystemErrors", table.logical_id, operation) for table in promises for operation in ("GetItem", "PutItem")
    }
    assert watched == throttles | errors
    off = worked_out(slug, "data", "prod", Alarms="false").resources
    assert not [resource for resource in off if resource.type == "AWS::CloudWatch::Alarm"]


@pytest.mark.parametrize("slug", APPLICATIONS)
@pytest.mark.parametrize(
    ("environment", "fine"),
    [
        *((name, True) for name in ("dev", "staging", "prod", "dev-alice", "dev-a1-b2", "dev-" + "a" * 20)),
        *((name, False) for name in ("", "qa", "dev-", "dev-Alice", "dev-a--b", "prod-2", "dev_a", "dev\n")),
        ("dev-" + "a" * 21, False),
    ],
)
def test_environment_names(slug: str, environment: str, *, fine: bool) -> None:
    for stack in LIBRARY.blueprints[slug].stacks.values():
        assert ("Environment" not in validate_values(stack.template, {"Environment": environment})) == fine


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_the_form_explains_every_parameter(slug: str) -> None:
    blueprint = LIBRARY.blueprints[slug]
    on_form = {(field.stack, field.name) for group in blueprint.groups for field in group.parameters}
    asked = {
        (kind, name)
        for kind, stack in blueprint.stacks.items()
        for name in stack.template.parameters
        if name not in stack.filled
    }
    assert on_form == asked
    assert all(field.help and field.label for group in blueprint.groups for field in group.parameters)
    assert "Other settings" not in {group.title for group in blueprint.groups}


def test_stage_policies() -> None:
    for blueprint in LIBRARY.blueprints.values():
        dev, staging, prod = (blueprint.stages[stage] for stage in STAGES)
        assert (dev.approvals, dev.personal, dev.protection, dev.lifetime_days) == (0, True, False, 14)
        assert (staging.approvals, staging.personal, staging.lifetime_days) == (0, False, None)
        assert (prod.approvals, prod.approver_groups, prod.protection) == (1, ("admins",), True)


def test_hello_erlang_promises_its_tables() -> None:
    blueprint = LIBRARY.blueprints["hello-erlang"]
    messages, sessions = table_promises(blueprint, values_for(blueprint, "data", "dev"), pseudo("x"))
    assert (messages.name, sessions.name) == ("dev-hello-erlang-messages", "dev-hello-erlang-sessions")
    assert messages.key_schema == (("id", "HASH"),)
    assert messages.attribute_types == {"id": "S", "timestamp": "N", "user_id": "S"}
    (index,) = messages.indexes
    assert (index.name, index.projection) == ("user-timestamp-index", "ALL")
    assert index.key_schema == (("user_id", "HASH"), ("timestamp", "RANGE"))
    assert (messages.stream, messages.ttl_attribute) == ("NEW_AND_OLD_IMAGES", None)
    assert sessions.key_schema == (("session_id", "HASH"),)
    assert (sessions.stream, sessions.ttl_attribute, sessions.indexes) == (None, "ttl", ())
    assert (messages.billing_mode, messages.tags["Application"]) == ("PAY_PER_REQUEST", "hello-erlang")


def test_fileshare_promises_its_tables() -> None:
    blueprint = LIBRARY.blueprints["fileshare"]
    users, urls = table_promises(blueprint, values_for(blueprint, "data", "prod"), pseudo("x"))
    assert (users.name, urls.name) == ("file-sharing-app-prod-users", "file-sharing-app-prod-urls")
    assert (users.key_schema, urls.key_schema) == ((("user_id", "HASH"),), (("short_code", "HASH"),))
    assert [(index.name, index.key_schema) for index in users.indexes] == [("email-index", (("email", "HASH"),))]
    assert [(index.name, index.key_schema) for index in urls.indexes] == [
        ("user-index", (("created_by_user", "HASH"),))
    ]
    assert (users.ttl_attribute, urls.ttl_attribute) == (None, "expires_at_ttl")


def test_computed_names() -> None:
    hello = computed_names(LIBRARY.blueprints["hello-erlang"], "dev-al", "dev", pseudo(""))
    assert hello.stacks == {"data": "hello-erlang-data-dev-al", "compute": "hello-erlang-dev-al"}
    assert hello.tables == ("dev-al-hello-erlang-messages", "dev-al-hello-erlang-sessions")
    assert (hello.parameter_path, hello.parameters) == (None, ())
    fileshare = computed_names(LIBRARY.blueprints["fileshare"], "dev", "dev", pseudo(""))
    assert fileshare.parameter_path == "/fileshare/dev/"
    assert {name.removeprefix("/fileshare/dev/") for name in fileshare.parameters} == {
        "dynamodb_users_table_name",
        "dynamodb_urls_table_name",
        "dynamodb_users_table_arn",
        "dynamodb_urls_table_arn",
        "dynamodb_policy_arn",
        "use_dynamodb",
    }


def test_the_flag_belongs_to_stackyard_and_not_to_a_stack() -> None:
    """M13."""
    (flag,) = LIBRARY.blueprints["fileshare"].flags
    assert (flag.key, flag.type, flag.default, flag.after) == ("use_dynamodb", "boolean", "true", "redeploy")
    owned = [
        resource.properties["Name"]
        for resource in worked_out("fileshare", "data", "dev").resources
        if resource.type == "AWS::SSM::Parameter"
    ]
    assert len(owned) == 5
    assert "/fileshare/dev/use_dynamodb" not in owned


def test_the_instance_role_reaches_its_own_tables_only() -> None:
    role = worked_out("hello-erlang", "compute", "dev").resource("InstanceRole").properties
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert {str(arn).partition(",")[0] for arn in statement["Resource"]} == {
        "hello-erlang-data-dev-MessagesTableArn (imported)",
        "hello-erlang-data-dev-MessagesTableArn (imported)/index/*",
        "hello-erlang-data-dev-SessionsTableArn (imported)",
        "hello-erlang-data-dev-SessionsTableArn (imported)/index/*",
    }
    assert not [
        action for action in statement["Action"] if "*" in action or "Table" in action.replace("DescribeTable", "")
    ]
    assert {arn.rpartition("/")[2] for arn in role["ManagedPolicyArns"]} == {
        "CloudWatchAgentServerPolicy",
        "AmazonSSMManagedInstanceCore",
    }


def test_the_task_reads_its_configuration_from_its_own_path() -> None:
    found = worked_out("fileshare", "compute", "dev-al")
    (container,) = found.resource("TaskDefinition").properties["ContainerDefinitions"]
    base = "arn:aws:ssm:us-east-1:123456789012:parameter/fileshare/dev-al/"
    assert {secret["Name"]: secret["ValueFrom"].removeprefix(base) for secret in container["Secrets"]} == {
        "USE_DYNAMODB": "use_dynamodb",
        "DYNAMODB_USERS_TABLE_NAME": "dynamodb_users_table_name",
        "DYNAMODB_URLS_TABLE_NAME": "dynamodb_urls_table_name",
    }
    (policy,) = found.resource("ExecutionRole").properties["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("ssm:GetParameters", base + "*")


def test_the_service_undoes_a_failed_deployment() -> None:
    """N2."""
    properties = worked_out("fileshare", "compute", "prod").resource("Service").properties
    assert properties["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {
        "Enable": True,
        "Rollback": True,
    }
    assert properties["DesiredCount"] == 2
    assert worked_out("fileshare", "compute", "dev").resource("Service").properties["DesiredCount"] == 1


@pytest.mark.parametrize("slug", APPLICATIONS)
def test_tables_only_promises_the_very_same_tables(slug: str) -> None:
    """R6: importing may bring nothing but the tables, described exactly as the full template does."""
    blueprint = LIBRARY.blueprints[slug]
    values = values_for(blueprint, "data", "prod", BillingMode="PROVISIONED")
    full = blueprint.stacks["data"].template
    only = parse(tables_only(full))
    expected = [
        resource
        for resource in resolve(full, values, pseudo=pseudo("x")).resources
        if resource.type == "AWS::DynamoDB::Table"
    ]
    found = resolve(only, values, pseudo=pseudo("x"))
    assert list(found.resources) == expected
    assert found.outputs == ()
    assert set(only.parameters) == set(full.parameters)
    assert tables_only(full) == tables_only(full)
