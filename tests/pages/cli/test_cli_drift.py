"""stackyard drift …, and stackyard env stuck|recover|look-again|activity."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, DriftStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, DriftCheck, DriftedResource, Environment, Stack

from .. import outside_rows, rows
from ..outside_rows import GROUP, difference
from .served import Served, Terminal

Terminals = Callable[..., Terminal]
DEV = "hello-erlang/dev-alice"


@pytest.fixture
def dev(alice: User, served: Served) -> Environment:
    """Alice's environment, ready."""
    return rows.environment(alice, "dev-alice")


@pytest.fixture
def differing(dev: Environment) -> DriftedResource:
    """The group of the compute stack is larger than its template says, and starts lower."""
    lines = difference("/MaxSize", "1", "4"), difference("/MinSize", "1", "0")
    return outside_rows.drifted(outside_rows.checked(dev, StackKind.COMPUTE), "Group", GROUP, *lines)


class TestDrift:
    """show, detect, accept, repair."""

    def test_before_and_after(self, differing: DriftedResource, alice_types: Terminal) -> None:
        told = alice_types.told("drift", "show", DEV)
        line = next(line for line in told.splitlines() if line.startswith("compute.Group/MaxSize"))
        assert line.split() == ["compute.Group/MaxSize", "1", "4"]
        assert "never" in told  # the data stack
        assert alice_types.json("drift", "show", DEV)["differs"] is True

    def test_what_is_gone_or_accepted(self, differing: DriftedResource, alice_types: Terminal) -> None:
        DriftedResource.objects.update(accepted=differing.differences)
        told = alice_types.told("drift", "show", DEV)
        assert "as accepted" in told
        assert told.count("accepted") >= 3
        DriftedResource.objects.update(status=DriftStatus.DELETED, differences=[], accepted=[])
        assert "gone" in alice_types.told("drift", "show", DEV)

    def test_detecting_waits_for_what_is_found(self, dev: Environment, served: Served, alice_types: Terminal) -> None:
        assert "a check runs" in alice_types.told("drift", "detect", DEV, "--stack", "data")
        assert [check.stack.kind for check in DriftCheck.objects.all()] == ["data"]
        assert alice_types.run("drift", "detect", DEV, "--wait", "--timeout", "0").exit_code == 9
        served.after = lambda: DriftCheck.objects.update(seen_at=timezone.now(), result=DriftStatus.IN_SYNC)
        found = alice_types.json("drift", "detect", DEV, "--wait", "--every", "0.05")
        assert {one["status"] for one in found["stacks"]} == {"IN_SYNC"}

    def test_accepting_what_was_named(self, differing: DriftedResource, alice_types: Terminal) -> None:
        assert "--all" in alice_types.refused("drift", "accept", DEV, code=2)
        words = ["drift", "accept", DEV, "compute.Group/MaxSize"]
        assert "--all" in alice_types.refused(*words, "--all", code=2)
        assert "compute.Group/Size" in alice_types.run("drift", "accept", DEV, "compute.Group/Size").stderr
        done = alice_types.run(*words, "--reason", "larger", "--json")
        assert "compute.Group/MinSize" in done.stderr  # all that differs is shown first
        assert (done.exit_code, Change.objects.get().kind) == (0, ChangeKind.ACCEPT_DRIFT)
        assert [pick["path"] for pick in Change.objects.get().goal["picks"]] == ["/MaxSize"]

    def test_accepting_all(self, differing: DriftedResource, alice_types: Terminal) -> None:
        alice_types.json("drift", "accept", DEV, "--all", "--reason", "as it is")
        assert len(Change.objects.get().goal["picks"]) == 2

    def test_not_what_became_something_else(
        self, differing: DriftedResource, served: Served, alice_types: Terminal
    ) -> None:
        moved = [difference("/MaxSize", "1", "9")]
        served.after = lambda: DriftedResource.objects.update(differences=moved)
        done = alice_types.run("drift", "accept", DEV, "compute.Group/MaxSize")
        assert (done.exit_code, "is 9 by now" in done.stderr) == (5, True)
        assert not Change.objects.exists()

    def test_repairing(self, differing: DriftedResource, alice_types: Terminal) -> None:
        assert "no-drift" in alice_types.refused("drift", "repair", DEV, "--stack", "data", code=5)
        made = alice_types.json("drift", "repair", DEV, "--reason", "as planned")
        assert (made["kind"], made["reason"]) == ("repair_drift", "as planned")

    def test_nothing_to_accept(self, dev: Environment, alice_types: Terminal) -> None:
        done = alice_types.run("drift", "accept", DEV, "--all")
        assert (done.exit_code, "could be accepted" in done.stderr) == (5, True)


