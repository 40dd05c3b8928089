"""stackyard changes plan|receipt|edit|take-up, and what waits for me."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeStatus, StackKind
from provisioning.models import Change, SealedPlan

from .. import rows
from ..change_rows import planned, resource
from .served import Served, Terminal
from .test_cli_env import NETWORK

Terminals = Callable[..., Terminal]


@pytest.fixture
def waiting(alice: User, served: Served) -> Change:
    """A change of alice's, of prod, with a plan before the one that counts."""
    change = rows.change(rows.environment(alice, "prod"), alice, ChangeStatus.AWAITING_APPROVAL)
    planned(change, resource("MessagesTable", "Modify"))
    both = {"change": change, "content": change.plan, "sealed_at": timezone.now()}
    SealedPlan.objects.create(number=1, digest="0" * 64, void_because="Prices moved.", **both)
    SealedPlan.objects.create(number=2, digest=change.plan_digest, **both)
    return change


def test_the_plan_that_counts_and_earlier_ones(waiting: Change, alice_types: Terminal) -> None:
    done = alice_types.run("changes", "plan", str(waiting.pk))
    assert done.exit_code == 0, done.output
    for shown in ("the one that counts", "MessagesTable", waiting.plan_digest):
        assert shown in done.stdout
    assert "--number 1" in done.stderr
    assert "Prices moved." in alice_types.told("changes", "plan", str(waiting.pk), "--number", "1")
    assert alice_types.json("changes", "plan", str(waiting.pk))["number"] == 2
    alice_types.refused("changes", "plan", str(waiting.pk), "--number", "7", code=4)


def test_before_there_is_a_plan(alice: User, served: Served, alice_types: Terminal) -> None:
    change = rows.change(rows.environment(alice, "dev"), alice, ChangeStatus.PLANNING)
    assert "no plan yet" in alice_types.refused("changes", "plan", str(change.pk), code=5)


def test_the_receipt(waiting: Change, alice_types: Terminal) -> None:
    alice_types.refused("changes", "receipt", str(waiting.pk), code=4)
    tables = [{"name": "messages", "outcome": "deleted", "items": 41203, "backup_arn": "arn:backup"}]
    stack = {"name": "hello-erlang-data-prod", "stack_id": "arn:stack", "outcome": "deleted"}
    found = {"who": "alice", "approved_by": ["ada"], "why": "over", "tables": tables, "stack": stack}
    Change.objects.update(receipt={**found, "at": "2030-01-31T12:00:00+00:00"})
    told = alice_types.told("changes", "receipt", str(waiting.pk))
    for shown in ("alice", "ada", "41,203", "arn:backup", "hello-erlang-data-prod", "not yet", "2030-01-31 12:00"):
        assert shown in told


def test_what_waits_for_me(waiting: Change, ada: User, alice_types: Terminal, terminal_of: Terminals) -> None:
    assert alice_types.json("changes", "list", "--waiting-for-me")["items"] == []
    assert [one["id"] for one in terminal_of(ada).json("changes", "list", "--waiting-for-me")["items"]] == [
        str(waiting.pk)
    ]


def test_editing_and_asking_again(served: Served, alice_types: Terminal) -> None:
    words = ["env", "create", "hello-erlang", "staging", *NETWORK, "--reason", "spring"]
    old = alice_types.json(*words)
    new = alice_types.json("changes", "edit", old["id"], "--set", "InstanceType=t3.small", "--use", "peak")
    assert Change.objects.get(pk=new["id"]).goal["usage"]["scenario"] == "peak"
    assert (new["supersedes"], new["reason"]) == (old["id"], "spring")
    values = Change.objects.get(pk=new["id"]).operations.get(stack__kind=StackKind.COMPUTE).parameters
    assert (values["InstanceType"], values["KeyName"]) == ("t3.small", "my-key")
    assert "cannot-replace" in alice_types.refused("changes", "edit", old["id"], code=5)
    refused = alice_types.run("changes", "edit", new["id"], "--set", "compute.InstanceType=enormous")
    assert (refused.exit_code, "InstanceType" in refused.stderr) == (2, True)


def test_taking_up_what_was_set_aside(alice: User, ada: User, served: Served, terminal_of: Terminals) -> None:
    made = rows.environment(alice, "dev-alice")
    change = rows.change(made, alice, ChangeStatus.RUNNING, set_aside_at=timezone.now(), set_aside_because="killed")
    words = ["changes", "take-up", str(change.pk), "--reason", "the disk was full"]
    terminal_of(alice).refused(*words, code=3)
    assert terminal_of(ada).json(*words)["status"] == "running"
    terminal_of(ada).refused(*words, code=5)
