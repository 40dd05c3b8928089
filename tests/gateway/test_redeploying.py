"""Forced deployments and their tasks, instance refreshes, and commands on instances."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.aws import compute, instance_refresh, run_command
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Conflict, Missing, Refused

from .scripts import Script

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)


@pytest.fixture
def service(aws: Clients) -> Clients:
    aws.ecs.create_cluster(clusterName="fileshare")
    container: Any = {"name": "web", "image": "web:1", "memory": 128}
    aws.ecs.register_task_definition(family="web", containerDefinitions=[container])
    aws.ecs.create_service(cluster="fileshare", serviceName="web", taskDefinition="web", desiredCount=2)
    return aws


def test_a_deployment_is_forced(service: Clients) -> None:
    found = compute.force_deployment(service, "fileshare", "web")
    assert found.name == "web"
    assert found.task_definition.endswith("task-definition/web:1")
    with pytest.raises(Missing):
        compute.force_deployment(service, "fileshare", "gone")


def test_the_forced_deployment_is_the_primary_one(script: Script) -> None:
    aws, answers = script("ecs")
    new = {"id": "ecs-svc/2", "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "createdAt": AT, "runningCount": 0}
    old = {"id": "ecs-svc/1", "status": "ACTIVE", "rolloutState": "COMPLETED", "createdAt": AT, "runningCount": 2}
    answers.add_response(
        "update_service",
        {"service": {"serviceName": "web", "deployments": [new, old]}},
        {"cluster": "fileshare", "service": "web", "forceNewDeployment": True},
    )
    found = compute.force_deployment(aws, "fileshare", "web")
    assert [(one.deployment_id, one.status, one.state) for one in found.deployments] == [
        ("ecs-svc/2", "PRIMARY", "IN_PROGRESS"),
        ("ecs-svc/1", "ACTIVE", "COMPLETED"),
    ]


def test_tasks_are_read_page_by_page_a_hundred_at_once(script: Script) -> None:
    aws, answers = script("ecs")
    arns = [f"arn:aws:ecs:us-east-1:123456789012:task/fileshare/{number:03}" for number in range(130)]
    asked = {"cluster": "fileshare", "serviceName": "web"}
    answers.add_response("list_tasks", {"taskArns": arns[:100], "nextToken": "more"}, asked)
    answers.add_response("list_tasks", {"taskArns": arns[100:]}, asked | {"nextToken": "more"})
    for part in (arns[:100], arns[100:]):
        tasks = [
            {
                "taskArn": arn,
                "taskDefinitionArn": "web:1",
                "startedBy": "ecs-svc/2",
                "lastStatus": "RUNNING",
                "healthStatus": "HEALTHY",
                "createdAt": AT,
                "startedAt": AT,
                "containers": [{"imageDigest": "sha256:1"}, {}],
            }
            for arn in part
        ]
        answers.add_response("describe_tasks", {"tasks": tasks}, {"cluster": "fileshare", "tasks": part})
    found = compute.service_tasks(aws, "fileshare", "web")
    assert [task.arn for task in found] == arns
    assert found[0] == compute.Task(arns[0], "web:1", "ecs-svc/2", "RUNNING", "HEALTHY", AT, AT, ("sha256:1",))


def test_no_task_is_asked_about_where_none_runs(script: Script) -> None:
    aws, answers = script("ecs")
    answers.add_response("list_tasks", {"taskArns": []})
    assert compute.service_tasks(aws, "fileshare", "web") == ()


def test_an_instance_refresh_is_started_followed_and_cancelled(script: Script) -> None:
    aws, answers = script("autoscaling")
    wanted = {
        "AutoScalingGroupName": "web",
        "Strategy": "Rolling",
        "Preferences": {"MinHealthyPercentage": 90, "SkipMatching": False},
    }
    answers.add_response("start_instance_refresh", {"InstanceRefreshId": "r-1"}, wanted)
    answers.add_client_error("start_instance_refresh", "InstanceRefreshInProgress", "already in progress", 400)
    moving = {
        "InstanceRefreshId": "r-1",
        "Status": "InProgress",
        "PercentageComplete": 50,
        "InstancesToUpdate": 1,
        "StartTime": AT,
    }
    answers.add_response(
        "describe_instance_refreshes", {"InstanceRefreshes": [moving]}, {"AutoScalingGroupName": "web"}
    )
    answers.add_response("cancel_instance_refresh", {"InstanceRefreshId": "r-1"}, {"AutoScalingGroupName": "web"})
    answers.add_client_error("cancel_instance_refresh", "ActiveInstanceRefreshNotFound", "none", 400)
    assert instance_refresh.start_refresh(aws, "web") == "r-1"
    with pytest.raises(Conflict) as busy:
        instance_refresh.start_refresh(aws, "web")
    assert busy.value.kind == "in_use"
    (found,) = instance_refresh.refreshes(aws, "web")
    assert (found.refresh_id, found.done, found.left, found.started_at) == ("r-1", 50, 1, AT)
    assert found.is_moving
    instance_refresh.cancel_refresh(aws, "web")
    with pytest.raises(Missing):
        instance_refresh.cancel_refresh(aws, "web")


@pytest.mark.parametrize(
    ("status", "moves"),
    [
        *((one, True) for one in ("Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking")),
        *((one, False) for one in ("Successful", "Failed", "Cancelled", "RollbackFailed", "RollbackSuccessful")),
    ],
)
def test_every_status_of_a_refresh_is_known(status: str, *, moves: bool) -> None:
    assert instance_refresh.InstanceRefresh("r", status, "", 0, 0, None).is_moving is moves


def test_a_command_is_sent_one_instance_after_the_other_and_found_by_its_comment(script: Script) -> None:
    aws, answers = script("ssm")
    wanted = {
        "InstanceIds": ["i-1", "i-2"],
        "DocumentName": "AWS-RunShellScript",
        "Parameters": {"commands": ["systemctl restart web"], "executionTimeout": ["900"]},
        "Comment": "mine",
        "TimeoutSeconds": 900,
        "MaxConcurrency": "1",
        "MaxErrors": "0",
    }
    command = {
        "CommandId": "11111111-2222-3333-4444-555555555555",
        "Comment": "mine",
        "Status": "InProgress",
        "TargetCount": 2,
        "CompletedCount": 1,
        "ErrorCount": 0,
        "RequestedDateTime": AT,
    }
    answers.add_response("send_command", {"Command": command}, wanted)
    answers.add_response("list_commands", {"Commands": [command]}, {"CommandId": command["CommandId"]})
    answers.add_response("list_commands", {"Commands": [command]}, {"InstanceId": "i-1", "MaxResults": 50})
    answers.add_response("list_commands", {"Commands": [command]}, {"InstanceId": "i-1", "MaxResults": 50})
    answers.add_client_error("send_command", "InvalidInstanceId", "not in a valid state", 400)
    sent = run_command.send_command(aws, ["i-1", "i-2"], comment="mine", command="systemctl restart web", seconds=900)
    assert sent == command["CommandId"]
    found = run_command.command(aws, sent)
    assert found == run_command.Command(sent, "mine", "InProgress", 2, 1, 0, AT)
    assert found.is_moving
    assert run_command.command_by_comment(aws, "i-1", "mine") == found
    assert run_command.command_by_comment(aws, "i-1", "another") is None
    with pytest.raises(Refused):
        run_command.send_command(aws, ["i-3"], comment="mine", document="Restart", seconds=900)
