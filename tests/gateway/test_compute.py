"""Load balancers, groups of instances and container services, against moto."""

from typing import Any

import pytest

from provisioning.aws import compute, network
from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing

from .scripts import Script

GONE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/gone/1"
GONE_GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gone/1"


def test_a_load_balancer(aws: Clients) -> None:
    subnets = [subnet.subnet_id for subnet in network.list_subnets(aws)][:2]
    made = aws.elbv2.create_load_balancer(Name="hello", Subnets=subnets, Scheme="internal")
    arn = made["LoadBalancers"][0]["LoadBalancerArn"]
    found = compute.load_balancer(aws, arn)
    assert found is not None
    assert (found.arn, found.name, found.scheme) == (arn, "hello", "internal")
    assert found.dns_name
    assert found.state in {"provisioning", "active"}
    assert compute.load_balancer(aws, GONE) is None


def test_the_health_of_targets(script: Script) -> None:
    aws, answers = script("elbv2")
    health = {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
    described = [{"Target": {"Id": "i-1", "Port": 8080}, "TargetHealth": health}]
    answers.add_response("describe_target_health", {"TargetHealthDescriptions": described})
    answers.add_client_error("describe_target_health", "TargetGroupNotFound", "gone", 400)
    assert compute.target_health(aws, GONE_GROUP) == (
        compute.TargetHealth("i-1", 8080, "unhealthy", "Target.Timeout", "Request timed out"),
    )
    with pytest.raises(Missing):
        compute.target_health(aws, GONE_GROUP)


def test_a_group_of_one_instance(aws: Clients) -> None:
    image = aws.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    aws.ec2.create_launch_template(
        LaunchTemplateName="hello", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    aws.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="hello",
        MinSize=1,
        MaxSize=2,
        DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateName": "hello"},
        VPCZoneIdentifier=network.list_subnets(aws)[0].subnet_id,
    )
    found = compute.auto_scaling_group(aws, "hello")
    assert found is not None
    assert (found.desired, found.minimum, found.maximum, found.status) == (1, 1, 2, "")
    assert [(one.lifecycle, one.health) for one in found.instances] == [("InService", "Healthy")]
    assert compute.auto_scaling_group(aws, "gone") is None


def test_a_container_service_and_its_rollout(aws: Clients) -> None:
    assert compute.ecs_service(aws, "fileshare", "web") is None
    aws.ecs.create_cluster(clusterName="fileshare")
    assert compute.ecs_service(aws, "fileshare", "web") is None
    container: Any = {"name": "web", "image": "web:1", "memory": 128}
    aws.ecs.register_task_definition(family="web", containerDefinitions=[container])
    aws.ecs.create_service(cluster="fileshare", serviceName="web", taskDefinition="web", desiredCount=2)
    found = compute.ecs_service(aws, "fileshare", "web")
    assert found is not None
    assert (found.name, found.status, found.desired) == ("web", "ACTIVE", 2)
    assert found.task_definition.endswith("task-definition/web:1")
    (rollout,) = found.deployments
    assert (rollout.status, rollout.desired) == ("PRIMARY", 2)
    assert rollout.task_definition == found.task_definition


def test_a_rollout_that_failed_says_why(script: Script) -> None:
    aws, answers = script("ecs")
    rollout = {
        "id": "ecs-svc/1",
        "status": "PRIMARY",
        "failedTasks": 3,
        "rolloutState": "FAILED",
        "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start.",
    }
    answers.add_response("describe_services", {"services": [{"serviceName": "web", "deployments": [rollout]}]})
    found = compute.ecs_service(aws, "fileshare", "web")
    assert found is not None
    assert (found.deployments[0].state, found.deployments[0].failed) == ("FAILED", 3)
    assert "circuit breaker" in found.deployments[0].reason
