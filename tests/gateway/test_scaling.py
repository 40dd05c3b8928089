"""Which tables and indexes scale their capacity by themselves."""

import pytest

from provisioning.aws import scaling
from provisioning.aws.errors import Busy, Refused

from .scripts import Script

TARGET = {
    "ServiceNamespace": "dynamodb",
    "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    "MinCapacity": 1,
    "MaxCapacity": 10,
    "RoleARN": "arn:aws:iam::123456789012:role/scaling",
    "CreationTime": "2026-03-01T12:00:00Z",
}


def test_a_table_and_its_indexes_are_asked_about_and_every_page_is_read(script: Script) -> None:
    aws, answers = script("application_autoscaling")
    table, index, other = "table/dev-a", "table/dev-a/index/by-user", "table/dev-a/index/by-time"
    asked = {"ServiceNamespace": "dynamodb", "ResourceIds": [table, other, index]}
    reads = TARGET | {"ResourceId": index}
    writes = reads | {"ScalableDimension": "dynamodb:index:WriteCapacityUnits"}
    first = {"ScalableTargets": [reads, writes], "NextToken": "2"}
    answers.add_response("describe_scalable_targets", first, asked)
    second = {"ScalableTargets": [TARGET | {"ResourceId": table}]}
    answers.add_response("describe_scalable_targets", second, asked | {"NextToken": "2"})
    assert scaling.scalable_targets(aws, "dev-a", ["by-user", "by-time"]) == (table, index)


def test_nothing_is_registered_where_the_endpoint_does_not_have_the_service(script: Script) -> None:
    aws, answers = script("application_autoscaling")
    answers.add_client_error("describe_scalable_targets", "UnknownOperationException", "", 400)
    assert scaling.scalable_targets(aws, "dev-a") == ()


@pytest.mark.parametrize(("code", "error"), [("ValidationException", Refused), ("ThrottlingException", Busy)])
def test_any_other_answer_is_an_error(script: Script, code: str, error: type[Exception]) -> None:
    aws, answers = script("application_autoscaling")
    answers.add_client_error("describe_scalable_targets", code, "no", 400)
    with pytest.raises(error):
        scaling.scalable_targets(aws, "dev-a")
