"""Stacks to adopt and kept tables, as programs read them and ask for what becomes of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment, Table

from .. import rows
from ..survey_rows import found, kept, removed
from .program import Program, program_of, told

ADOPT = {"application": "hello-erlang", "name": "dev", "reason": "Ours from now on"}
KEPT = "/kept-tables/hello-erlang/dev-bob/deletions"
OVER = {"confirm": "dev-bob", "reason": "over"}


@pytest.fixture
def program(account: Account, alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


class TestAdoptable:
    """GET /adoptable."""

    def test_what_was_found_with_what_is_missing_and_why_not(self, program: Program) -> None:
        found("dev", StackKind.DATA)
        found("staging", StackKind.COMPUTE)
        dev, staging = program.get("/adoptable")["items"]
        assert (dev["name"], dev["owner"], dev["missing"], dev["why_not"]) == ("dev", "ops", ["compute"], "")
        assert [(one["kind"], one["name"], one["status"]) for one in dev["stacks"]] == [
            ("data", "hello-erlang-data-dev", "CREATE_COMPLETE")
        ]
        assert "no data stack beside it" in staging["why_not"]

    def test_who_may_not_is_told(self, account: Account, audrey: User) -> None:
        found()
        (one,) = program_of(audrey).get("/adoptable")["items"]
        assert one["why_not"].startswith("You may read everything here")

    def test_pages_go_on(self, program: Program) -> None:
        for name in ("dev-c", "dev-a", "dev-b"):
            found(name)
        first = program.get("/adoptable?limit=2")
        rest = program.get(f"/adoptable?limit=2&cursor={first['next']}")
        assert [one["name"] for one in first["items"] + rest["items"]] == ["dev-a", "dev-b", "dev-c"]
        assert rest["next"] is None
        assert program.get("/adoptable?cursor=nonsense", 422)["code"] == "bad-cursor"

    def test_one_with_its_tables_and_who_agrees(self, program: Program) -> None:
        found("prod")
        kept("prod-hello-erlang-messages", "prod", stack_name="hello-erlang-data-prod")
        one = program.get("/adoptable/hello-erlang/prod")
        assert (one["approvals_needed"], one["approver_groups"]) == (1, ["admins"])
        assert [table["name"] for table in one["tables"]] == ["prod-hello-erlang-messages"]
        program.get("/adoptable/hello-erlang/dev", 404)


class TestAdopting:
    """POST /adoptions."""

    def test_it_answers_the_change_once(self, program: Program, alice: User) -> None:
        found()
        answer = program.ask("POST", "/adoptions", ADOPT, Idempotency_Key="k")
        made = told(answer, 202)
        assert answer["Location"] == f"/api/v1/changes/{made['id']}"
        assert (made["kind"], made["reason"], made["environment"]) == ("adopt", ADOPT["reason"], "hello-erlang/dev")
        assert program.post("/adoptions", ADOPT, 202, Idempotency_Key="k")["id"] == made["id"]
        assert Environment.objects.get().owner == alice
        assert program.post("/adoptions", ADOPT, 409)["change"] == made["id"]

    def test_what_cannot_be(self, program: Program, audrey: User) -> None:
        assert program.post("/adoptions", ADOPT, 409)["code"] == "nothing-found"
        found("dev", StackKind.COMPUTE)
        assert program.post("/adoptions", ADOPT, 409)["code"] == "cannot-adopt"
        assert program_of(audrey).post("/adoptions", ADOPT, 403)["code"] == "not-allowed"
        assert program.post("/adoptions", ADOPT | {"reason": "x" * 501}, 422)["fields"].keys() == {"reason"}
        assert not Environment.objects.exists()


class TestKept:
    """GET /kept-tables."""

    def test_tables_by_environment_with_what_they_hold(self, program: Program, bob: User) -> None:
        removed(bob, "dev-bob")
        kept("dev-bob-hello-erlang-messages", monthly_cost="1.5")
        kept("dev-bob-hello-erlang-sessions", item_count=0, protected=True, monthly_cost=None)
        answer = program.get("/kept-tables")
        (one,) = answer["items"]
        assert (one["application"], one["name"], one["known"], one["monthly_cost"]) == (
            "hello-erlang", "dev-bob", True, "1.50",
        )  # fmt: skip
        assert [(table["name"], table["protected"]) for table in one["tables"]] == [
            ("dev-bob-hello-erlang-messages", False),
            ("dev-bob-hello-erlang-sessions", True),
        ]
        assert "belongs to bob" in one["why_not_delete"]
        assert one["kept_since"]
        assert answer["totals"] | {"tables": 2, "unpriced": 1, "monthly_cost": "1.50"} == answer["totals"]

    def test_filters_and_pages(self, program: Program) -> None:
        kept("dev-a-hello-erlang-messages", "dev-a")
        kept("file-sharing-app-dev-b-users", "dev-b", "fileshare")
        assert [one["name"] for one in program.get("/kept-tables?application=fileshare")["items"]] == ["dev-b"]
        assert [one["name"] for one in program.get("/kept-tables?q=messages")["items"]] == ["dev-a"]
        first = program.get("/kept-tables?limit=1")
        assert [one["name"] for one in first["items"]] == ["dev-b"]
        assert [one["name"] for one in program.get(f"/kept-tables?cursor={first['next']}")["items"]] == ["dev-a"]
        assert first["totals"]["tables"] == 2


class TestDeleting:
    """POST /kept-tables/{app}/{name}/deletions."""

    def test_it_answers_the_deletion_of_the_data(self, program: Program, alice: User) -> None:
        kept("dev-bob-hello-erlang-messages")
        Environment.objects.filter(pk=removed(alice, "dev-bob").pk).update(data_protected=False)
        answer = program.ask("POST", KEPT, OVER, Idempotency_Key="k")
        made = told(answer, 202)
        assert (made["kind"], made["environment"]) == (ChangeKind.DELETE_DATA, "hello-erlang/dev-bob")
        assert answer["Location"] == f"/api/v1/changes/{made['id']}"
        assert program.post(KEPT, OVER, 202, Idempotency_Key="k")["id"] == made["id"]
        assert Table.objects.count() == 1

    def test_tables_that_nobody_knew_are_protected_until_that_is_switched_off(
        self, program: Program, alice: User
    ) -> None:
        kept("dev-bob-hello-erlang-messages")
        assert "is protected" in program.post(KEPT, OVER, 409)["detail"]
        assert Environment.objects.get().owner == alice
        unprotect = {"kind": "unprotect", "reason": "nobody needs them"}
        program.post("/environments/hello-erlang/dev-bob/changes", unprotect, 202)

    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            ({"confirm": "dev-bo", "reason": "over"}, 422, "confirm"),
            ({"confirm": "dev-bob"}, 422, "no-reason"),
            ({"reason": "over"}, 422, "invalid"),
        ],
    )
    def test_it_is_confirmed_as_on_its_page(
        self, program: Program, sent: dict[str, str], status: int, code: str
    ) -> None:
        kept("dev-bob-hello-erlang-messages")
        assert program.post(KEPT, sent, status)["code"] == code
        assert not Environment.objects.exists()  # nothing is written down of what was refused
        assert not AuditEntry.objects.exclude(verb="create_token").exists()

    def test_a_living_data_stack_is_not_taken_along(self, program: Program, alice: User) -> None:
        rows.without(rows.environment(alice, "dev-bob"), StackKind.COMPUTE)
        kept("dev-bob-hello-erlang-old")
        assert program.post(KEPT, OVER, 409)["code"] == "has-stack"
        assert not Change.objects.exists()

    def test_only_tables_that_are_kept(self, program: Program, bob: User) -> None:
        program.post(KEPT, OVER, 404)
        removed(bob, "dev-bob")
        kept("dev-bob-hello-erlang-messages")
        assert program.post(KEPT, OVER, 403)["code"] == "not-yours"
        assert not Change.objects.exclude(status=ChangeStatus.SUCCEEDED).exists()


class TestSurveys:
    """GET and POST /surveys."""

    def test_looking_again(self, account: Account, program: Program) -> None:
        hours = timedelta(hours=1)
        Account.objects.update(surveyed_at=timezone.now() - hours, survey_due_at=timezone.now() + hours)
        assert program.get("/surveys")["looking"] is False
        assert program.post("/surveys", None, 202)["looking"] is True
        assert program.get("/kept-tables")["survey"]["looking"] is True
        assert AuditEntry.objects.filter(verb="look_again").count() == 1

    def test_who_may_not(self, account: Account, audrey: User) -> None:
        assert program_of(audrey).post("/surveys", None, 403)["code"] == "not-allowed"

    def test_without_an_account(self, alice: User) -> None:
        program = program_of(alice)
        assert program.post("/surveys", None, 409)["code"] == "no-account"
        assert program.get("/surveys") == {"at": None, "looking": False, "problem": ""}
