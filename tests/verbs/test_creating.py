"""do_request_create: one click, one change; a name belongs to who had it first."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request_create
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment

from .conftest import person
from .rows import HIDDEN, NETWORK, VALUES, asked_for, at, everything, without

CREATE = Ask(ChangeKind.CREATE, VALUES, reason="To try it.")


def refused(actor: Actor, application: str = "hello-erlang", name: str = "dev", ask: Ask = CREATE) -> Refusal:
    """Why the request is not taken; nothing at all may have been written."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_request_create(actor, application, name, ask)
    assert everything() == before
    return caught.value


def test_an_engineer_asks_for_an_environment(
    account: Account, alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as rings:
        change = do_request_create(alice, "hello-erlang", "dev-alice", CREATE)
    assert len(rings) == 1, "a worker is called once the rows are there"
    change.refresh_from_db()
    assert (change.status, change.kind, change.requested_by_id, change.reason) == (
        ChangeStatus.PLANNING,
        ChangeKind.CREATE,
        alice.user_id,
        "To try it.",
    )
    assert change.next_check_at is not None, "the sweep finds it even when the call is lost"
    environment = change.environment
    assert (environment.stage, environment.status, environment.owner_id) == (
        "dev",
        EnvironmentStatus.REQUESTED,
        alice.user_id,
    )
    assert sorted(environment.stacks.values_list("kind", "name")) == [
        ("compute", "hello-erlang-dev-alice"),
        ("data", "hello-erlang-data-dev-alice"),
    ]


def test_each_stack_gets_its_template_and_values(account: Account, alice: Actor) -> None:
    change = asked_for(alice, "prod")
    data, compute = (change.operations.get(stack__kind=kind) for kind in StackKind)
    assert data.is_open
    assert compute.is_open
    assert data.template is not None
    assert "AWS::DynamoDB::Table" in data.template.body
    assert data.parameters["Alarms"] == "true", "typed"
    assert data.parameters["DeletionProtection"] == "true", "the stage's default"
    assert data.parameters["BillingMode"] == "PAY_PER_REQUEST", "the template's default"
    assert compute.parameters["InstanceType"] == "t3.small"
    assert compute.parameters["DataStackName"] == "hello-erlang-data-prod", "filled by Stackyard"
    assert compute.parameters["Owner"] == "alice"
    assert compute.parameters["EnvironmentId"] == str(change.environment_id)
    assert compute.parameters.items() >= NETWORK.items()


def test_nobody_types_what_stackyard_fills(account: Account, alice: Actor) -> None:
    forged = {"data": {"Environment": "prod", "Stage": "prod"}, "compute": {**NETWORK, "DataStackName": "other"}}
    change = do_request_create(alice, "hello-erlang", "dev", Ask(ChangeKind.CREATE, forged))
    data, compute = (change.operations.get(stack__kind=kind) for kind in StackKind)
    assert (data.parameters["Environment"], data.parameters["Stage"]) == ("dev", "dev")
    assert compute.parameters["DataStackName"] == "hello-erlang-data-dev"


def test_values_that_no_template_has_are_not_sent(account: Account, alice: Actor) -> None:
    values = {"data": {"Unknown": "1"}, "compute": NETWORK}
    change = do_request_create(alice, "hello-erlang", "dev", Ask(ChangeKind.CREATE, values))
    assert all("Unknown" not in operation.parameters for operation in change.operations.all())


@pytest.mark.parametrize("group", ["auditors", "strangers"])
def test_only_engineers_and_admins_ask(account: Account, group: str) -> None:
    refusal = refused(person("somebody", group))
    assert (refusal.code, refusal.forbidden) == ("not-allowed", True)
    assert refusal.sentence == "You may read everything here, but not change anything."


def test_an_unknown_application(account: Account, alice: Actor) -> None:
    refusal = refused(alice, application="nothing")
    assert (refusal.code, refusal.forbidden) == ("no-application", False)
    assert "nothing" in refusal.sentence


@pytest.mark.parametrize("name", ["", "Dev", "test", "dev-", "dev--a", "dev-" + "a" * 30])
def test_a_name_that_cannot_be_one(account: Account, alice: Actor, name: str) -> None:
    refusal = refused(alice, name=name)
    assert refusal.code == "bad-name"
    assert refusal.fields == {"name": refusal.sentence}


def test_an_application_without_personal_environments(alice: Actor, vault: Path) -> None:
    assert refused(alice, "vault", "dev-alice", Ask(ChangeKind.CREATE, HIDDEN)).code == "bad-name"
    assert do_request_create(alice, "vault", "dev", Ask(ChangeKind.CREATE, HIDDEN)).pk


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"compute": {**NETWORK, "InstanceType": "m7.huge"}}, "compute.InstanceType", "t3.micro"),
        ({"compute": {**NETWORK, "VolumeSize": "7"}}, "compute.VolumeSize", "8"),
        ({"compute": {**NETWORK, "VolumeSize": "many"}}, "compute.VolumeSize", "number"),
        ({"compute": {**NETWORK, "VpcId": ""}}, "compute.VpcId", ""),
        ({"compute": {name: value for name, value in NETWORK.items() if name != "KeyName"}}, "compute.KeyName", ""),
        ({"data": {"BillingMode": "FREE"}, "compute": NETWORK}, "data.BillingMode", "PROVISIONED"),
        ({}, "compute.SubnetIds", ""),
    ],
)
def test_values_that_cannot_be_used(
    account: Account, alice: Actor, values: dict[str, dict[str, str]], field: str, says: str
) -> None:
    refusal = refused(alice, ask=Ask(ChangeKind.CREATE, values))
    assert (refusal.code, refusal.sentence) == ("bad-values", "Some values cannot be used. Nothing was sent.")
    assert says in refusal.fields[field]
    assert all(sentence.endswith(".") for sentence in refusal.fields.values())


