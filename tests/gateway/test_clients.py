"""One door to AWS: built once, counted, logged without values, and renewed before a role runs out."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from botocore.session import get_session
from moto import mock_aws
from structlog.testing import capture_logs

from provisioning.aws.clients import Clients, Target, call_count, clients_for
from provisioning.aws.descriptions import lean_session
from provisioning.aws.errors import Conflict
from provisioning.aws.identity import caller
from provisioning.aws.parameters import create_parameter

ROLE = "arn:aws:iam::123456789012:role/stackyard-dev"


def test_a_client_is_built_once_however_many_threads_ask(aws: Clients) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(id(aws.dynamodb))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {id(aws.dynamodb)}


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("cloudformation", "cloudformation"),
        ("dynamodb", "dynamodb"),
        ("ssm", "ssm"),
        ("ec2", "ec2"),
        ("ecs", "ecs"),
        ("elbv2", "elbv2"),
        ("autoscaling", "autoscaling"),
        ("iam", "iam"),
        ("sts", "sts"),
        ("tagging", "resourcegroupstaggingapi"),
        ("cloudwatch", "cloudwatch"),
        ("application_autoscaling", "application-autoscaling"),
        ("sqs", "sqs"),
    ],
)
def test_each_name_is_its_service_with_our_limits(aws: Clients, name: str, service: str) -> None:
    client = getattr(aws, name)
    assert client.meta.service_model.service_name == service
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (3, 20, 20)
    attempts = 1 if name == "cloudformation" else 2
    assert config.retries == {"mode": "standard", "total_max_attempts": attempts}
    assert "stackyard" in config.user_agent_extra


def test_a_target_keeps_its_clients_and_others_have_their_own() -> None:
    here, there = Target(region="us-east-1"), Target(region="eu-west-1")
    assert clients_for(here) is clients_for(Target(region="us-east-1"))
    assert clients_for(here) is not clients_for(there)
    assert clients_for(there).ec2.meta.region_name == "eu-west-1"


def test_an_endpoint_of_one_service_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:2")
    clients = Clients(Target(region="us-east-1"))
    assert clients.dynamodb.meta.endpoint_url == "http://127.0.0.1:2"
    assert clients.ssm.meta.endpoint_url == "http://127.0.0.1:1"


def test_scripted_clients_answer_for_what_was_scripted_only() -> None:
    stand_in = object()
    clients = Clients.of(cloudformation=stand_in)
    assert clients.cloudformation is stand_in
    with pytest.raises(LookupError, match="dynamodb"):
        _ = clients.dynamodb
    with pytest.raises(LookupError, match="dynamo"):
        Clients.of(dynamo=stand_in)


def test_calls_are_counted_and_logged_without_values(aws: Clients) -> None:
    before = call_count(), call_count("ssm.PutParameter"), call_count("sts")
    with capture_logs() as logs:
        create_parameter(aws, "/hello/secret", "hush-hush", tags={})
        with pytest.raises(Conflict):
            create_parameter(aws, "/hello/secret", "hush-hush", tags={})
    assert (call_count(), call_count("ssm.PutParameter"), call_count("sts")) == (
        before[0] + 2,
        before[1] + 2,
        before[2],
    )
    lines = [line for line in logs if line["event"] == "aws_call"]
    assert [(line["log_level"], line["service"], line["operation"], line["code"]) for line in lines] == [
        ("info", "ssm", "PutParameter", ""),
        ("info", "ssm", "PutParameter", "ParameterAlreadyExists"),
    ]
    assert all(line["seconds"] >= 0 for line in lines)
    assert "hush-hush" not in str(logs)


def test_a_role_is_taken_on_once_and_again_after_three_quarters_of_its_hour() -> None:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    target = Target(region="us-east-1", account_id="123456789012", role_arn=ROLE, external_id="e-1")
    with mock_aws(), time_machine.travel(start, tick=False) as clock:
        clients = Clients(target)
        taken = call_count("sts.AssumeRole")
        assert caller(clients).arn.startswith("arn:aws:sts::123456789012:assumed-role/stackyard-dev/stackyard")
        caller(clients)
        clock.move_to(start + timedelta(minutes=44))
        caller(clients)
        assert call_count("sts.AssumeRole") == taken + 1
        clock.move_to(start + timedelta(minutes=46))
        caller(clients)
        assert call_count("sts.AssumeRole") == taken + 2


@pytest.mark.parametrize("service", ["cloudformation", "dynamodb", "ssm"])
def test_descriptions_lose_their_words_and_nothing_else(service: str) -> None:
    """A shape's member called documentation is none of AWS's words."""
    whole, lean = (session.get_service_model(service) for session in (get_session(), lean_session()))
    assert whole.documentation
    assert not lean.documentation
    assert lean.metadata == whole.metadata
    assert list(lean.operation_names) == list(whole.operation_names)
    for name in whole.operation_names:
        ours, theirs = lean.operation_model(name), whole.operation_model(name)
        assert not ours.documentation
        for one, other in ((ours.input_shape, theirs.input_shape), (ours.output_shape, theirs.output_shape)):
            assert (one and _shaped(one)) == (other and _shaped(other))


def _shaped(shape: Any) -> list[tuple[str, str, Any]]:
    return [(name, member.type_name, member.metadata) for name, member in shape.members.items()]
