"""do_deploy: one click, one change; and what is deployed stays whatever else is asked for."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.actions.actor import Actor
from provisioning.actions.deploying import AskToDeploy, asked_of_deploying, do_deploy, why_not_deploy
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment, Operation

from .rows import NETWORK, brought_up, everything, without

FILESHARE, NET = "fileshare", {name: NETWORK[name] for name in ("VpcId", "SubnetIds")}
DEPLOYED = "shop:7"


def up(actor: Actor, name: str = "dev") -> Environment:
    """fileshare, up, with an image that was deployed."""
    change = do_request_create(actor, FILESHARE, name, Ask(ChangeKind.CREATE, {"compute": NET}))
    environment = brought_up(change)
    stack = environment.stacks.get(kind=StackKind.COMPUTE)
    stack.parameters["ContainerImage"] = DEPLOYED
    stack.save()
    return environment


@pytest.fixture
def dev(account: Account, alice: Actor) -> Environment:
    return up(alice)


@pytest.fixture
def prod(account: Account, alice: Actor) -> Environment:
    return up(alice, "prod")


def test_it_is_one_change_with_the_stack_held_and_a_line_in_the_audit(alice: Actor, dev: Environment) -> None:
    key = uuid.uuid4()
    change = do_deploy(alice, dev, AskToDeploy(" shop:8 ", "Faster", key=key))
    assert do_deploy(alice, dev, AskToDeploy("shop:9", key=key)) == change, "a second click of the same form"
    assert (change.kind, change.goal["artifact"], change.reason) == ("deploy", "shop:8", "Faster")
    assert [one.stack.kind for one in change.operations.all()] == ["compute"]
    entry = AuditEntry.objects.get(change=change)
    assert entry.summary == "Deploy shop:8 to fileshare/dev"
    assert entry.detail["artifact"] == "shop:8"
    assert why_not_deploy(alice, dev).startswith("alice has one open already: deploy")


def test_a_refusal_writes_nothing(alice: Actor, dev: Environment, live: Environment) -> None:
    before = everything()
    for environment, artifact in ((dev, "two words"), (dev, ""), (live, "shop:8")):
        with pytest.raises(Refusal) as refusal:
            do_deploy(alice, environment, AskToDeploy(artifact))
        assert "artifact" in refusal.value.fields
    assert everything() == before


def test_nothing_is_deployed_where_nothing_runs(alice: Actor, dev: Environment) -> None:
    without(dev, StackKind.COMPUTE)
    assert "has no compute" in why_not_deploy(alice, dev)
    with pytest.raises(Refusal, match="has no compute"):
        do_deploy(alice, dev, AskToDeploy("shop:8"))


def test_who_may(alice: Actor, bob: Actor, audrey: Actor, dev: Environment) -> None:
    own = up(alice, "dev-alice")
    for actor, environment in ((audrey, dev), (bob, own)):
        assert why_not_deploy(actor, environment)
        with pytest.raises(Refusal):
            do_deploy(actor, environment, AskToDeploy("shop:8"))
    assert why_not_deploy(bob, dev) == ""


def test_prod_takes_a_reason_a_second_person_and_a_time(alice: Actor, prod: Environment) -> None:
    with pytest.raises(Refusal, match="Say why"):
        do_deploy(alice, prod, AskToDeploy("shop:8"))
    assert asked_of_deploying(prod).approvals == 1
    tonight = timezone.now() + timedelta(hours=8)
    assert do_deploy(alice, prod, AskToDeploy("shop:8", "Faster", start_at=tonight)).start_at == tonight


def test_where_nobody_decides_nothing_waits(alice: Actor, dev: Environment) -> None:
    with pytest.raises(Refusal, match="Nothing waits at dev"):
        do_deploy(alice, dev, AskToDeploy("shop:8", start_at=timezone.now() + timedelta(hours=8)))


KINDS = st.sampled_from([ChangeKind.UPDATE, ChangeKind.WAKE, ChangeKind.CREATE])
IMAGES = st.sampled_from([None, DEPLOYED, "nginx:stable", "shop:6", ""])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=KINDS, image=IMAGES, size=st.sampled_from([None, "small", "large"]))
def test_no_other_change_ever_sends_another_image(
    alice: Actor, dev: Environment, kind: ChangeKind, image: str | None, size: str | None
) -> None:
    """Whatever a form says, a change of the environment keeps what is deployed, or is refused: only a compute stack
    that is made anew may be given another image, by whoever writes it into the form."""
    given_values = {"ContainerImage": image, "TaskSize": size}
    values = {"compute": {name: value for name, value in given_values.items() if value is not None}}
    with transaction.atomic():
        if kind != ChangeKind.UPDATE:
            without(dev, StackKind.COMPUTE)
        change, refused = _asked(alice, dev, kind, values)
        if change is None:
            assert image not in {None, DEPLOYED}
            assert "compute.ContainerImage" in refused
        else:
            sent = Operation.objects.get(change=change, stack__kind=StackKind.COMPUTE).parameters["ContainerImage"]
            named = image if kind == ChangeKind.CREATE else None
            assert sent == (named or DEPLOYED)
        transaction.set_rollback(True)


def _asked(
    alice: Actor, dev: Environment, kind: ChangeKind, values: dict[str, dict[str, str]]
) -> tuple[Change | None, dict[str, str]]:
    """The change, or the fields of the refusal."""
    sent = Ask(kind, {"compute": NET | values["compute"]} if kind == ChangeKind.CREATE else values)
    try:
        if kind == ChangeKind.CREATE:
            return do_request_create(alice, FILESHARE, dev.name, sent), {}
        return do_request(alice, dev, sent), {}
    except Refusal as refusal:
        return None, dict(refusal.fields)


def test_an_environment_that_is_made_anew_begins_without_what_ran_there_once(alice: Actor, dev: Environment) -> None:
    without(dev, StackKind.COMPUTE, StackKind.DATA)
    change = do_request_create(alice, FILESHARE, dev.name, Ask(ChangeKind.CREATE, {"compute": NET}))
    sent = Operation.objects.get(change=change, stack__kind=StackKind.COMPUTE).parameters
    assert sent["ContainerImage"] == "nginx:stable"
