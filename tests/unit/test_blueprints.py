"""Loading blueprint folders: a broken one is explained by file, line and fix, and never hides a good one."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.blueprints.loader import SHIPPED, library, load_blueprint, load_library
from provisioning.blueprints.model import BlueprintProblem
from provisioning.blueprints.promises import filled_values, starting_values

BLUEPRINT = """\
title: Shop
summary: Sells things.
owner: sales
version: '1'
parameter_path: /shop/{environment}/
stacks:
  data:
    template: data.yaml
    name: shop-data-{environment}
    capabilities: []
    filled: {Environment: environment}
  compute:
    template: compute.yaml
    name: shop-{environment}
    capabilities: []
    filled: {DataStackName: data_stack_name}
stages:
  dev: {approvals: 0, protection: false, personal: true, lifetime_days: 7}
  staging: {approvals: 0, protection: false}
  prod: {approvals: 1, approvers: [admins], protection: true, defaults: {compute: {Size: large}}}
parameters:
  - title: Machine
    fields:
      - {stack: compute, name: Size, label: Size}
patterns:
  - {table: Orders, title: One order, partition_key: id}
  - {table: Orders, title: By buyer, index: buyer, partition_key: buyer, sort_key: at, descending: true}
flags:
  - {key: open, title: Open, type: boolean, default: 'true', after: redeploy}
deploy: {kind: ec2, group: Group, url_output: Url}
configuration:
  ORDERS_TABLE: output:data:OrdersName
  OPEN: parameter:open