class TestRecovering:
    """env stuck, env recover."""

    def test_nothing_is_stuck(self, dev: Environment, alice_types: Terminal) -> None:
        assert "No stack of hello-erlang/dev-alice is stuck." in alice_types.told("env", "stuck", DEV)
        alice_types.refused("env", "recover", DEV, code=5)

    def test_the_way_out_is_shown_and_meant(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        assert "UPDATE_ROLLBACK_FAILED" in alice_types.told("env", "stuck", DEV)
        assert "--what continue" in alice_types.refused("env", "recover", DEV, code=2)
        assert "is continue now" in alice_types.refused("env", "recover", DEV, "--what", "delete", code=5)
        assert "Say why" in alice_types.refused("env", "recover", DEV, "--what", "continue", code=2)
        made = alice_types.json("env", "recover", DEV, "--what", "continue", "--reason", "no capacity")
        assert Change.objects.get(pk=made["id"]).goal["spared"] == ["Group"]

    def test_nothing_is_spared_unless_that_is_wanted(
        self, dev: Environment, alice: User, alice_types: Terminal
    ) -> None:
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        words = ["env", "recover", DEV, "--stack", "compute", "--what", "continue", "--spare-none"]
        assert "not both" in alice_types.refused(*words, "--spare", "Group", code=2)
        made = alice_types.json(*words)
        assert Change.objects.get(pk=made["id"]).goal["spared"] == []

    def test_a_retry_is_one_of_the_change(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        failed = outside_rows.stuck_delete(dev, alice, StackKind.COMPUTE, 1)
        made = alice_types.json("env", "recover", DEV, "--what", "retry")
        assert made["id"] == str(failed.pk)

    def test_force_takes_the_name(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        outside_rows.stuck_delete(dev, alice, StackKind.DATA, 3)
        words = ["env", "recover", DEV, "--what", "force", "--reason", "over"]
        assert "--confirm dev-alice" in alice_types.refused(*words, code=2)
        assert alice_types.json(*words, "--confirm", "dev-alice")["kind"] == "recover"

    def test_who_may_not(self, dev: Environment, alice: User, bob: User, terminal_of: Terminals) -> None:
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        told = terminal_of(bob).refused("env", "recover", DEV, "--what", "continue", code=5)
        assert "belongs to alice" in told


class TestLooking:
    """env look-again, env activity."""

    def test_looking_until_it_is_seen(self, dev: Environment, served: Served, alice_types: Terminal) -> None:
        assert "now" in alice_types.told("env", "look-again", DEV)
        served.after = lambda: Stack.objects.update(look_due_at=None)
        assert alice_types.json("env", "look-again", DEV, "--wait", "--every", "0.05")["looking"] is False

    def test_what_happened(self, dev: Environment, alice: User, alice_types: Terminal) -> None:
        assert "Nothing has happened yet." in alice_types.told("env", "activity", DEV)
        change = rows.change(dev, alice, ChangeStatus.FAILED, ago=60, problem={"sentence": "No capacity."})
        entry = {"environment": dev, "summary": "Looked again", "verb": "look_again"}
        AuditEntry.objects.create(at=timezone.now(), by=None, **entry)
        told = alice_types.told("env", "activity", "dev-alice", "--app", "hello-erlang").splitlines()
        assert "Stackyard" in told[1]
        assert "Looked again" in told[1]
        for shown in ("failed", "No capacity.", str(change.pk)):
            assert shown in told[2]
        first = alice_types.json("env", "activity", DEV, "--limit", "1")
        assert len(first["items"]) == 1
        assert alice_types.json("env", "activity", DEV, "--cursor", first["next"])["items"][0]["change"]


def test_of_nothing(account: Account, alice_types: Terminal) -> None:
    for words in (["drift", "show"], ["env", "stuck"], ["env", "activity"], ["env", "look-again"]):
        alice_types.refused(*words, "hello-erlang/nothing", code=4)
