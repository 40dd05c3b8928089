"""What the API alters: by the verbs of the pages, with their refusals, each request once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import ApiRequest, User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, Verdict
from provisioning.models import Account, AuditEntry, Change, Decision, Environment

from .. import rows
from ..change_rows import planned, resource
from .program import NETWORK, Program, program_of, told

DEV = "/environments/hello-erlang/dev-alice"
NEW = {"application": "hello-erlang", "name": "dev", "parameters": {"compute": NETWORK}, "reason": "spring"}


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def waiting(by: User, name: str = "prod") -> Change:
    """A change of prod that is planned and waits for somebody else."""
    made = rows.environment(by, name)
    return planned(rows.change(made, by, ChangeStatus.AWAITING_APPROVAL), resource("MessagesTable", "Modify"))


class TestCreating:
    """POST /environments."""

    def test_it_answers_the_change(self, account: Account, program: Program) -> None:
        answer = program.ask("POST", "/environments", NEW)
        assert answer.status_code == 202
        change = Change.objects.get()
        assert answer["Location"] == f"/api/v1/changes/{change.pk}"
        assert (change.kind, change.reason, str(change.environment)) == ("create", "spring", "hello-erlang/dev")
        assert program.get(answer["Location"].removeprefix("/api/v1"))["status"] == "planning"

    @pytest.mark.parametrize(
        ("more", "status", "field"),
        [
            ({"name": "Dev"}, 422, "name"),
            ({"name": "x" * 41}, 422, "name"),
            ({"application": "nothing"}, 404, None),
            ({"parameters": {"compute": {**NETWORK, "Nonsense": "1"}}}, 422, "parameters.compute.Nonsense"),
            ({"parameters": {"compute": {}}}, 422, "compute.VpcId"),
            ({"parameters": {"network": {}}}, 422, "parameters.network"),
            ({"nonsense": 1}, 422, "nonsense"),
            ({"start_at": "2020-01-01T00:00:00Z"}, 422, "start_at"),
            ({"start_at": "2020-01-01T00:00:00"}, 422, "start_at"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "expires_at"),
            ({"expires_at": "2030-01-01T00:00:00Z", "lifetime_days": 3}, 422, "expires_at"),
            ({"reason": "a\0b"}, 422, "reason"),
            ({"reason": "\ud800"}, 422, "reason"),
        ],
    )
    def test_what_cannot_be_created(
        self, account: Account, program: Program, more: dict[str, Any], status: int, field: str | None
    ) -> None:
        refused = program.post("/environments", NEW | more, status)
        assert field is None or field in refused["fields"]
        assert not Change.objects.exists()

    def test_what_is_not_json(self, account: Account, program: Program) -> None:
        answer = program.client.post(
            "/api/v1/environments", "{", content_type="application/json", headers=program.headers
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")

    def test_what_is_there_already(self, dev: Environment, program: Program) -> None:
        assert program.post("/environments", NEW | {"name": "dev-alice"}, 409)["code"] == "wrong-order"

    def test_another_change_in_the_way_is_named(self, dev: Environment, alice: User, program: Program) -> None:
        change = rows.change(dev, alice, ChangeStatus.RUNNING)
        refused = program.post(f"{DEV}/changes", {"kind": "park"}, 409)
        assert (refused["code"], refused["change"]) == ("change-open", str(change.pk))


class TestAsking:
    """POST …/changes."""

    @pytest.mark.parametrize("kind", ["park", "update", "delete_compute", "unprotect"])
    def test_changes_of_every_day(self, dev: Environment, program: Program, kind: str) -> None:
        sent = {"kind": kind, "reason": "tidy", "confirm": "dev-alice"}
        if kind == "update":
            sent["parameters"] = {"compute": NETWORK}  # type: ignore[assignment]
        assert program.post(f"{DEV}/changes", sent, 202)["kind"] == kind
        assert AuditEntry.objects.get(verb=f"request_{kind}").reason == "tidy"

    def test_waking_and_deleting(self, dev: Environment, program: Program) -> None:
        rows.without(dev, StackKind.COMPUTE)
        assert program.post(f"{DEV}/changes", {"kind": "delete_data_stack", "confirm": "dev-alice"}, 202)
        Change.objects.get().operations.update(is_open=False)
        Environment.objects.update(data_protected=False)
        for kind in ("protect", "delete_data"):
            sent = {"kind": kind, "confirm": "dev-alice", "reason": "over"}
            made = program.post(f"{DEV}/changes", sent, 202)
            Change.objects.get(pk=made["id"]).operations.update(is_open=False)

    def test_redeploying_and_rolling_back(self, dev: Environment, program: Program) -> None:
        assert program.post(f"{DEV}/changes", {"kind": "redeploy"}, 202)["kind"] == "redeploy"
        assert program.post(f"{DEV}/changes", {"kind": "roll_back"}, 409)["code"] == "no-release"

    def test_rolling_prod_back_says_why(self, account: Account, alice: User, program: Program) -> None:
        rows.environment(alice, "prod")
        prod = "/environments/hello-erlang/prod/changes"
        assert program.post(prod, {"kind": "roll_back"}, 422)["fields"].keys() == {"reason"}
        assert program.post(prod, {"kind": "roll_back", "reason": "bad"}, 409)["code"] == "no-release"

    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            ({"kind": "delete_compute"}, 422, "confirm"),
            ({"kind": "unprotect"}, 422, "no-reason"),
            ({"kind": "wake"}, 409, "wrong-order"),
            ({"kind": "delete_data", "confirm": "dev-alice", "reason": "x"}, 409, "wrong-order"),
            ({"kind": "adopt"}, 422, "invalid"),
            ({"kind": "write_items"}, 422, "invalid"),
            ({"kind": "park", "parameters": {"compute": NETWORK}}, 422, "bad-values"),
            ({"kind": "park", "release": 1}, 422, "bad-values"),
            ({"kind": "redeploy", "start_at": "2030-01-01T00:00:00Z"}, 422, "bad-values"),
            ({"kind": "update", "parameters": {"data": {"Nonsense": "1"}}}, 422, "bad-values"),
            ({}, 422, "invalid"),
            ([], 422, "invalid"),
        ],
    )
    def test_what_is_refused(self, dev: Environment, program: Program, sent: Any, status: int, code: str) -> None:
        assert program.post(f"{DEV}/changes", sent, status)["code"] == code
        assert not Change.objects.exists()

    def test_anothers_environment(self, dev: Environment, bob: User) -> None:
        assert program_of(bob).post(f"{DEV}/changes", {"kind": "park"}, 403)["code"] == "not-yours"

    def test_who_only_reads(self, dev: Environment, audrey: User) -> None:
        assert program_of(audrey).post(f"{DEV}/changes", {"kind": "park"}, 403)["code"] == "not-allowed"


class TestActing:
    """What people do to a change."""

    def test_a_second_person_approves_the_plan_that_was_read(self, account: Account, alice: User, ada: User) -> None:
        change = waiting(alice)
        path, admin = f"/changes/{change.pk}/approve", program_of(ada)
        moved = admin.post(path, {"digest": "0" * 64}, 409)
        assert moved["code"] == "plan-moved"
        assert program_of(alice).post(path, {"digest": change.plan_digest}, 403)
        found = admin.post(path, {"digest": change.plan_digest, "comment": "good"})
        assert found["status"] == "queued"
        assert [(one["by"], one["comment"]) for one in found["decisions"]] == [("ada", "good")]
        assert AuditEntry.objects.get(verb="approve").detail["token"].startswith("ci (")

    def test_approved_for_later_and_run(self, account: Account, alice: User, ada: User) -> None:
        change = waiting(alice)
        admin = program_of(ada)
        found = admin.post(f"/changes/{change.pk}/approve", {"digest": change.plan_digest, "run": "later"})
        assert found["held"]
        assert not program_of(alice).post(f"/changes/{change.pk}/run")["held"]
        assert admin.post(f"/changes/{change.pk}/run", status=409)["code"] == "nothing-to-run"

    def test_approved_for_a_time(self, account: Account, alice: User, ada: User) -> None:
        change, at = waiting(alice), timezone.now() + timedelta(days=2)
        path, digest = f"/changes/{change.pk}/approve", change.plan_digest
        past = {"digest": digest, "start_at": "2020-01-01T00:00:00Z"}
        assert program_of(ada).post(path, past, 422)["fields"].keys() == {"start_at"}
        assert program_of(ada).post(path, {"digest": digest, "start_at": at})["start_at"]

    @pytest.mark.parametrize(("act", "verdict"), [("reject", Verdict.REJECTED), ("send_back", Verdict.SENT_BACK)])
    def test_objecting_takes_a_reason(
        self, account: Account, alice: User, ada: User, act: str, verdict: Verdict
    ) -> None:
        change = waiting(alice)
        path, admin = f"/changes/{change.pk}/{act}", program_of(ada)
        assert admin.post(path, {}, 422)["fields"].keys() == {"comment"}
        assert admin.post(path, {"comment": " "}, 422)["fields"].keys() == {"comment"}
        admin.post(path, {"comment": "smaller"})
        assert Decision.objects.get().verdict == verdict

    def test_taking_back(self, account: Account, alice: User, bob: User) -> None:
        change = waiting(alice)
        assert program_of(bob).post(f"/changes/{change.pk}/cancel", status=403)["code"] == "not-yours"
        assert program_of(alice).post(f"/changes/{change.pk}/cancel")["status"] == "cancelled"
        assert program_of(alice).post(f"/changes/{change.pk}/cancel", status=409)["code"] == "too-late"

    def test_trying_again(self, dev: Environment, alice: User, program: Program) -> None:
        change = rows.change(dev, alice, ChangeStatus.FAILED, ChangeKind.PARK, problem={"replan": True})
        assert program.post(f"/changes/{change.pk}/retry")["status"] == "planning"
        assert program.post(f"/changes/{change.pk}/retry", status=409)["code"] == "not-failed"

    @pytest.mark.parametrize("act", ["approve", "reject", "send_back", "cancel", "retry", "run"])
    def test_a_change_that_is_not_there(self, ada: User, act: str) -> None:
        sent = {"approve": {"digest": "0"}, "reject": {"comment": "x"}, "send_back": {"comment": "x"}}
        program_of(ada).post(f"/changes/{uuid.UUID(int=7)}/{act}", sent.get(act), 404)


class TestOnce:
    """Idempotency-Key."""

    def test_sent_twice_it_is_one_change(self, account: Account, program: Program) -> None:
        first = program.ask("POST", "/environments", NEW, Idempotency_Key="deploy-17")
        again = program.ask("POST", "/environments", NEW, Idempotency_Key="deploy-17")
        assert (first.status_code, again.status_code) == (202, 202)
        assert told(first, 202)["id"] == told(again, 202)["id"]
        assert first["Location"] == again["Location"]
        assert again["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first
        assert Change.objects.count() == AuditEntry.objects.filter(verb="request_create").count() == 1

    def test_a_uuid_will_do(self, dev: Environment, program: Program) -> None:
        key = str(uuid.uuid4())
        ids = {program.post(f"{DEV}/changes", {"kind": "park"}, 202, Idempotency_Key=key)["id"] for _ in range(3)}
        assert len(ids) == 1

    def test_with_another_request_it_is_a_mistake(self, dev: Environment, program: Program) -> None:
        program.post(f"{DEV}/changes", {"kind": "park"}, 202, Idempotency_Key="k")
        refused = program.post(f"{DEV}/changes", {"kind": "park", "reason": "x"}, 422, Idempotency_Key="k")
        assert refused["code"] == "key-reused"
        assert Change.objects.count() == 1

    def test_a_key_is_a_persons_own(self, account: Account, alice: User, bob: User) -> None:
        first = program_of(alice).post("/environments", NEW, 202, Idempotency_Key="k")
        other = program_of(bob).post("/environments", NEW | {"name": "dev-bob"}, 202, Idempotency_Key="k")
        assert first["id"] != other["id"]

    def test_after_a_refusal_the_key_may_be_sent_again(self, dev: Environment, program: Program) -> None:
        program.post(f"{DEV}/changes", {"kind": "wake"}, 409, Idempotency_Key="k")
        assert not ApiRequest.objects.exists()
        rows.without(dev, StackKind.COMPUTE)
        program.post(f"{DEV}/changes", {"kind": "wake"}, 202, Idempotency_Key="k")

    def test_an_act_is_answered_again_as_it_is_now(self, account: Account, alice: User, ada: User) -> None:
        change, admin = waiting(alice), program_of(ada)
        for _ in range(2):
            sent = {"digest": change.plan_digest}
            assert admin.post(f"/changes/{change.pk}/approve", sent, Idempotency_Key="k")["status"] == "queued"
        assert Decision.objects.count() == 1

    @pytest.mark.parametrize("key", ["", "two words", "x" * 201, "é"])
    def test_what_is_no_key(self, dev: Environment, program: Program, key: str) -> None:
        assert program.post(f"{DEV}/changes", {"kind": "park"}, 422, Idempotency_Key=key)["code"] == "bad-key"
        assert not Change.objects.exists()

    def test_secrets_are_not_kept_beside_a_key(self, account: Account, program: Program) -> None:
        """The row holds a keyed hash of the request, which says nothing to whoever has the database alone."""
        program.post("/environments", NEW, 202, Idempotency_Key="k")
        row = ApiRequest.objects.get()
        assert len(row.fingerprint) == 64
        assert row.change_id == Change.objects.get().pk
