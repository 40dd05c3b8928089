"""Stuck stacks, looking again and what happened, for programs."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment, Stack

from .. import outside_rows, rows
from .program import Program, program_of, told

DEV = "/environments/hello-erlang/dev-alice"
ON = {"stack": "compute", "what": "continue"}


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


class TestStuck:
    """GET …/recovery."""

    def test_none_where_all_is_well(self, dev: Environment, program: Program) -> None:
        assert program.get(f"{DEV}/recovery") == {"stacks": []}

    def test_the_one_way_out(self, dev: Environment, alice: User, program: Program) -> None:
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        (one,) = program.get(f"{DEV}/recovery")["stacks"]
        assert (one["kind"], one["status"], one["what"]) == ("compute", "UPDATE_ROLLBACK_FAILED", "continue")
        assert (one["proposed"], one["names"], one["second_person"], one["retry"]) == (True, False, False, None)
        assert [spare["logical_id"] for spare in one["spares"]] == ["Group"]
        assert one["cause"].startswith("Group could not be updated")
        assert one["why_not"] == ""

    def test_who_may_not_and_what_is_to_be_tried_again(
        self, dev: Environment, alice: User, audrey: User, program: Program
    ) -> None:
        change = outside_rows.stuck_delete(dev, alice, StackKind.COMPUTE, 1)
        (one,) = program_of(audrey).get(f"{DEV}/recovery")["stacks"]
        assert (one["what"], one["retry"]) == ("retry", str(change.pk))
        assert one["why_not"].startswith("You may read everything here")
        assert program.post(f"{DEV}/recoveries", ON | {"what": "delete"}, 409)["code"] == "not-the-way-out"
        assert program.post(f"/changes/{one['retry']}/retry")["id"] == one["retry"]


class TestRecovering:
    """POST …/recoveries."""

    def test_what_is_skipped_is_said_why(self, dev: Environment, alice: User, program: Program) -> None:
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        skips = ON | {"spared": ["Group"]}
        assert program.post(f"{DEV}/recoveries", skips, 422)["fields"].keys() == {"reason"}
        answer = program.ask("POST", f"{DEV}/recoveries", skips | {"reason": "gone"}, Idempotency_Key="k")
        made = told(answer, 202)
        change = Change.objects.get(pk=made["id"])
        assert (change.kind, change.goal["what"], change.goal["spared"]) == (ChangeKind.RECOVER, "continue", ["Group"])
        again = program.post(f"{DEV}/recoveries", skips | {"reason": "gone"}, 202, Idempotency_Key="k")
        assert again["id"] == made["id"]
        assert program.post(f"{DEV}/recoveries", skips | {"reason": "gone"}, 409)["change"] == made["id"]

    def test_only_as_it_is_now(self, dev: Environment, alice: User, program: Program) -> None:
        assert program.post(f"{DEV}/recoveries", ON, 409)["code"] == "not-the-way-out"
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        assert "Continue the roll-back" in program.post(f"{DEV}/recoveries", ON | {"what": "force"}, 409)["detail"]
        other = ON | {"spared": ["Other"], "reason": "why"}
        assert program.post(f"{DEV}/recoveries", other, 422)["code"] == "not-proposed"
        assert program.post(f"{DEV}/recoveries", ON | {"what": "retry"}, 422)["code"] == "invalid"
        assert not Change.objects.filter(kind=ChangeKind.RECOVER).exists()

    def test_force_takes_the_name(self, dev: Environment, alice: User, program: Program) -> None:
        outside_rows.stuck_delete(dev, alice, StackKind.DATA, 3)
        (one,) = program.get(f"{DEV}/recovery")["stacks"]
        assert (one["what"], one["names"], one["second_person"]) == ("force", True, True)
        force = {"stack": "data", "what": "force", "reason": "It cannot be mended"}
        for confirm in ("", "dev"):
            refused = program.post(f"{DEV}/recoveries", force | {"confirm": confirm}, 422)
            assert (refused["code"], refused["fields"].keys()) == ("confirm", {"confirm"})
        assert program.post(f"{DEV}/recoveries", force | {"confirm": "dev-alice"}, 202)["kind"] == "recover"

    def test_who_may_not(self, dev: Environment, alice: User, bob: User, audrey: User) -> None:
        outside_rows.stuck_roll_back(dev, alice, StackKind.COMPUTE)
        assert program_of(bob).post(f"{DEV}/recoveries", ON, 403)["code"] == "not-yours"
        assert program_of(audrey).post(f"{DEV}/recoveries", ON, 403)["code"] == "not-allowed"


class TestLooking:
    """GET and POST …/look."""

    def test_anybody_may_have_it_looked_at(self, dev: Environment, audrey: User) -> None:
        program = program_of(audrey)
        assert program.get(f"{DEV}/look") | {"looking": False, "why_not": ""} == program.get(f"{DEV}/look")
        assert program.post(f"{DEV}/look", None, 202)["looking"] is True
        assert program.post(f"{DEV}/look", None, 202)["looking"] is True
        assert AuditEntry.objects.filter(verb="look_again").count() == 1
        Stack.objects.update(look_due_at=None)
        assert program.get(f"{DEV}/look")["looking"] is False

    def test_not_while_a_change_looks_after_it(self, dev: Environment, alice: User, program: Program) -> None:
        rows.change(dev, alice, ChangeStatus.RUNNING)
        assert program.post(f"{DEV}/look", None, 409)["code"] == "cannot-look"


class TestActivity:
    """GET …/activity."""

    def test_changes_and_what_is_none_in_pages(self, dev: Environment, alice: User, audrey: User) -> None:
        for number in range(3):
            change = rows.change(dev, alice, ChangeStatus.SUCCEEDED, ago=number * 10, reason=f"the {number}th")
            entry = {"by": alice, "environment": dev, "change": change, "at": change.requested_at}
            AuditEntry.objects.create(verb="request_update", summary="Update", **entry)
        at = timezone.now() - timedelta(seconds=15)
        AuditEntry.objects.create(at=at, by=None, environment=dev, verb="look_again", summary="Looked again")
        program = program_of(audrey)
        told_, after = [], ""
        while after is not None:
            page = program.get(f"{DEV}/activity?limit=1&cursor={after}")
            told_ += page["items"]
            after = page["next"]
        assert [one["change"]["reason"] if one["change"] else one["entries"][0]["summary"] for one in told_] == [
            "the 0th", "the 1th", "Looked again", "the 2th",
        ]  # fmt: skip
        assert told_ == program.get(f"{DEV}/activity")["items"]
        assert told_[0]["entries"][0]["by"] == "alice"
        assert told_[2]["entries"][0]["by"] is None

    def test_a_cursor_that_nobody_gave_out(self, dev: Environment, program: Program) -> None:
        assert program.get(f"{DEV}/activity?cursor={uuid.uuid4().hex}", 422)["code"] == "bad-cursor"
        program.get("/environments/hello-erlang/nothing/activity", 404)
