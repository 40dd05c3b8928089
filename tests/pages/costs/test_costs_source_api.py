"""Where costs come from, what could be saved, and having costs read now, by the API."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Scope, User
from provisioning.lifecycle import RefreshStatus
from provisioning.models import (
    Account,
    AuditEntry,
    CostCall,
    CostRefresh,
    CostRevision,
    CostTag,
    Environment,
    Table,
)

from .. import rows
from ..api.program import Program, program_of, told
from ..cost_rows import DAY
from ..cost_rows import planned as planned_long_ago
from .spent import NOW, TODAY


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def reading(account: Account, status: RefreshStatus = RefreshStatus.DONE, **columns: Any) -> CostRefresh:
    """A reading that was asked for now, over unless `columns` say otherwise."""
    columns = {"asked_at": timezone.now(), "finished_at": timezone.now(), **columns}
    return CostRefresh.objects.create(
        account=account, status=status, first_day=TODAY - 3 * DAY, end_day=TODAY + DAY, **columns
    )


class TestSource:
    """GET /costs/source."""

    def test_before_anything_is_known(self, account: Account, program: Program) -> None:
        found = program.get("/costs/source")
        assert (found["source"], found["readings"], found["spent"], found["cap"]) == (None, [], "0", "5")
        assert [tag["key"] for tag in found["tags"]] == ["Application", "Environment"]
        assert "only the payer account may say" in found["tags"][0]["problem"]

    def test_readings_their_price_tags_and_what_was_changed(
        self, steady: None, account: Account, ada: User, program: Program
    ) -> None:
        done = reading(account, asked_by=ada, changed=2)
        CostCall.objects.create(
            account=account, refresh=done, operation="GetCostAndUsage", price=Decimal("0.01"), at=NOW
        )
        CostTag.objects.create(account=account, key="Application", status="Active", seen_at=NOW)
        CostRevision.objects.create(
            account=account, day=TODAY, service="Amazon EC2", record_type="Usage", before="1.10", after="1.2", at=NOW
        )
        found = program.get("/costs/source")
        assert (found["source"], found["cost_explorer"], found["spent"], found["pages"]) == (
            "explorer",
            True,
            "0.01",
            1,
        )
        (one,) = found["readings"]
        assert (one["status"], one["asked_by"], one["pages"], one["changed"]) == ("done", "ada", 1, 2)
        assert (one["first_day"], one["last_day"]) == ("2026-05-17", "2026-05-20")
        assert [tag["active"] for tag in found["tags"]] == [True, False]
        assert (found["revised"], found["revisions"][0]["before"], found["revisions"][0]["after"]) == (1, "1.1", "1.2")

    def test_costs_pitfall_22_what_was_changed_is_for_who_sees_everything(
        self, *, account: Account, alice: User, audrey: User, settings: Any
    ) -> None:
        settings.COSTS_BY_OWNER = True
        CostRevision.objects.create(
            account=account, day=TODAY, service="Amazon EC2", record_type="Usage", before="1", after="2", at=NOW
        )
        assert program_of(alice).get("/costs/source")["revisions"] == []
        assert len(program_of(audrey).get("/costs/source")["revisions"]) == 1


class TestRefresh:
    """POST /costs/refresh."""

    def test_admins_have_costs_read_and_two_get_one_reading(self, account: Account, ada: User, grace: User) -> None:
        made = program_of(ada).post("/costs/refresh", status=202)
        assert (made["status"], made["asked_by"], made["pages"]) == ("queued", "ada", 0)
        assert program_of(grace).post("/costs/refresh", status=202)["id"] == made["id"]
        assert AuditEntry.objects.get(verb="refresh_costs").by == ada

    def test_with_one_key_it_is_paid_for_once(self, account: Account, ada: User) -> None:
        """Also where that reading is over by then, or was somebody else's."""
        admin, under_way = program_of(ada), reading(account, RefreshStatus.RUNNING, finished_at=None)
        first = admin.ask("POST", "/costs/refresh", Idempotency_Key="nightly")
        assert (told(first, 202)["id"], "Idempotent-Replayed" in first) == (under_way.pk, False)
        CostRefresh.objects.update(status=RefreshStatus.DONE, finished_at=NOW + timedelta(seconds=1))
        again = admin.ask("POST", "/costs/refresh", Idempotency_Key="nightly")
        assert (told(again, 202)["id"], again["Idempotent-Replayed"]) == (under_way.pk, "true")
        assert CostRefresh.objects.count() == 1
        assert admin.post("/costs/refresh", status=202, Idempotency_Key="next")["id"] != under_way.pk

    def test_who_may_not(self, account: Account, alice: User, audrey: User, ada: User) -> None:
        for person in (alice, audrey):
            assert program_of(person).post("/costs/refresh", status=403)["code"] == "not-allowed"
        assert program_of(ada, Scope.READ).post("/costs/refresh", status=403)["code"] == "no-scope"
        assert not CostRefresh.objects.exists()

    def test_where_there_is_nothing_to_read(self, ada: User, settings: Any) -> None:
        admin = program_of(ada)
        assert admin.post("/costs/refresh", status=409)["code"] == "no-account"
        Account.objects.create(slug="default", region="us-east-1")
        settings.COST_EXPLORER_MONTHLY_CAP = Decimal(0)
        assert admin.post("/costs/refresh", status=409)["code"] == "cost-cap"
        settings.COST_EXPLORER = False
        assert admin.post("/costs/refresh", status=409)["code"] == "no-cost-explorer"
        assert not CostRefresh.objects.exists()


