"""A change's earlier plans, its receipt, what waits for me; asking again with other values, and taking up."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Account, Change, Environment, SealedPlan

from .. import rows
from ..change_rows import planned, resource
from .program import NETWORK, Program, program_of, told

NEW = {"application": "hello-erlang", "name": "staging", "parameters": {"compute": NETWORK}, "reason": "spring"}


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


@pytest.fixture
def waiting(account: Account, alice: User) -> Change:
    """A change of prod that waits, with a plan before the one that counts."""
    change = rows.change(rows.environment(alice, "prod"), alice, ChangeStatus.AWAITING_APPROVAL)
    planned(change, resource("MessagesTable", "Modify"))
    now = timezone.now()
    SealedPlan.objects.create(
        change=change, number=1, digest="0" * 64, content=change.plan, sealed_at=now, void_because="Prices moved."
    )
    SealedPlan.objects.create(change=change, number=2, digest=change.plan_digest, content=change.plan, sealed_at=now)
    return change


class TestPlans:
    """GET /changes/{id}/plans and what is below."""

    def test_every_plan_with_why_it_is_void(self, waiting: Change, program: Program) -> None:
        first, second = program.get(f"/changes/{waiting.pk}/plans")["items"]
        assert (first["number"], first["current"], first["void_because"]) == (1, False, "Prices moved.")
        assert (second["number"], second["current"], second["digest"]) == (2, True, waiting.plan_digest)

    def test_one_with_the_decisions_about_it(self, waiting: Change, program: Program, ada: User) -> None:
        program_of(ada).post(f"/changes/{waiting.pk}/send_back", {"comment": "smaller"})
        assert program.get(f"/changes/{waiting.pk}/plans/1")["decisions"] == []
        found = program.get(f"/changes/{waiting.pk}/plans/2")
        assert [one["comment"] for one in found["decisions"]] == ["smaller"]
        assert found["plan"]["stacks"][0]["changes"][0]["logical_id"] == "MessagesTable"
        assert "Changes 1 resource" in found["sentence"]

    @pytest.mark.parametrize("number", ["0", "3", "99999999999999999999"])
    def test_what_is_none(self, waiting: Change, program: Program, number: str) -> None:
        program.get(f"/changes/{waiting.pk}/plans/{number}", 404)

    def test_of_no_change(self, program: Program) -> None:
        program.get(f"/changes/{uuid.UUID(int=7)}/plans", 404)


class TestReceipt:
    """GET /changes/{id}/receipt."""

    def test_what_was_deleted(self, waiting: Change, program: Program) -> None:
        program.get(f"/changes/{waiting.pk}/receipt", 404)
        Change.objects.update(receipt={"who": "alice", "tables": [{"name": "messages", "outcome": "deleted"}]})
        found = program.get(f"/changes/{waiting.pk}/receipt")
        assert (found["environment"], found["receipt"]["tables"][0]["outcome"]) == ("hello-erlang/prod", "deleted")


class TestWaitsForMe:
    """GET /changes?waits_for=me."""

    def test_exactly_what_one_decides_about(self, waiting: Change, alice: User, ada: User, grace: User) -> None:
        assert program_of(alice).get("/changes?waits_for=me")["items"] == []
        ada_asks = program_of(ada)
        assert [one["id"] for one in ada_asks.get("/changes?waits_for=me")["items"]] == [str(waiting.pk)]
        assert ada_asks.get("/changes?waits_for=me&application=fileshare")["items"] == []
        ada_asks.post(f"/changes/{waiting.pk}/send_back", {"comment": "smaller"})
        for person in (ada, grace):
            assert program_of(person).get("/changes?waits_for=me")["items"] == []

    def test_it_is_me_or_nobody(self, program: Program) -> None:
        program.get("/changes?waits_for=ada", 422)


class TestEditing:
    """POST /changes/{id}/edit."""

    def asked(self, program: Program, **more: Any) -> Change:
        """A create of staging."""
        return Change.objects.get(pk=program.post("/environments", NEW | more, 202)["id"])

    def test_what_is_left_out_stays(self, account: Account, program: Program) -> None:
        old = self.asked(program)
        answer = program.ask(
            "POST",
            f"/changes/{old.pk}/edit",
            {"parameters": {"compute": {"InstanceType": "t3.small"}}},
            Idempotency_Key="k",
        )
        made = told(answer, 202)
        new = Change.objects.get(pk=made["id"])
        assert (made["supersedes"], made["kind"], made["reason"]) == (str(old.pk), "create", "spring")
        assert answer["Location"] == f"/api/v1/changes/{new.pk}"
        values = new.operations.get(stack__kind=StackKind.COMPUTE).parameters
        assert (values["InstanceType"], values["VpcId"]) == ("t3.small", "vpc-1")
        assert program.get(f"/changes/{old.pk}")["status"] == "superseded"
        again = {"parameters": {"compute": {"InstanceType": "t3.small"}}}
        assert program.post(f"/changes/{old.pk}/edit", again, 202, Idempotency_Key="k")["id"] == made["id"]
        assert program.post(f"/changes/{old.pk}/edit", again, 409)["code"] == "cannot-replace"

    def test_one_that_was_sent_back(self, account: Account, program: Program, ada: User) -> None:
        old = planned(self.asked(program, name="prod"), resource("Group"))
        Change.objects.filter(pk=old.pk).update(status=ChangeStatus.AWAITING_APPROVAL)
        program_of(ada).post(f"/changes/{old.pk}/send_back", {"comment": "smaller"})
        made = program.post(f"/changes/{old.pk}/edit", {"reason": "smaller, as you say"}, 202)
        assert (made["reason"], made["status"]) == ("smaller, as you say", "planning")

    def test_how_long_it_lasts_stays_too(self, account: Account, program: Program) -> None:
        old = self.asked(program, name="dev", lifetime_days=3)
        made = program.post(f"/changes/{old.pk}/edit", {}, 202)
        assert Change.objects.get(pk=made["id"]).goal["lifetime_days"] == 3
        longer = program.post(f"/changes/{made['id']}/edit", {"lifetime_days": 5}, 202)
        assert Change.objects.get(pk=longer["id"]).goal["lifetime_days"] == 5

    def test_one_stack_stays_one(self, account: Account, program: Program) -> None:
        old = self.asked(program, stacks=["data"], parameters={})
        made = program.post(f"/changes/{old.pk}/edit", {"parameters": {"data": {"ReadCapacity": "7"}}}, 202)
        (operation,) = Change.objects.get(pk=made["id"]).operations.all()
        assert (operation.stack.kind, operation.parameters["ReadCapacity"]) == ("data", "7")
        refused = program.post(f"/changes/{made['id']}/edit", {"parameters": {"compute": NETWORK}}, 422)
        assert refused["fields"].keys() == {"parameters.compute"}

    def test_an_update_keeps_what_was_asked_for(self, dev: Environment, program: Program) -> None:
        sent = {"kind": "update", "parameters": {"compute": NETWORK}, "reason": "key"}
        old = program.post("/environments/hello-erlang/dev-alice/changes", sent, 202)
        edit = {"parameters": {"compute": {"KeyName": "other"}}}
        made = program.post(f"/changes/{old['id']}/edit", edit, 202)
        values = Change.objects.get(pk=made["id"]).operations.get(stack__kind=StackKind.COMPUTE).parameters
        assert (values["KeyName"], values["SubnetIds"]) == ("other", NETWORK["SubnetIds"])
        assert program.post(f"/changes/{made['id']}/edit", {"lifetime_days": 3}, 422)["fields"].keys() == {
            "lifetime_days"
        }

    def test_what_is_assumed_of_the_use_stays_or_is_another(self, dev: Environment, program: Program) -> None:
        busy = {"scenario": "peak", "figures": {"reads": "5000"}}
        sent = {"kind": "update", "parameters": {"compute": NETWORK}, "usage": busy}
        old = program.post("/environments/hello-erlang/dev-alice/changes", sent, 202)
        assert Change.objects.get(pk=old["id"]).goal["usage"]["scenario"] == "peak"
        kept = program.post(f"/changes/{old['id']}/edit", {}, 202)
        assert Change.objects.get(pk=kept["id"]).goal["usage"]["figures"] == {"reads": "5000"}
        idle = program.post(f"/changes/{kept['id']}/edit", {"usage": {"scenario": "idle"}}, 202)
        assert Change.objects.get(pk=idle["id"]).goal["usage"]["scenario"] == "idle"
        wrong = {"kind": "update", "usage": {"figures": {"reads": "many"}}}
        refused = program.post("/environments/hello-erlang/dev-alice/changes", wrong, 422)
        assert refused["fields"].keys() == {"usage.reads"}
        park = {"kind": "park", "usage": busy}
        refused = program.post("/environments/hello-erlang/dev-alice/changes", park, 422)
        assert refused["fields"].keys() == {"usage"}

    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            ({"parameters": {"compute": {"Nonsense": "1"}}}, 422, "bad-values"),
            ({"parameters": {"compute": {"InstanceType": "enormous"}}}, 422, "bad-values"),
            ({"parameters": {"network": {}}}, 422, "invalid"),
            ({"replaces": str(uuid.UUID(int=7))}, 422, "invalid"),
        ],
    )
    def test_what_cannot_be(
        self, account: Account, program: Program, sent: dict[str, Any], status: int, code: str
    ) -> None:
        old = self.asked(program)
        assert program.post(f"/changes/{old.pk}/edit", sent, status)["code"] == code
        assert program.get(f"/changes/{old.pk}")["status"] == "planning"

    def test_what_has_no_values(self, dev: Environment, alice: User, program: Program) -> None:
        park = rows.change(dev, alice, ChangeStatus.AWAITING_APPROVAL, ChangeKind.PARK)
        assert program.post(f"/changes/{park.pk}/edit", {}, 409)["code"] == "no-values"

    def test_who_may_not(self, account: Account, program: Program, bob: User, audrey: User) -> None:
        old = self.asked(program)
        assert program_of(bob).post(f"/changes/{old.pk}/edit", {}, 403)["code"] == "not-yours"
        assert program_of(audrey).post(f"/changes/{old.pk}/edit", {}, 403)["code"] == "not-allowed"


class TestTakingUp:
    """POST /changes/{id}/take_up."""

    def test_admins_with_what_was_found(self, dev: Environment, alice: User, ada: User) -> None:
        change = rows.change(dev, alice, ChangeStatus.RUNNING, set_aside_at=timezone.now(), set_aside_because="killed")
        path, found = f"/changes/{change.pk}/take_up", {"reason": "the disk was full"}
        assert program_of(alice).post(path, found, 403)["code"] == "not-allowed"
        program = program_of(ada)
        assert program.post(path, {"reason": " "}, 422)["fields"].keys() == {"reason"}
        assert program.post(path, found)["status"] == "running"
        assert Change.objects.get().set_aside_at is None
        assert program.post(path, found, 409)["code"] == "not-set-aside"
