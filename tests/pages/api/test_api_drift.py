"""Drift for programs: what differs, having it looked for, and accepting or repairing exactly what was read."""

from typing import Any

import pytest

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import AuditEntry, Change, DriftCheck, DriftedResource, Environment

from .. import outside_rows, rows
from ..outside_rows import GROUP, TABLE, difference
from .program import Program, program_of, told

DRIFT = "/environments/hello-erlang/dev-alice/drift"
SIZE = difference("/MaxSize", "1", "4")
BOTH = {"stacks": ["data", "compute"]}
PICK = {"stack": "compute", "resource": "Group", "path": "/MaxSize", "actual": "4"}


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


@pytest.fixture
def differing(dev: Environment) -> DriftedResource:
    """The group of the compute stack is larger than its template says."""
    return outside_rows.drifted(outside_rows.checked(dev, StackKind.COMPUTE), "Group", GROUP, SIZE)


class TestReading:
    """GET …/drift."""

    def test_before_and_after_of_every_property(self, differing: DriftedResource, program: Program) -> None:
        found = program.get(DRIFT)
        assert (found["differs"], found["checking"], found["why_not_repair"]) == (True, False, "")
        data, compute = found["stacks"]
        assert (data["status"], data["differs"], compute["differs"]) == ("NOT_CHECKED", False, True)
        (resource,) = compute["resources"]
        assert (resource["logical_id"], resource["type"], resource["status"]) == ("Group", GROUP, "MODIFIED")
        assert resource["open"] == [{"path": "/MaxSize", "kind": "changed", "expected": "1", "actual": "4"}]

    def test_what_was_accepted_and_by_which_change(
        self, differing: DriftedResource, dev: Environment, alice: User, program: Program
    ) -> None:
        by = rows.change(dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.ACCEPT_DRIFT)
        DriftedResource.objects.update(accepted=[SIZE], accepted_by=by)
        found = program.get(DRIFT)
        (resource,) = found["stacks"][1]["resources"]
        assert (found["differs"], resource["open"], len(resource["accepted"])) == (False, [], 1)
        assert resource["accepted_by"] == str(by.pk)

    def test_why_not(self, differing: DriftedResource, audrey: User) -> None:
        found = program_of(audrey).get(DRIFT)
        assert {found[f"why_not_{act}"][:28] for act in ("detect", "repair", "accept")} == {
            "You may read everything here"
        }

    def test_what_is_not_there(self, program: Program) -> None:
        program.get("/environments/hello-erlang/nothing/drift", 404)


class TestDetecting:
    """POST …/drift/detections."""

    def test_both_stacks_or_one(self, dev: Environment, program: Program) -> None:
        found = program.post(f"{DRIFT}/detections", {"stacks": ["data"]}, 202)
        assert [one["checking"] for one in found["stacks"]] == [True, False]
        assert program.post(f"{DRIFT}/detections", BOTH, 202)["checking"] is True
        assert AuditEntry.objects.filter(verb="detect_drift").count() == 2  # what runs already was asked for once
        assert {one["asked_by"] for one in program.get(DRIFT)["stacks"]} == {"alice"}

    def test_not_while_a_change_is_open(self, dev: Environment, alice: User, program: Program) -> None:
        rows.change(dev, alice, ChangeStatus.RUNNING)
        assert program.post(f"{DRIFT}/detections", BOTH, 409)["code"] == "cannot-detect"
        assert not DriftCheck.objects.exists()

    @pytest.mark.parametrize("sent", [{"stacks": ["network"]}, {"stacks": ["data"] * 3}, {}])
    def test_what_is_no_stack(self, dev: Environment, program: Program, sent: dict[str, Any]) -> None:
        assert program.post(f"{DRIFT}/detections", sent, 422)["code"] == "invalid"


class TestRepairing:
    """POST …/drift/repairs."""

    def test_what_differs_unless_said(self, differing: DriftedResource, program: Program) -> None:
        answer = program.ask("POST", f"{DRIFT}/repairs", {"reason": "as planned"}, Idempotency_Key="k")
        made = told(answer, 202)
        assert (made["kind"], made["reason"]) == (ChangeKind.REPAIR_DRIFT, "as planned")
        assert [one.stack.kind for one in Change.objects.get().operations.all()] == ["compute"]
        assert program.post(f"{DRIFT}/repairs", {"reason": "as planned"}, 202, Idempotency_Key="k")["id"] == made["id"]

    def test_nothing_that_does_not_differ(self, differing: DriftedResource, program: Program) -> None:
        assert program.post(f"{DRIFT}/repairs", {"stacks": ["data"]}, 409)["code"] == "no-drift"
        DriftedResource.objects.update(accepted=[SIZE])
        assert program.post(f"{DRIFT}/repairs", {}, 409)["code"] == "no-drift"
        assert program.post(f"{DRIFT}/repairs", {"stacks": ["compute"]}, 409)["code"] == "no-drift"
        assert not Change.objects.exists()

    def test_who_may_not(self, differing: DriftedResource, bob: User, audrey: User) -> None:
        for person in (bob, audrey):
            assert program_of(person).post(f"{DRIFT}/repairs", {}, 403)["code"].startswith("not-")


class TestAccepting:
    """POST …/drift/acceptances."""

    def test_what_was_read(self, differing: DriftedResource, program: Program) -> None:
        made = program.post(f"{DRIFT}/acceptances", {"picks": [PICK], "reason": "larger"}, 202)
        assert made["kind"] == ChangeKind.ACCEPT_DRIFT
        (pick,) = Change.objects.get().goal["picks"]
        assert (pick["path"], pick["expected"], pick["actual"]) == ("/MaxSize", "1", "4")

    def test_not_what_is_something_else_by_now(self, differing: DriftedResource, program: Program) -> None:
        DriftedResource.objects.update(differences=[difference("/MaxSize", "1", "9")])
        refused = program.post(f"{DRIFT}/acceptances", {"picks": [PICK]}, 409)
        assert (refused["code"], refused["detail"]) == ("moved", "Group /MaxSize is 9 by now. Look at it again.")
        assert not Change.objects.exists()

    def test_not_what_does_not_differ(self, differing: DriftedResource, dev: Environment, program: Program) -> None:
        wrong = [PICK | {"path": "/MinSize"}, PICK | {"resource": "Other"}, PICK | {"stack": "data"}]
        for pick in wrong:
            assert program.post(f"{DRIFT}/acceptances", {"picks": [PICK, pick]}, 409)["code"] == "no-drift"
        gone = {"status": "DELETED", "type": TABLE, "differences": []}
        DriftedResource.objects.update(**gone)
        assert program.post(f"{DRIFT}/acceptances", {"picks": [PICK]}, 409)["code"] == "cannot-accept"

    def test_nothing_is_no_pick(self, differing: DriftedResource, program: Program) -> None:
        assert program.post(f"{DRIFT}/acceptances", {"picks": []}, 422)["fields"].keys() == {"picks"}
        unread = {name: value for name, value in PICK.items() if name != "actual"}
        program.post(f"{DRIFT}/acceptances", {"picks": [unread]}, 422)
