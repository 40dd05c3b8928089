"""Budgets by the API: how they stand, who may set and remove which, each once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from portal.accounts.models import Scope, User
from provisioning.engine.costing.budgeting import tell
from provisioning.lifecycle import BudgetScope
from provisioning.models import AuditEntry, Budget, Environment

from .. import rows
from ..cost_rows import DAY, budget, cost
from .program import Program, program_of, told

ASK = {"scope": "environment", "subject": "hello-erlang/dev-alice", "monthly": "40.5"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """It is noon of 20 May."""
    with time_machine.travel(datetime(2026, 5, 20, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def spent(environment: Environment) -> None:
    """$3 on each day from 1 to 20 May, of which the last two are still coming in."""
    for number in range(20):
        cost("3.00", date(2026, 5, 1) + number * DAY, environment)


def test_how_they_stand(dev: Environment, alice: User, program: Program) -> None:
    spent(dev)
    budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
    budget(alice, BudgetScope.OWNER, "alice", "50")
    tell()
    one, other = program.get("/budgets")["items"]
    assert (one["subject"], one["monthly"], one["used"], one["so_far"], one["incoming"]) == (
        "hello-erlang/dev-alice", "100", 60, "60", "6",
    )  # fmt: skip
    assert one["forecast"]["expected"].startswith("93")
    assert [(notice["threshold"], notice["sentence"]) for notice in one["told"]] == [
        (50, "50 % of the month's budget of hello-erlang/dev-alice are used.")
    ]
    assert (other["scope"], other["used"], other["why_not"], other["set_by"]) == ("owner", 120, "", "alice")
    assert None in {notice["threshold"] for notice in other["told"]}  # the forecast
    assert one["url"] == "/environments/hello-erlang/dev-alice/costs/"


def test_filters_and_pages(dev: Environment, alice: User, program: Program) -> None:
    for number in range(3):
        budget(alice, BudgetScope.APPLICATION, f"application-{number}")
    budget(alice, BudgetScope.OWNER, "alice")
    assert [one["subject"] for one in program.get("/budgets?scope=owner")["items"]] == ["alice"]
    assert program.get("/budgets?subject=application-1")["items"][0]["so_far"] is None  # nothing is known of costs
    first = program.get("/budgets?limit=3")
    rest = program.get(f"/budgets?limit=3&cursor={first['next']}")
    assert [one["subject"] for one in first["items"] + rest["items"]] == [
        "application-0", "application-1", "application-2", "alice",
    ]  # fmt: skip
    assert rest["next"] is None
    assert program.get("/budgets?scope=planet", 422)["fields"]
    assert program.get("/budgets?cursor=x", 422)["code"] == "bad-cursor"


def test_setting_changing_and_removing_each_once(dev: Environment, alice: User, program: Program) -> None:
    made = program.post("/budgets", ASK)
    assert (made["monthly"], made["thresholds"], made["set_by"]) == ("40.5", [50, 80, 100], "alice")
    assert program.post("/budgets", ASK) == made
    changed = program.post("/budgets", ASK | {"monthly": "60", "thresholds": [90, 100]})
    assert (changed["id"], changed["monthly"], changed["thresholds"]) == (made["id"], "60", [90, 100])
    assert told(program.ask("DELETE", f"/budgets/{made['id']}"), 200) == {"id": made["id"]}
    again = program.ask("DELETE", f"/budgets/{made['id']}")
    assert (told(again, 200), again["Idempotent-Replayed"]) == ({"id": made["id"]}, "true")
    assert not Budget.objects.exists()
    entries = AuditEntry.objects.filter(environment=dev).order_by("id")
    assert [one.verb for one in entries] == ["set_budget", "set_budget", "remove_budget"]
    assert {one.by for one in entries} == {alice}
    assert entries[0].detail["token"].startswith("ci (")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"monthly": "0"}, "monthly"),
        ({"monthly": "1e3"}, "monthly"),
        ({"monthly": "1.005"}, "monthly"),
        ({"monthly": 40}, "monthly"),
        ({"thresholds": []}, "thresholds"),
        ({"thresholds": [0]}, "thresholds.0"),
        ({"thresholds": [1001]}, "thresholds.0"),
        ({"subject": "hello-erlang/none"}, "subject"),
        ({"subject": ""}, "subject"),
        ({"scope": "planet"}, "scope"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_budget(dev: Environment, program: Program, wrong: dict[str, Any], field: str) -> None:
    assert field in program.post("/budgets", ASK | wrong, 422)["fields"]
    assert not Budget.objects.exists()


def test_whose_money_it_is_not(dev: Environment, alice: User, bob: User, audrey: User, ada: User) -> None:
    made = budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
    theirs = program_of(bob)
    assert theirs.post("/budgets", ASK, 403)["code"] == "not-yours"
    assert theirs.ask("DELETE", f"/budgets/{made.pk}").status_code == 403
    assert "not yours" in theirs.get("/budgets")["items"][0]["why_not"]
    assert program_of(audrey).post("/budgets", ASK, 403)["code"] == "not-allowed"
    assert program_of(alice, Scope.READ).post("/budgets", ASK, 403)["code"] == "no-scope"
    assert Budget.objects.get().monthly == 100
    admin = program_of(ada)
    assert admin.post("/budgets", ASK)["set_by"] == "ada"
    assert admin.ask("DELETE", f"/budgets/{made.pk}").status_code == 200
    assert theirs.ask("DELETE", f"/budgets/{made.pk}").status_code == 404
    assert admin.ask("DELETE", f"/budgets/{made.pk + 1}").status_code == 404


def test_costs_pitfall_22_who_may_not_see_amounts_sees_no_budget(
    dev: Environment, alice: User, bob: User, settings: Any
) -> None:
    settings.COSTS_BY_OWNER = True
    rows.environment(bob, "dev-bob")
    budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
    budget(bob, BudgetScope.ENVIRONMENT, "hello-erlang/dev-bob")
    assert [one["subject"] for one in program_of(bob).get("/budgets")["items"]] == ["hello-erlang/dev-bob"]
