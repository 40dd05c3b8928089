"""Deploying an image: the compute stack with it alone, proved, and back by itself where it fails."""

import uuid
from typing import Any

from provisioning.actions.deploying import AskToDeploy, do_deploy
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change, Environment

from .flags import agreed, fileshare, forced, releases, rollouts
from .yard import Yard


def deploy(yard: Yard, environment: Environment, artifact: str, **more: Any) -> Change:
    """Ask for a deployment."""
    reason = more.pop("reason", "A new version")
    return do_deploy(
        more.pop("by", yard.alice), environment, AskToDeploy(artifact, reason, key=uuid.uuid4(), **more)
    )


class TestForward:
    """A deployment that goes well."""

    def test_the_stack_is_sent_the_image_alone_and_it_is_proved(self, yard: Yard) -> None:
        dev = fileshare(yard)
        before = dict(yard.stack(dev, "compute").parameters)
        change = agreed(yard, deploy(yard, dev, "shop:2"))
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.stack(dev, "compute").parameters == before | {"ContainerImage": "shop:2"}
        assert forced(yard) == 0, "CloudFormation has brought up the new tasks"
        newest = releases(dev)[-1]
        assert (newest.artifact, newest.good, newest.number) == ("shop:2", True, 2)
        assert len(rollouts(change)) == 1