def test_without_an_account(alice: Actor) -> None:
    assert refused(alice).code == "no-account"


def test_a_double_click_is_one_change(
    account: Account, alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    ask = Ask(ChangeKind.CREATE, VALUES, key=uuid.uuid4())
    first = do_request_create(alice, "hello-erlang", "dev", ask)
    with django_capture_on_commit_callbacks() as rings:
        second = do_request_create(alice, "hello-erlang", "dev", ask)
    assert second.pk == first.pk
    assert not rings
    assert (Change.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_another_click_is_not_the_same(account: Account, alice: Actor) -> None:
    do_request_create(alice, "hello-erlang", "dev", Ask(ChangeKind.CREATE, VALUES, key=uuid.uuid4()))
    assert refused(alice, ask=Ask(ChangeKind.CREATE, VALUES, key=uuid.uuid4())).code == "change-open"


def test_two_people_one_name(account: Account, alice: Actor, bob: Actor) -> None:
    """The second is told whose change is in the way, and which."""
    first = asked_for(alice, "dev")
    refusal = refused(bob)
    assert (refusal.code, refusal.forbidden, refusal.change_id) == ("change-open", False, str(first.pk))
    assert refusal.sentence.startswith("alice has a change of hello-erlang/dev open: create environment, planning.")
    assert "alice" in refusal.fields["name"]


def test_an_environment_that_is_there(shared: Environment, bob: Actor) -> None:
    refusal = refused(bob)
    assert (refusal.code, refusal.sentence) == ("wrong-order", "hello-erlang/dev exists already.")
    assert refusal.fields == {"name": "hello-erlang/dev exists already."}


def test_somebody_elses_personal_environment(live: Environment, bob: Actor, ada: Actor) -> None:
    without(live, StackKind.DATA, StackKind.COMPUTE)
    refusal = refused(bob, name="dev-alice")
    assert (refusal.code, refusal.forbidden) == ("not-yours", True)
    assert refusal.sentence == "hello-erlang/dev-alice belongs to alice. Ask them, or an admin."
    change = do_request_create(ada, "hello-erlang", "dev-alice", CREATE)
    assert change.environment.owner.get_username() == "alice", "an admin helps; the environment stays alice's"


def test_compute_is_created_again_beside_data_that_stayed(live: Environment, alice: Actor) -> None:
    without(live, StackKind.COMPUTE)
    change = do_request_create(alice, "hello-erlang", "dev-alice", CREATE)
    assert change.environment_id == live.pk
    assert change.operations.count() == 2


def test_who_takes_a_removed_name_owns_it(shared: Environment, bob: Actor) -> None:
    without(shared, StackKind.DATA, StackKind.COMPUTE)
    Environment.objects.update(status=EnvironmentStatus.REMOVED)
    change = do_request_create(bob, "hello-erlang", "dev", CREATE)
    assert change.environment_id == shared.pk, "one row for the name's whole history"
    assert Environment.objects.get().owner_id == bob.user_id
    assert change.operations.get(stack__kind="data").parameters["Owner"] == "bob"


def test_a_name_is_taken_per_application(alice: Actor, bob: Actor, vault: Path) -> None:
    asked_for(alice, "dev")
    assert do_request_create(bob, "vault", "dev", Ask(ChangeKind.CREATE, HIDDEN)).environment.owner_id == bob.user_id


def test_one_entry_says_who_and_why(account: Account, alice: Actor) -> None:
    change = do_request_create(alice, "hello-erlang", "dev", CREATE)
    entry = AuditEntry.objects.get()
    written: dict[str, Any] = {
        "by_id": alice.user_id,
        "verb": "request_create",
        "environment_id": change.environment_id,
        "change_id": change.pk,
        "summary": "Create environment hello-erlang/dev",
        "reason": "To try it.",
        "address": "192.0.2.7",
    }
    assert {name: getattr(entry, name) for name in written} == written


def test_after_a_failed_create_the_name_can_be_asked_for_again(account: Account, alice: Actor) -> None:
    failed = at(asked_for(alice, "dev"), ChangeStatus.FAILED)
    again = do_request_create(alice, "hello-erlang", "dev", CREATE)
    assert (again.environment_id, again.status) == (failed.environment_id, ChangeStatus.PLANNING)
