"""Templates as data: what parsing refuses, what values are told, and what resolving works out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.template import (
    Pseudo,
    Template,
    TemplateError,
    Unknown,
    parse,
    resolve,
    validate_values,
)

PSEUDO = Pseudo("eu-west-1", "123456789012", "shop-dev")

HEAD = """
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod], Default: dev}
  Capacity: {Type: Number, Default: 5, MinValue: 1, MaxValue: 40}
  Name: {Type: String, MinLength: 2, MaxLength: 6, AllowedPattern: '[a-z]+'}
  Zones: {Type: CommaDelimitedList, Default: 'a, b'}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /images/latest}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Either: !Or [!Condition IsProd, !Condition IsDev]
  Both: !And [!Condition IsProd, !Condition IsDev]
Mappings:
  Sizes:
    dev: {Cpu: 256}
    prod: {Cpu: 1024}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties: {TableName: !Sub '${Name}-items'}
"""


def template(extra: str = "", outputs: str = "") -> Template:
    """The common head with more resources and outputs."""
    return parse(HEAD + extra + ("Outputs:\n" + outputs if outputs else ""), "shop.yaml")


def worked_out(expression: str, **values: str) -> object:
    """What one expression comes to, as a property of a resource."""
    text = f"  Probe:\n    Type: A::B::C\n    Properties: {{Value: {expression}}}\n"
    given_values = {"Name": "shop"} | values
    return resolve(parse(HEAD + text), given_values, pseudo=PSEUDO).resource("Probe").properties.get("Value")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Name", "shop"),
        ("!Ref Capacity", 5),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref AWS::AccountId", "123456789012"),
        ("!Ref AWS::StackName", "shop-dev"),
        ("!Sub '${Name}-${Capacity}-${AWS::Partition}'", "shop-5-aws"),
        ("!Sub ['${Name}/${Mine}', {Mine: !Ref Stage}]", "shop/dev"),
        ("!Sub '${!Kept} ${Name}'", "${Kept} shop"),
        ("!Join ['-', [!Ref Name, x, 3]]", "shop-x-3"),
        ("!Join ['+', !Ref Zones]", "a+b"),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select ['0', !Split ['-', one-two]]", "one"),
        ("!FindInMap [Sizes, !Ref Stage, Cpu]", 256),
        ("!If [IsProd, true, false]", False),
        ("!If [Either, 1, 2]", 1),
        ("!If [Both, 1, 2]", 2),
        ("!If [IsProd, 1, !Ref AWS::NoValue]", None),
        ("[1, !If [IsProd, 2, !Ref AWS::NoValue], 3]", [1, 3]),
        ("!Base64 {'Fn::Sub': '${Name}'}", "c2hvcA=="),
        ("{Condition: {StringEquals: {a: b}}}", {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_intrinsics_are_worked_out(expression: str, expected: object) -> None:
    assert worked_out(expression) == expected


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("!GetAtt Table.Arn", "Table.Arn, known after it runs"),
        ("!Ref Table", "Table, known after it runs"),
        ("!Sub '${Table.Arn}/index/*'", "Table.Arn/index/*, known after it runs"),
        ("!Join ['', [!GetAtt Table.Arn, /x]]", "Table.Arn/x, known after it runs"),
        ("!Ref Image", "value of /images/latest, known after it runs"),
        ("{'Fn::ImportValue': !Sub '${Name}-Arn'}", "shop-Arn (imported), known after it runs"),
        ("!Select [0, !GetAZs '']", "Availability zones, known after it runs"),
        ("!Base64 {Ref: Table}", "Table, known after it runs"),
    ],
)
def test_what_only_aws_knows_stays_unknown_and_readable(expression: str, text: str) -> None:
    value = worked_out(expression)
    assert value == Unknown(text)
    assert str(value) == text


def test_a_parameter_nobody_chose_is_unknown_and_equals_nothing() -> None:
    found = resolve(
        parse(
            "Parameters: {Stage: {Type: String}}\nConditions: {P: !Equals [!Ref Stage, prod]}\n"
            "Resources: {R: {Type: A::B::C, Properties: {V: !Ref Stage}}}"
        ),
        {},
        pseudo=PSEUDO,
    )
    assert found.resource("R").properties["V"] == Unknown("Stage, not chosen yet")
    assert found.conditions == {"P": False}


def test_resources_and_outputs_that_are_off_are_absent() -> None:
    text = "  Extra:\n    Type: A::B::C\n    Condition: IsProd\n"
    outputs = "  Always: {Value: 1, Export: {Name: !Sub '${AWS::StackName}-Always'}}\n"
    outputs += "  Prod: {Value: !Ref Extra, Condition: IsProd}\n"
    dev = resolve(template(text, outputs), {"Name": "shop"}, pseudo=PSEUDO)
    prod = resolve(template(text, outputs), {"Name": "shop", "Stage": "prod"}, pseudo=PSEUDO)
    assert [resource.logical_id for resource in dev.resources] == ["Table"]
    assert [resource.logical_id for resource in prod.resources] == ["Table", "Extra"]
    assert [(output.name, output.export) for output in dev.outputs] == [("Always", "shop-dev-Always")]
    assert [output.name for output in prod.outputs] == ["Always", "Prod"]
    table = dev.resource("Table")
    assert (table.deletion_policy, table.update_replace_policy) == ("Retain", "Delete")
    with pytest.raises(KeyError):
        dev.resource("Extra")


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("!FindInMap [Sizes, staging, Cpu]", "No mapping holds “staging”."),
        ("!Select [7, !Ref Zones]", "Fn::Select points outside its list."),
        ("!Select [-1, !Ref Zones]", "Fn::Select points outside its list."),
        ("!If [IsProd, 1]", "An intrinsic function has the wrong number of parts."),
        ("{'Fn::Length': [1]}", "Fn::Length cannot be worked out here."),
    ],
)
def test_a_malformed_intrinsic_says_where(expression: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as caught:
        worked_out(expression)
    assert caught.value.sentence == sentence
    assert caught.value.line > 20


def test_conditions_that_lean_on_each_other_are_refused() -> None:
    text = "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\nResources: {R: {Type: A::B::C}}"
    with pytest.raises(TemplateError, match="leans on itself") as caught:
        resolve(parse(text), {}, pseudo=PSEUDO)
    assert caught.value.line in {2, 3}


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("Resources:\n  R: {Type: A::B::C}\n bad", 3, "This is not YAML"),
        ("Resources:\n\tR: 1", 2, "This is not YAML"),
        ("a: b\x07", 1, "This is not YAML"),
        ("", 1, "The file is empty."),
        ("- 1", 1, "A template is a mapping."),
        ("Parameters: {}", 1, "The template has no resources."),
        ("Description: x\nResource: {}", 2, "“Resource” is not a part of a template."),
        ("Resources: {R: {Type: A}}\nTransform: X", 2, "Transforms cannot be read."),
        ("Resources:\n  R:\n    Kind: A", 2, "R has no Type."),
        ("Resources:\n  R: {Type: A}\nOutputs:\n  O: {}", 4, "O has no Value."),
        ("Resources:\n  R:\n    Type: A\n    Properties: [1]", 4, "The properties of R must be a mapping."),
        ("Resources:\n  R: {Type: [A]}", 2, "The type of R must be a text."),
        ("Resources: [1]", 1, "Resources must be a mapping."),
        ("Resources:\n  R: {Type: A}\n  R: {Type: B}", 3, "“R” is written twice here."),
        ("Resources:\n  R:\n    Type: !Reff X", 3, "“!Reff” is not a CloudFormation function."),
        ("Resources:\n  R: &r {Type: A}\n  S: *r", 2, "YAML aliases cannot be used here."),
        ("Resources:\n  R: {Type: A, Properties: {V: !Ref Gone}}", 2, "“Gone” is referred to"),
        ("Resources:\n  R: {Type: A}\n  S: {Type: A, DependsOn: Gone}", 3, "“Gone” is referred to"),
        ("Resources:\n  R: {Type: A, Condition: Gone}", 2, "“Gone” is referred to"),
        (
            "Resources:\n  R:\n    Type: A\n    Properties:\n      V: !Sub '${Gone.Arn}'",
            5,
            "“Gone” is referred",
        ),
        ("Resources:\n  R: {Type: A, Properties: {V: !FindInMap [Gone, a, b]}}", 2, "“Gone” is referred to"),
        ("Parameters:\n  P: {Default: 1}\nResources: {R: {Type: A}}", 2, "Parameter P has no Type."),
        (
            "Parameters:\n  P:\n    Type: String\n    Defualt: 1\nResources: {R: {Type: A}}",
            4,
            "“Defualt” is not an",
        ),
        (
            "Parameters:\n  P: {Type: String, AllowedPattern: '['}\nResources: {R: {Type: A}}",
            2,
            "has a limit",
        ),
        ("Parameters:\n  P: {Type: Number, MinValue: x}\nResources: {R: {Type: A}}", 2, "has a limit"),
        ('{"Resources": {"R": {"Type": "A"}},\n}', 2, "This is not JSON"),
        ("[" * 5000, 1, "This is nested too deeply."),
        (
            "Resources: {R: {Type: A}}\n" + "#" * 51_200,
            1,
            "The template is 51,226 bytes; 51,200 is the most.",
        ),
    ],
)
def test_parsing_refuses_with_line_and_sentence(text: str, line: int, sentence: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(text, "shop.yaml")
    assert caught.value.sentence.startswith(sentence) or sentence in caught.value.sentence
    assert (caught.value.file, caught.value.line) == ("shop.yaml", line)
    assert caught.value.fix


def test_the_largest_template_and_json_are_read() -> None:
    text = json.dumps({"Resources": {"R": {"Type": "A::B::C", "Properties": {"V": {"Ref": "AWS::Region"}}}}})
    padded = text + " " * (51_200 - len(text))
    assert parse(padded).body == padded
    assert resolve(parse(text), {}, pseudo=PSEUDO).resource("R").properties == {"V": "eu-west-1"}


def test_the_digest_is_of_the_exact_text() -> None:
    assert template().digest == template().digest
    assert template().digest != parse(HEAD + "\n").digest


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("{Type: AWS::SNS::Topic}", set()),
        ("{Type: AWS::IAM::Role, Properties: {Path: /}}", {"CAPABILITY_IAM"}),
        ("{Type: AWS::IAM::Role, Properties: {RoleName: x}}", {"CAPABILITY_NAMED_IAM"}),
        ("{Type: AWS::IAM::Policy, Properties: {PolicyName: x}}", {"CAPABILITY_IAM"}),
        ("{Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: x}}", {"CAPABILITY_NAMED_IAM"}),
    ],
)
def test_capabilities_are_computed(resource: str, expected: set[str]) -> None:
    assert parse(f"Resources: {{R: {resource}}}").capabilities == expected


VALUES = """
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
  Count: {Type: Number, MinValue: 1, MaxValue: 40, Default: 2}
  Low: {Type: Number, MinValue: 3, Default: 3}
  Name:
    Type: String
    MinLength: 2
    MaxLength: 6
    AllowedPattern: '[a-z]*'
    ConstraintDescription: Small letters.
    Default: ab
  Bare: {Type: String, AllowedPattern: '^x$', Default: x}
  Note: {Type: String, Default: ''}
  Secret: {Type: String, NoEcho: true, AllowedValues: [right], Default: right}
  Vpc: {Type: 'AWS::EC2::VPC::Id', Default: vpc-1}
  Key: {Type: 'AWS::EC2::KeyPair::KeyName', Default: mine}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>', Default: subnet-1}
  Colours: {Type: CommaDelimitedList, AllowedValues: [red, blue], Default: red}
  Ports: {Type: 'List<Number>', Default: '1,2'}
