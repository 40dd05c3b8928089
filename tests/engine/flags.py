"""What tests of redeploys and releases share: an environment with a flag, toggled and redeployed."""

import uuid
from datetime import timedelta
from typing import Any

from provisioning.actions.deploying import AskToDeploy, do_deploy
from provisioning.actions.rolling_back import AskToRedeploy, AskToRollBack, do_redeploy, do_roll_back
from provisioning.actions.setting import AskToSet, Setting, do_set_parameters
from provisioning.aws import compute
from provisioning.aws import parameters as store
from provisioning.aws.clients import Clients, Target
from provisioning.engine.parameters.reading import read, want_now
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change, Environment, Parameter, Release, Rollout

from .yard import FILESHARE, Yard

KEY = "use_dynamodb"


def aws(yard: Yard) -> Clients:
    """The scripted AWS."""
    return yard.fake.aws_for(Target("us-east-1"))


def fileshare(yard: Yard, name: str = "dev", tasks: int = 1) -> Environment:
    """fileshare, up, with so many tasks."""
    environment = yard.ready(FILESHARE, name)
    if tasks > 1:
        for placed in yard.fake.world.things.values():
            if placed.type == "AWS::ECS::Service":
                placed.properties["DesiredCount"] = tasks
                yard.fake.world.services[placed.physical_id].rollouts[0].running = tasks
    yard.clock.shift(timedelta(minutes=2))
    return environment


def look(yard: Yard, environment: Environment) -> None:
    """Read the path, as when somebody looks."""
    path_id = want_now(environment)
    assert path_id is not None
    read(path_id, yard.fake.aws_for)


def service(yard: Yard) -> str:
    """The container service."""
    return next(one.physical_id for one in yard.fake.world.things.values() if one.type == "AWS::ECS::Service")


def tasks(yard: Yard) -> dict[str, str]:
    """The tasks that run, and which deployment started each."""
    found = compute.service_tasks(aws(yard), "cluster", service(yard))
    return {task.arn: task.deployment for task in found}


def row(environment: Environment, key: str = KEY) -> Parameter:
    """What is known of a parameter now."""
    return Parameter.objects.get(environment=environment, key=key)


def stored(yard: Yard, environment: Environment, key: str = KEY) -> tuple[str, int] | None:
    """Value and version in Parameter Store."""
    found = store.get_parameter(aws(yard), f"/fileshare/{environment.name}/{key}")
    return (found.value, found.version) if found else None


def ask(environment: Environment, yard: Yard, value: str, **more: Any) -> Change:
    """Ask for the flag to be set, and redeployed, on the version that is known now."""
    by, redeploy = more.pop("by", yard.alice), more.pop("redeploy", True)
    settings = [Setting(more.pop("key", KEY), value, row(environment).version)]
    return do_set_parameters(by, environment, settings, AskToSet(key=uuid.uuid4(), redeploy=redeploy, **more))


def toggle(yard: Yard, environment: Environment, value: str, **more: Any) -> Change:
    """Set the flag, and let it run to its end, agreed to where that is asked for."""
    yard.clock.shift(timedelta(minutes=2))
    return agreed(yard, ask(environment, yard, value, **more))


def secret_set(yard: Yard, environment: Environment, value: str, expected: int | None) -> Change:
    """Set a secret, and redeploy."""
    settings = [Setting("token", value, expected, type="SecureString")]
    return yard.drive(
        do_set_parameters(yard.alice, environment, settings, AskToSet(key=uuid.uuid4(), redeploy=True, confirmed=True))
    )


def agreed(yard: Yard, change: Change) -> Change:
    """Bring a change to its end."""
    yard.drive(change)
    if change.status == ChangeStatus.AWAITING_APPROVAL:
        yard.approve(change)
        yard.drive(change)
    return change


def redeploy(yard: Yard, environment: Environment, **more: Any) -> Change:
    """Ask for a redeploy."""
    return do_redeploy(more.pop("by", yard.alice), environment, AskToRedeploy(key=uuid.uuid4(), **more))


def deploy(yard: Yard, environment: Environment, artifact: str, **more: Any) -> Change:
    """Ask for a deployment."""
    by, reason = more.pop("by", yard.alice), more.pop("reason", "A new version")
    return do_deploy(by, environment, AskToDeploy(artifact, reason, key=uuid.uuid4(), **more))


def roll_back(yard: Yard, environment: Environment, **more: Any) -> Change:
    """Ask for a roll-back."""
    reason = more.pop("reason", "It answers with errors")
    return do_roll_back(more.pop("by", yard.alice), environment, AskToRollBack(reason, key=uuid.uuid4(), **more))


def releases(environment: Environment) -> list[Release]:
    """Oldest first."""
    return list(Release.objects.filter(environment=environment).order_by("number"))


def rollouts(change: Change) -> list[Rollout]:
    """Forward first."""
    return list(Rollout.objects.filter(change=change).order_by("attempt", "number"))


def forced(yard: Yard) -> int:
    """How often a deployment was forced."""
    return yard.fake.calls_of("ecs.UpdateService")