class TestSavings:
    """GET /costs/savings."""

    @pytest.fixture
    def idle(self, dev: Environment, alice: User) -> None:
        """An environment that nobody uses, a kept table, and one whose capacity is provisioned."""
        Environment.objects.update(created_at=NOW - 60 * DAY)
        planned_long_ago(dev, alice, "30", 9)
        made = {"account": Account.objects.get(), "application": "hello-erlang", "seen_at": NOW, "arn": "arn"}
        Table.objects.create(name="kept-one", environment_name="dev-old", monthly_cost=Decimal("99.5"), **made)
        Table.objects.create(
            name="provisioned", environment_name="dev-alice", environment=dev, stack_name="data",
            described={"billing_mode": "PROVISIONED"}, **made,
        )  # fmt: skip

    def test_it_is_what_the_page_lists(self, idle: None, alice: User, program: Program, client_of: Any) -> None:
        found = program.get("/costs/savings")
        client: Client = client_of(alice)
        page = re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', rows.page(client, "/costs/savings/"))
        assert (
            [one["subject"] for one in found["items"]] == page == ["kept-one", "hello-erlang/dev-alice", "provisioned"]
        )
        assert [one["monthly"] for one in found["items"]] == ["99.5", "23.73", None]
        assert (found["total"], found["next"]) == ("123.23", None)
        assert (found["items"][1]["act"], found["items"][1]["why"]) == ("Park", "Nobody has used it for 9 days.")

    def test_page_by_page(self, idle: None, program: Program) -> None:
        names, cursor = [], ""
        while cursor is not None:
            page = program.get(f"/costs/savings?limit=1&cursor={cursor}")
            names += [one["subject"] for one in page["items"]]
            cursor = page["next"]
        assert names == ["kept-one", "hello-erlang/dev-alice", "provisioned"]
        assert program.get("/costs/savings?cursor=WyJOYU4iLCJhIiwiYiIsImMiXQ", 422)["code"] == "bad-cursor"

    def test_costs_pitfall_22_only_what_is_theirs(self, idle: None, bob: User, settings: Any) -> None:
        settings.COSTS_BY_OWNER = True
        assert program_of(bob).get("/costs/savings")["items"] == []