Resources: {R: {Type: A::B::C}}
"""


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("Stage", None, "This is needed."),
        ("Stage", "", "This is needed."),
        ("Stage", "qa", "Choose one of dev, prod."),
        ("Count", "x", "Write a number."),
        ("Count", "nan", "Write a number."),
        ("Count", "", "Write a number."),
        ("Count", "0", "Write a number of 1 to 40."),
        ("Count", "41", "Write a number of 1 to 40."),
        ("Low", "2", "Write a number of at least 3."),
        ("Name", "a", "Write 2 to 6 characters."),
        ("Name", "abcdefg", "Write 2 to 6 characters."),
        ("Name", "AB", "Small letters."),
        ("Name", "ab\n", "Small letters."),
        ("Bare", "y", "This must match ^x$."),
        ("Note", "é" * 2049, "This is too long: 4,096 bytes is the most."),
        ("Secret", "hunter2", "Choose one of right."),
        ("Vpc", "subnet-1", "Give a VPC id such as vpc-0a1b2c3d."),
        ("Key", "", "This is needed."),
        ("Subnets", "", "Choose at least one."),
        ("Subnets", "vpc-1", "Give a subnet id such as subnet-0a1b2c3d."),
        ("Subnets", "subnet-1,vpc-1", "One of these does not fit: give a subnet id such as subnet-0a1b2c3d."),
        ("Colours", "red,green", "One of these does not fit: choose one of red, blue."),
        ("Ports", "80,x", "One of these does not fit: write a number."),
        ("Unheard", "1", "The template has no such setting; leave it out."),
    ],
)
def test_a_wrong_value_gets_one_sentence(name: str, value: str | None, sentence: str) -> None:
    values = {"Stage": "dev"} | ({name: value} if value is not None else {})
    if value is None:
        del values[name]
    assert validate_values(parse(VALUES), values) == {name: sentence}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Stage", "prod"),
        ("Count", "40"),
        ("Count", "1.5"),
        ("Name", "abcdef"),
        ("Note", ""),
        ("Note", "é" * 2048),
        ("Vpc", "vpc-0a1b"),
        ("Subnets", "subnet-1, subnet-2"),
        ("Colours", "red,blue"),
        ("Ports", "80,443"),
    ],
)
def test_a_right_value_is_taken(name: str, value: str) -> None:
    assert validate_values(parse(VALUES), {"Stage": "dev", name: value}) == {}


def test_sentences_never_repeat_the_value() -> None:
    parsed = parse(VALUES)
    for name in parsed.parameters:
        sentence = validate_values(parsed, {"Stage": "dev", name: "zq-9,zq-8"}).get(name, "")
        assert "zq-" not in sentence


@given(stage=st.sampled_from(["dev", "prod", "qa", ""]), capacity=st.integers(-5, 60), name=st.text(max_size=8))
def test_values_that_are_taken_always_resolve_to_themselves(stage: str, capacity: int, name: str) -> None:
    values = {"Stage": stage, "Capacity": str(capacity), "Name": name}
    probe = "  R:\n    Type: A::B::C\n    Properties: {S: !Ref Stage, C: !Ref Capacity, N: !Sub 'x${Name}'}\n"
    parsed = template(probe)
    wrong = validate_values(parsed, values)
    assert ("Capacity" in wrong) == (not 1 <= capacity <= 40)
    assert ("Stage" in wrong) == (stage not in {"dev", "prod"})
    if not wrong:
        found = resolve(parsed, values, pseudo=PSEUDO)
        assert found.resource("R").properties == {"S": stage, "C": capacity, "N": f"x{name}"}
        assert found.conditions["IsProd"] == (stage == "prod") != found.conditions["IsDev"]