formats: [dotenv]
"""
DATA = """\
Parameters:
  Environment: {Type: String}
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Sub shop-${Environment}-orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
        - {AttributeName: buyer, AttributeType: S}
        - {AttributeName: at, AttributeType: N}
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      GlobalSecondaryIndexes:
        - IndexName: buyer
          KeySchema: [{AttributeName: buyer, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
Outputs:
  OrdersName: {Value: !Ref Orders}
"""
COMPUTE = """\
Parameters:
  DataStackName: {Type: String}
  Size: {Type: String, AllowedValues: [small, large], Default: small}
  Colour: {Type: String, Default: red, Description: What it looks like.}
Resources:
  Group:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties: {MinSize: '1', MaxSize: '1'}
Outputs:
  Url: {Value: !GetAtt Group.Arn}
"""


def write(folder: Path, blueprint: str = BLUEPRINT, data: str = DATA, compute: str = COMPUTE) -> Path:
    """A blueprint folder with these three files."""
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(blueprint)
    (folder / "data.yaml").write_text(data)
    (folder / "compute.yaml").write_text(compute)
    return folder


def problems_of(folder: Path) -> tuple[BlueprintProblem, ...]:
    """What is wrong with a folder that must not load."""
    blueprint, problems = load_blueprint(folder)
    assert blueprint is None
    assert all(problem.fix and problem.sentence and problem.line >= 1 for problem in problems)
    return problems


def test_a_folder_becomes_a_blueprint(tmp_path: Path) -> None:
    blueprint, problems = load_blueprint(write(tmp_path / "shop"))
    assert problems == ()
    assert blueprint
    assert (blueprint.slug, blueprint.title, blueprint.path("dev-al")) == ("shop", "Shop", "/shop/dev-al/")
    assert blueprint.stacks["data"].stack_name("dev-al") == "shop-data-dev-al"
    assert blueprint.stages["dev"].lifetime_days == 7
    assert blueprint.stages["prod"].lifetime_days is None
    assert blueprint.stages["prod"].approver_groups == ("admins",)
    assert [group.title for group in blueprint.groups] == ["Machine", "Other settings"]
    assert [(field.name, field.help) for field in blueprint.groups[1].parameters] == [("Colour", "What it looks like.")]


def test_values_come_from_template_stage_and_stackyard(tmp_path: Path) -> None:
    blueprint, _ = load_blueprint(write(tmp_path / "shop"))
    assert blueprint
    assert starting_values(blueprint, "compute", "dev") == {"Size": "small", "Colour": "red"}
    assert starting_values(blueprint, "compute", "prod") == {"Size": "large", "Colour": "red"}
    filled = filled_values(blueprint, "compute", environment="prod", stage="prod", owner="al", environment_id="7")
    assert filled == {"DataStackName": "shop-data-prod"}


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence", "fix"),
    [
        ("title: Shop", "titel: Shop", 1, "“titel” is not known", "Did you mean title?"),
        ("owner: sales\n", "", 1, "the blueprint has no owner.", "Add owner: to it."),
        ("summary: Sells things.", "summary: [x", 2, "This is not YAML", "Check indentation"),
        ("owner: sales", "owner: {a: b}", 3, "owner must be a text.", "Put it in quotes."),
        ("/shop/{environment}/", "/shop/", 5, "cannot be the parameter path", "Write it as"),
        ("/shop/{environment}/", "/ssm/{environment}/", 5, "cannot be the parameter path", "not under"),
        ("template: data.yaml", "template: other.yaml", 8, "The template other.yaml is missing.", "beside"),
        ("template: data.yaml", "template: ../data.yaml", 8, "is not in the blueprint's folder", "beside"),
        ("name: shop-data-{environment}", "name: shop-data", 9, "cannot name a stack", "Use letters"),
        ("name: shop-data-{environment}", "name: 9_{environment}", 9, "cannot name a stack", "Use letters"),
        ("{Environment: environment}", "{Gone: environment}", 11, "has no parameter Gone", "Remove"),
        ("{Environment: environment}", "{Environment: weather}", 11, "cannot be “weather”", "Use one of"),
        ("{Environment: environment}", "{Environment: data_stack_name}", 11, "its own exports", "Remove"),
        ("  staging: {approvals: 0, protection: false}\n", "", 17, "The stage staging is missing", "Add"),
        ("  dev: {approvals: 0", "  dev: {approvals: -1", 18, "approvals must be a whole number", "Correct"),
        ("protection: false, personal: true", "protection: maybe", 18, "must be true or false", "Write"),
        ("approvals: 1, approvers: [admins]", "approvals: 1", 20, "Nobody may approve", "Name a group"),
        ("approvals: 1, approvers: [admins]", "approvals: 0", 20, "prod must ask for approval", "Set"),
        ("approvers: [admins]", "approvers: admins", 20, "approvers must be a list", "Write it as"),
        ("{Size: large}", "{Size: huge}", 20, "Choose one of small, large.", "Correct or remove"),
        ("{Size: large}", "{DataStackName: x}", 20, "Stackyard fills it itself.", "Correct or remove"),
        ("name: Size, label", "name: Gone, label", 24, "has no parameter Gone", "Correct the name"),
        ("name: Size, label", "name: DataStackName, label", 24, "Stackyard fills DataStackName", "Remove"),
        ("label: Size}", "label: Size, choices: moon}", 24, "choices cannot be “moon”", "Use one of vpc"),
        ("{table: Orders, title: One", "{table: Gone, title: One", 26, "has no table Gone", "Correct it."),
        ("index: buyer", "index: seller", 27, "has no index seller", "Correct the name."),
        ("sort_key: at", "sort_key: when", 27, "when is not the sort key", "It is at."),
        (
            "One order, partition_key: id",
            "One order, partition_key: x",
            26,
            "not the partition key",
            "is id.",
        ),
        ("default: 'true'", "default: 'yes'", 29, "The default does not fit the type.", "Correct"),
        ("key: open", "key: 'o pen'", 29, "cannot be a key", "Use letters"),
        ("after: redeploy", "after: lunch", 29, "after cannot be “lunch”", "Use one of nothing, redeploy."),
        ("group: Group", "group: Gone", 30, "deploy needs the group", "AWS::AutoScaling::AutoScalingGroup"),
        ("kind: ec2", "kind: ecs", 30, "deploy needs the cluster", "AWS::ECS::Cluster"),
        ("url_output: Url", "url_output: Gone", 30, "no output Gone", "Correct"),
        ("output:data:OrdersName", "output:data:Gone", 32, "There is no output data:Gone.", "Use output"),
        ("parameter:open", "parameter:shut", 33, "There is no parameter shut.", "Use output"),
        ("OPEN: parameter:open", "OPEN: guess", 33, "“guess” is not a source.", "Use output"),
        ("OPEN: parameter:open", "9x: region", 33, "“9x” cannot be a variable.", "Use letters"),
        ("[dotenv]", "[dotenv, toml]", 34, "“toml” is not a format.", "Use some of dotenv"),
    ],
)
def test_a_broken_blueprint_says_where_and_what_to_do(
    tmp_path: Path, *, old: str, new: str, line: int, sentence: str, fix: str
) -> None:
    assert BLUEPRINT.count(old) == 1
    problems = problems_of(write(tmp_path / "shop", BLUEPRINT.replace(old, new)))
    match = [problem for problem in problems if sentence in problem.sentence]
    assert match, problems
    assert match[0].file == str(tmp_path / "shop" / "blueprint.yaml")
    assert match[0].line == line
    assert fix in match[0].fix
    assert str(match[0]).startswith(f"{match[0].file}:{line}: ")


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("    DeletionPolicy: Retain\n", "", 4, "Orders would lose its data."),
        ("UpdateReplacePolicy: Retain", "UpdateReplacePolicy: Delete", 7, "Orders would lose its data."),
        ("${Environment}", "${Gone}", 9, "“Gone” is referred to"),
        ("Outputs:", "Outputs: [", 20, "This is not YAML"),
        ("BillingMode: PAY_PER_REQUEST", "BillingMode: !Select [4, []]", 4, "points outside its list"),
        ("Outputs:\n", "#" * 51_200 + "\nOutputs:\n", 1, "51,200 is the most."),
    ],
)
def test_a_broken_template_is_named_itself(tmp_path: Path, old: str, new: str, line: int, sentence: str) -> None:
    problems = problems_of(write(tmp_path / "shop", data=DATA.replace(old, new)))
    assert [problem.file for problem in problems] == [str(tmp_path / "shop" / "data.yaml")]
    assert sentence in problems[0].sentence
    assert problems[0].line == line


def test_iam_needs_leave_from_the_blueprint(tmp_path: Path) -> None:
    role = "  Role: {Type: AWS::IAM::Role}\nOutputs:"
    compute = COMPUTE.replace("Outputs:", role)
    (problem,) = problems_of(write(tmp_path / "no", compute=compute))
    assert (problem.line, "CAPABILITY_IAM" in problem.fix) == (15, True)
    allowed = BLUEPRINT.replace(
        "name: shop-{environment}\n    capabilities: []",
        "name: shop-{environment}\n    capabilities: [CAPABILITY_IAM]",
    )
    blueprint, problems = load_blueprint(write(tmp_path / "yes", allowed, compute=compute))
    assert blueprint
    assert problems == ()


def test_a_flag_that_a_stack_owns_is_refused(tmp_path: Path) -> None:
    owned = "  Open:\n    Type: AWS::SSM::Parameter\n    Properties:\n"
    owned += "      {Type: String, Value: x, Name: !Sub '/shop/${Environment}/open'}\nOutputs:"
    (problem,) = problems_of(write(tmp_path / "shop", data=DATA.replace("Outputs:", owned)))
    assert problem.line == 29
    assert "A stack must not own it" in problem.fix


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    broken = BLUEPRINT.replace("title: Shop", "titel: Shop").replace("kind: ec2", "kind: boat")
    lines = {problem.line for problem in problems_of(write(tmp_path / "shop", broken))}
    assert lines == {1, 30}


def test_good_blueprints_stay_usable_beside_broken_ones(tmp_path: Path) -> None:
    write(tmp_path / "a" / "broken", blueprint="title: [")
    write(tmp_path / "a" / "shop")
    (tmp_path / "a" / "empty").mkdir()
    (tmp_path / "a" / ".hidden").mkdir()
    (tmp_path / "a" / "Bad_Name").mkdir()
    shutil.copytree(tmp_path / "a" / "shop", tmp_path / "a" / "Not A Slug")
    binary = write(tmp_path / "a" / "binary")
    (binary / "blueprint.yaml").write_bytes(b"\xff\xfe\x00")
    write(tmp_path / "b" / "shop", BLUEPRINT.replace("title: Shop", "title: Second"))
    found = load_library([tmp_path / "a", tmp_path / "b", tmp_path / "nowhere"])
    assert {slug: blueprint.title for slug, blueprint in found.blueprints.items()} == {"shop": "Shop"}
    sentences = {Path(problem.file).parent.name: problem.sentence for problem in found.problems}
    assert sentences["shop"] == "There already is a blueprint called shop."
    assert sentences["empty"] == "This file is missing."
    assert sentences["binary"] == "This file cannot be read."
    assert "cannot be a slug" in sentences["Not A Slug"]
    assert sentences["broken"].startswith("This is not YAML")
    assert [problem.fix for problem in found.problems if problem.file.endswith("nowhere")] == [
        "Correct BLUEPRINT_DIRS."
    ]


def test_the_digest_follows_every_file(tmp_path: Path) -> None:
    digests = set()
    for at, change in enumerate(
        [{}, {"blueprint": BLUEPRINT + "# x\n"}, {"data": DATA + "# x\n"}, {"compute": COMPUTE + "# x\n"}]
    ):
        blueprint, _ = load_blueprint(write(tmp_path / f"shop{at}" / "shop", **change))
        assert blueprint
        digests.add(blueprint.digest)
    assert len(digests) == 4


def test_the_library_is_read_again_when_a_file_changes(tmp_path: Path, settings: object) -> None:
    folder = write(tmp_path / "shop")
    settings.BLUEPRINT_DIRS = [tmp_path]  # type: ignore[attr-defined]  # pytest-django's fixture
    first = library()
    assert set(first.blueprints) == {"fileshare", "hello-erlang", "shop"}
    assert library() is first
    file = folder / "blueprint.yaml"
    file.write_text(BLUEPRINT.replace("title: Shop", "title: Bazaar"))
    os.utime(file, ns=(1, 1))
    assert library().blueprints["shop"].title == "Bazaar"
    shutil.rmtree(folder)
    assert set(library().blueprints) == {"fileshare", "hello-erlang"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    which=st.sampled_from(["blueprint.yaml", "data.yaml", "compute.yaml"]),
    at=st.integers(0, 40),
    text=st.sampled_from(["", "x", "[1]", "{a: b}", "null", "- 1", "!Ref X", "!Sub [1, 2]", "7: 7", "a: !If [1]"]),
    keep=st.booleans(),
)
def test_no_folder_makes_loading_raise(
    tmp_path_factory: pytest.TempPathFactory, which: str, at: int, text: str, *, keep: bool
) -> None:
    folder = write(tmp_path_factory.mktemp("any") / "shop")
    lines = (folder / which).read_text().splitlines()
    at %= len(lines)
    head, colon, _ = lines[at].partition(":")
    lines[at] = f"{head}{colon} {text}" if keep else text
    (folder / which).write_text("\n".join(lines))
    blueprint, problems = load_blueprint(folder)
    assert (blueprint is None) == bool(problems)


def test_the_shipped_folder_is_where_the_loader_looks() -> None:
    assert {folder.name for folder in SHIPPED.iterdir()} == {"fileshare", "hello-erlang"}
