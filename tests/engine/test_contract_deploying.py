"""Redeploys: the scripted AWS and the local AWS give the gateway the same answers.

What the local AWS cannot show, and AWS does: without a container engine its tasks are rows that are RUNNING at once, so
a forced deployment is complete at the first look, and none ever fails; a task's `startedBy` is the service's name
instead of the deployment's id; an instance refresh is Successful at once and replaces nothing; a command reaches no
instance, because none has an agent; targets have no health.
"""

import pytest
from fakes.world import Placed

from bench.running import until
from provisioning.aws import cloudformation, compute, instance_refresh, run_command
from provisioning.aws.compute import EcsService
from provisioning.aws.errors import AwsError, Missing

from .sides import EMULATOR, FAKE, Side

COMPLETED = "COMPLETED"
IMAGE = """
Parameters:
  Name: {Type: String}
  ContainerImage: {Type: String, Default: 'web:1'}
Resources:
  Cluster: {Type: AWS::ECS::Cluster}
  TaskDefinition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      Cpu: '256'
      Memory: '512'
      ContainerDefinitions: [{Name: app, Image: !Ref ContainerImage, Essential: true}]
  Service:
    Type: AWS::ECS::Service
    Properties:
      Cluster: !Ref Cluster
      TaskDefinition: !Ref TaskDefinition
      LaunchType: FARGATE
      DesiredCount: 1
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1]}}
"""


def made(side: Side) -> tuple[str, str]:
    """Cluster and service, two tasks wanted."""
    if side.fake is not None:
        world = side.fake.world
        arn = world.arn("ecs", f"service/{side.name}/web")
        properties = {"DesiredCount": 2, "TaskDefinition": world.arn("ecs", "task-definition/web:1")}
        world.things[arn] = Placed("Service", "AWS::ECS::Service", arn, properties, "", "", "", world.now())
        compute.ecs_service(side.aws, side.name, arn)
        return side.name, arn
    side.aws.ecs.create_cluster(clusterName=side.name)
    side.aws.ecs.register_task_definition(
        family=side.name, containerDefinitions=[{"name": "web", "image": "web:1", "memory": 128}]
    )
    answer = side.aws.ecs.create_service(
        cluster=side.name, serviceName="web", taskDefinition=side.name, desiredCount=2, launchType="FARGATE"
    )
    return side.name, answer["service"]["serviceArn"]


def test_a_forced_deployment_is_a_new_primary_one_on_the_same_definition(side: Side) -> None:
    cluster, service = made(side)
    before = compute.ecs_service(side.aws, cluster, service)
    assert before is not None
    forced = compute.force_deployment(side.aws, cluster, service)
    assert forced.task_definition == before.task_definition
    known = {one.deployment_id for one in before.deployments}
    (newest,) = [one for one in forced.deployments if one.status == "PRIMARY"]
    assert newest.deployment_id not in known
    assert newest.task_definition == before.task_definition

    def complete() -> EcsService | None:
        found = compute.ecs_service(side.aws, cluster, service)
        assert found is not None
        mine = next(one for one in found.deployments if one.deployment_id == newest.deployment_id)
        return found if mine.state == COMPLETED and found.running == found.desired else None

    after = until(complete, "the deployment is complete")
    assert after is not None
    assert [one.deployment_id for one in after.deployments] == [newest.deployment_id]
    tasks = compute.service_tasks(side.aws, cluster, service)
    assert [task.status for task in tasks] == ["RUNNING", "RUNNING"]
    started_by = {task.deployment for task in tasks}
    assert started_by == ({newest.deployment_id} if side.kind == FAKE else {"web"})


def named(side: Side, stack_id: str) -> dict[str, str]:
    """What a stack has made, by logical id."""
    made_by_it = cloudformation.list_resources(side.aws, stack_id)
    return {one.logical_id: one.physical_id for one in made_by_it if one.status != "DELETE_COMPLETE"}


def test_another_image_is_a_new_revision_that_the_stack_itself_brings_up(side: Side) -> None:
    """N1, N2: what runs after it is what the stack says, alone; the same image again is nothing to change."""
    stack = side.run(side.plan("CREATE", IMAGE))
    before = named(side, stack.stack_id)
    old = compute.ecs_service(side.aws, before["Cluster"], before["Service"])
    assert old is not None
    plan = side.plan("UPDATE", IMAGE, ContainerImage="web:2")
    assert {one.logical_id for one in plan.changes} == {"TaskDefinition", "Service"}
    assert side.run(plan).status == "UPDATE_COMPLETE"

    def alone() -> EcsService | None:
        found = compute.ecs_service(side.aws, before["Cluster"], before["Service"])
        assert found is not None
        return found if [one.state for one in found.deployments] == [COMPLETED] else None

    after = named(side, stack.stack_id)
    new = until(alone, "the new deployment is alone")
    assert new is not None
    assert after["Service"] == before["Service"]
    assert after["TaskDefinition"] != before["TaskDefinition"]
    assert new.task_definition == after["TaskDefinition"]
    assert new.deployments[0].deployment_id not in {one.deployment_id for one in old.deployments}
    assert side.plan("UPDATE", IMAGE, ContainerImage="web:2").is_empty


def test_a_service_that_is_not_there(side: Side) -> None:
    cluster, _ = made(side)
    assert compute.ecs_service(side.aws, cluster, "gone") is None
    with pytest.raises(Missing):
        compute.force_deployment(side.aws, cluster, "gone")


def test_an_instance_refresh_ends_well(side: Side) -> None:
    group = f"{side.name}-group"
    if side.fake is not None:
        properties = {"DesiredCapacity": 1, "MinSize": 1, "MaxSize": 1}
        kind = "AWS::AutoScaling::AutoScalingGroup"
        side.fake.world.things[group] = Placed("Group", kind, group, properties, "", "", "", side.fake.world.now())
    else:
        side.aws.ec2.create_launch_template(
            LaunchTemplateName=group, LaunchTemplateData={"ImageId": "ami-1", "InstanceType": "t3.micro"}
        )
        side.aws.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=group,
            MinSize=1,
            MaxSize=1,
            DesiredCapacity=1,
            AvailabilityZones=["us-east-1a"],
            LaunchTemplate={"LaunchTemplateName": group},
        )
    assert instance_refresh.refreshes(side.aws, group) == ()
    started = instance_refresh.start_refresh(side.aws, group)

    def over() -> instance_refresh.InstanceRefresh | None:
        (found,) = instance_refresh.refreshes(side.aws, group)
        return None if found.is_moving else found

    found = until(over, "the refresh is over")
    assert found is not None
    assert (found.refresh_id, found.status, found.done) == (started, "Successful", 100)
    with pytest.raises(Missing):
        instance_refresh.cancel_refresh(side.aws, group)


def test_a_command(side: Side) -> None:
    if side.kind == EMULATOR:
        with pytest.raises(AwsError) as refusal:
            run_command.send_command(side.aws, ["i-0123456789abcdef0"], comment="mine", command="true", seconds=60)
        assert refusal.value.code == "InvalidInstanceId"
        assert run_command.command_by_comment(side.aws, "i-0123456789abcdef0", "mine") is None
        return
    sent = run_command.send_command(side.aws, ["i-1"], comment="mine", command="true", seconds=60)
    found = run_command.command_by_comment(side.aws, "i-1", "mine")
    assert found is not None
    assert found.command_id == sent
