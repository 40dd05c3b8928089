"""Scenarios of parameters, redeploys and roll-backs."""

from engine.flags import ask, deploy, fileshare, redeploy, roll_back, toggle
from engine.yard import HELLO, Yard
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change

from .scenarios import driven, scenario
from .stage import Play, Stage

WIDE = {"compute": {"TaskSize": "large"}}


@scenario()
def set_parameters(yard: Yard) -> Play:
    environment = fileshare(yard)
    return driven(lambda: ask(environment, yard, "false"))


@scenario("ensure_unmoved", "ensure_parameters_read", "ensure_parameters_put")
def set_parameters_in_prod(yard: Yard) -> Play:
    environment = fileshare(yard, "prod")
    return driven(lambda: ask(environment, yard, "false", redeploy=False))


@scenario("ensure_redeployed", "ensure_proved", "ensure_put_back")
def put_back(yard: Yard) -> Play:
    """The redeploy fails, and the flag goes back by itself."""
    environment = fileshare(yard)
    yard.fake.world.rollouts_fail = ["tasks failed to start"]

    def play(stage: Stage) -> None:
        change = ask(environment, yard, "false")
        stage.drive()
        assert Change.objects.get(pk=change.pk).status == "failed"

    return play


@scenario()
def redeploy_alone(yard: Yard) -> Play:
    environment = fileshare(yard)
    return driven(lambda: redeploy(yard, environment))


@scenario("ensure_redeployed")
def refresh_instances(yard: Yard) -> Play:
    environment = yard.ready(HELLO)
    return driven(lambda: redeploy(yard, environment))


@scenario()
def roll_back_all(yard: Yard) -> Play:
    """Values and the compute stack."""
    environment = fileshare(yard)
    yard.did(environment, ChangeKind.UPDATE, WIDE)
    toggle(yard, environment, "false")
    return driven(lambda: roll_back(yard, environment, release=1))


@scenario()
def deploy_an_image(yard: Yard) -> Play:
    environment = fileshare(yard)
    return driven(lambda: deploy(yard, environment, "shop:2"))


@scenario("ensure_put_back")
def deploy_and_put_back(yard: Yard) -> Play:
    """ECS gives the new image up though the stack is complete, and the stack is sent the earlier one."""
    environment = fileshare(yard)
    yard.fake.world.rollouts_fail = ["tasks failed to start"]

    def play(stage: Stage) -> None:
        change = deploy(yard, environment, "shop:2")
        stage.drive()
        change.refresh_from_db()
        assert change.status == "failed"
        assert yard.fake.stack("fileshare-dev").parameters["ContainerImage"] == "nginx:stable"

    return play
