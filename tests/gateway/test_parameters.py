"""Parameter Store, against moto; paging from a script."""

from typing import Any

import pytest

from provisioning.aws import parameters
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Busy, Conflict, Refused

from .scripts import Script

PATH = "/fileshare/dev"


def test_a_parameter_is_made_once(aws: Clients) -> None:
    version = parameters.create_parameter(
        aws, f"{PATH}/flag", "true", tags={"Application": "fileshare"}, description="a flag"
    )
    assert version == 1
    with pytest.raises(Conflict):
        parameters.create_parameter(aws, f"{PATH}/flag", "false", tags={})
    found = parameters.get_parameter(aws, f"{PATH}/flag")
    assert found is not None
    assert (found.name, found.value, found.type, found.version) == (f"{PATH}/flag", "true", "String", 1)
    tags = aws.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=f"{PATH}/flag")["TagList"]
    assert tags == [{"Key": "Application", "Value": "fileshare"}]


def test_the_tier_is_said_aloud(script: Script) -> None:
    aws, answers = script("ssm")
    common: dict[str, Any] = {"Name": "/a", "Value": "1", "Tier": "Standard"}
    made = common | {"Type": "SecureString", "Overwrite": False, "Tags": []}
    answers.add_response("put_parameter", {"Version": 1}, made)
    answers.add_response("put_parameter", {"Version": 2}, common | {"Overwrite": True})
    assert parameters.create_parameter(aws, "/a", "1", type="SecureString", tags={}) == 1
    assert parameters.put_parameter(aws, "/a", "1") == 2


def test_writing_again_makes_a_version_and_keeps_the_rest(aws: Clients) -> None:
    parameters.create_parameter(aws, f"{PATH}/secret", "one", type="SecureString", tags={}, description="d")
    assert parameters.put_parameter(aws, f"{PATH}/secret", "two") == 2
    found = parameters.get_parameter(aws, f"{PATH}/secret")
    assert found is not None
    assert (found.value, found.type, found.version) == ("two", "SecureString", 2)
    earlier = parameters.get_parameter(aws, f"{PATH}/secret:1")
    assert earlier is not None
    assert earlier.value == "one"
    history = parameters.parameter_history(aws, f"{PATH}/secret")
    assert [one.version for one in history] == [1, 2]
    # A history that is decrypted would reveal every old secret at once.
    assert not {one.value for one in history} & {"one", "two"}


def test_what_is_not_there(aws: Clients) -> None:
    assert parameters.get_parameter(aws, "/nothing") is None
    assert parameters.parameter_history(aws, "/nothing") == ()
    assert parameters.parameters_by_path(aws, "/nothing") == ()
    parameters.delete_parameter(aws, "/nothing")


def test_a_deleted_parameter_is_gone(aws: Clients) -> None:
    parameters.create_parameter(aws, f"{PATH}/flag", "true", tags={})
    parameters.delete_parameter(aws, f"{PATH}/flag")
    assert parameters.get_parameter(aws, f"{PATH}/flag") is None


def test_a_path_is_read_whole_and_by_name(aws: Clients) -> None:
    names = [f"{PATH}/p{number:02}" for number in range(25)]
    for name in reversed(names):
        parameters.create_parameter(aws, name, "v", tags={})
    parameters.create_parameter(aws, "/fileshare/prod/p00", "v", tags={})
    assert [found.name for found in parameters.parameters_by_path(aws, PATH)] == names
    assert len(parameters.parameters_by_path(aws, "/fileshare")) == 26


def test_flags_pitfall_01_empty_pages_do_not_end_the_reading(script: Script) -> None:
    aws, answers = script("ssm")
    asked = {"Path": PATH, "Recursive": True, "WithDecryption": True}
    one = {"Name": f"{PATH}/a", "Value": "1", "Type": "String", "Version": 1}
    answers.add_response("get_parameters_by_path", {"Parameters": [], "NextToken": "2"}, asked)
    answers.add_response("get_parameters_by_path", {"Parameters": [], "NextToken": "3"}, asked | {"NextToken": "2"})
    answers.add_response("get_parameters_by_path", {"Parameters": [one]}, asked | {"NextToken": "3"})
    read = parameters.read_path(aws, PATH)
    assert [found.name for found in read.parameters] == [f"{PATH}/a"]
    assert read.pages == 3


def test_the_history_says_who_and_which_labels(aws: Clients) -> None:
    parameters.create_parameter(aws, f"{PATH}/flag", "true", tags={}, description="made by alice")
    parameters.put_parameter(aws, f"{PATH}/flag", "false", description="change 1 by bob")
    parameters.label_version(aws, f"{PATH}/flag", 1, "stable")
    parameters.label_version(aws, f"{PATH}/flag", 2, "stable")
    first, second = parameters.parameter_history(aws, f"{PATH}/flag")
    assert (first.labels, second.labels) == ((), ("stable",))
    assert (first.description, second.description) == ("made by alice", "change 1 by bob")
    assert second.by
    parameters.unlabel_version(aws, f"{PATH}/flag", 2, ("stable",))
    assert parameters.parameter_history(aws, f"{PATH}/flag")[1].labels == ()


def test_a_label_that_aws_does_not_take(script: Script) -> None:
    aws, answers = script("ssm")
    answers.add_response("label_parameter_version", {"InvalidLabels": ["aws-x"], "ParameterVersion": 1})
    with pytest.raises(Refused):
        parameters.label_version(aws, "/a", 1, "aws-x")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ParameterMaxVersionLimitExceeded", Refused),
        ("ParameterLimitExceeded", Refused),
        ("HierarchyTypeMismatchException", Refused),
        ("TooManyUpdates", Busy),
        ("ThrottlingException", Busy),
    ],
)
def test_a_write_that_does_not_happen(script: Script, code: str, kind: type[Exception]) -> None:
    aws, answers = script("ssm")
    answers.add_client_error("put_parameter", code, "no", 400)
    with pytest.raises(kind):
        parameters.put_parameter(aws, "/a", "1")


def test_a_secret_is_read_without_its_value_where_nobody_asked_for_it(aws: Clients) -> None:
    parameters.create_parameter(aws, f"{PATH}/token", "swordfish", type="SecureString", tags={})
    (plain,) = parameters.parameters_by_path(aws, PATH)
    (kept,) = parameters.parameters_by_path(aws, PATH, decrypted=False)
    assert plain.value == "swordfish"
    assert (kept.name, kept.type, kept.version) == (plain.name, "SecureString", 1)
    assert kept.value != "swordfish"
