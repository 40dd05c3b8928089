"""Deploying an image from its form: brought up by CloudFormation and proved; and one that ECS gives up, put back."""

from bench.asking import ask_create, changes_on, follow
from bench.visitor import Visitor

from .looks import Aws, deployments
from .relay import FailingDeployment, Relay

NAME = "dev-deployed"  # its own: what other journeys do to dev begins with nothing there
HOME, STACK = f"/environments/fileshare/{NAME}/", f"fileshare-{NAME}"


def image(aws: Aws) -> str:
    """What CloudFormation holds."""
    (stack,) = aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return str({one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}["ContainerImage"])


def runs(aws: Aws) -> str:
    """The image of the task definition that the service has."""
    resources = aws("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    (service,) = aws("ecs").describe_services(cluster=ids["Cluster"], services=[ids["Service"]])["services"]
    found = aws("ecs").describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return str(found["containerDefinitions"][0]["image"])


def deploy(person: Visitor, artifact: str) -> str:
    """Send the form; returns the path of the change."""
    form = person.get(f"{HOME}deploy/").form(f"{HOME}deploy/")
    page = person.post(form.action, form.filled({"artifact": artifact, "reason": f"{artifact} is ready"}))
    assert page.status == 200, page.words[:1500]
    return changes_on(person.get(f"{HOME}activity/"))[0]


def test_an_image_is_deployed_and_one_that_fails_is_put_back(alice: Visitor, aws: Aws, relay: Relay) -> None:
    follow(alice, ask_create(alice, "fileshare", NAME))
    done = follow(alice, deploy(alice, "nginx:1.27"))
    assert "nginx:1.27" in done.words
    assert (image(aws), runs(aws)) == ("nginx:1.27", "nginx:1.27")

    failing = FailingDeployment(deployments(aws, STACK))
    relay.answering("DescribeServices", failing)
    failed = follow(alice, deploy(alice, "nginx:1.28"), "Failed")
    assert "tasks failed to start" in failed.words
    assert "nginx:1.27 (release 2) was put back. It was redeployed" in failed.words
    assert (image(aws), runs(aws)) == ("nginx:1.27", "nginx:1.27")
    assert failing.failed not in deployments(aws, STACK)
    history = alice.get(f"{HOME}releases/").words
    assert "nginx:1.28" in history
