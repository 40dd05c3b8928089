"""One stack of an environment by itself: data first, compute on it later, each updated alone."""

import pytest

from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import Change, Environment

from .yard import APPLICATIONS, COMPUTE, HELLO, Yard

DATA, ALONE = (StackKind.DATA,), (StackKind.COMPUTE,)


def create(yard: Yard, *stacks: StackKind, application: str = HELLO, name: str = "dev") -> Change:
    """Ask for these stacks of an environment; nothing runs yet."""
    values = {"compute": COMPUTE[application]} if StackKind.COMPUTE in stacks else {}
    ask = Ask(ChangeKind.CREATE, values, stacks=tuple(stacks))
    return do_request_create(yard.alice, application, name, ask)


def brought_up(yard: Yard, *stacks: StackKind, application: str = HELLO, name: str = "dev") -> Environment:
    """An environment after that has run."""
    change = yard.drive(create(yard, *stacks, application=application, name=name))
    if change.status == "awaiting_approval":
        yard.approve(change)
        yard.drive(change)
    assert change.status == "succeeded", change.problem
    return change.environment


@pytest.mark.parametrize("application", APPLICATIONS)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_data_first_and_compute_on_it(yard: Yard, application: str, name: str) -> None:
    environment = brought_up(yard, *DATA, application=application, name=name)
    assert environment.status == EnvironmentStatus.DATA_ONLY
    assert environment.expires_at is None
    data = yard.stack(environment, StackKind.DATA)
    assert data.outputs
    assert yard.stack(environment, StackKind.COMPUTE).status == ""
    change = environment.changes.get()
    assert change.plan is not None
    assert [stack["kind"] for stack in change.plan["stacks"]] == ["data"]
    assert set(change.plan["cost"]["stacks"]) >= {"data"}

    environment = brought_up(yard, *ALONE, application=application, name=name)
    assert environment.status == EnvironmentStatus.READY
    assert yard.stack(environment, StackKind.COMPUTE).outputs
    later = environment.changes.order_by("-requested_at").first()
    assert later is not None
    assert later.plan is not None
    assert [stack["kind"] for stack in later.plan["stacks"]] == ["compute"]
    assert later.plan["impact"]["sentence"] == "No table is touched."
    untouched = yard.stack(environment, StackKind.DATA)
    assert (untouched.stack_id, untouched.parameters) == (data.stack_id, data.parameters)


def test_compute_on_its_own_begins_a_lifetime(yard: Yard) -> None:
    brought_up(yard, *DATA)
    environment = brought_up(yard, *ALONE)
    assert environment.expires_at is not None


def test_each_is_updated_alone(yard: Yard) -> None:
    environment = yard.ready()
    values = {"data": {"BillingMode": "PROVISIONED"}, "compute": {"InstanceType": "t3.medium"}}
    before = yard.stack(environment, StackKind.DATA).parameters
    ask = Ask(ChangeKind.UPDATE, values, stacks=ALONE)
    change = yard.drive(do_request(yard.alice, environment, ask))
    assert change.status == "succeeded", change.problem
    assert yard.stack(environment, StackKind.COMPUTE).parameters["InstanceType"] == "t3.medium"
    assert yard.stack(environment, StackKind.DATA).parameters == before


def test_a_failed_creation_of_data_is_tried_again(yard: Yard) -> None:
    yard.fake.script.fail("SessionsTable", "The maximum number of tables has been reached (Limit exceeded)")
    change = yard.drive(create(yard, *DATA))
    assert (change.status, change.environment.status) == ("failed", EnvironmentStatus.ATTENTION)
    change = yard.drive(do_retry(yard.alice, change))
    assert (change.status, change.environment.status) == ("succeeded", EnvironmentStatus.DATA_ONLY)
    assert change.environment.expires_at is None


class TestRefused:
    """What is not there to do."""

    def test_compute_without_data(self, yard: Yard) -> None:
        with pytest.raises(Refusal, match="no data stack for its compute"):
            create(yard, *ALONE)
        assert not Environment.objects.exists()

    def test_data_that_is_there(self, yard: Yard) -> None:
        brought_up(yard, *DATA)
        with pytest.raises(Refusal, match="has its data stack already"):
            create(yard, *DATA)

    def test_an_update_of_what_is_not_there(self, yard: Yard) -> None:
        environment = brought_up(yard, *DATA)
        with pytest.raises(Refusal, match="has no compute stack to update"):
            do_request(yard.alice, environment, Ask(ChangeKind.UPDATE, {}, stacks=ALONE))

    def test_waking_what_never_had_compute(self, yard: Yard) -> None:
        environment = brought_up(yard, *DATA)
        with pytest.raises(Refusal, match="never had compute"):
            yard.ask(environment, ChangeKind.WAKE)
