"""Costs by the API: the page's numbers, filters and rights, exact, and without AWS being asked."""

from decimal import Decimal
from typing import Any

import pytest
from botocore.client import BaseClient
from django.test import Client

from portal.accounts.models import User
from provisioning.lifecycle import CostSource
from provisioning.models import Account, CostCall, CostDay, Environment

from ..api.program import Program, program_of
from .spent import MAY, TODAY, days, numbers, spend, whole

HERE = "/environments/hello-erlang/dev-alice/costs"


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


@pytest.mark.parametrize("by", ["day", "environment", "application", "service", "stage", "owner"])
def test_however_it_is_split_the_sum_is_the_same(steady: None, program: Program, by: str) -> None:
    found = program.get(f"/costs?range=month&by={by}")
    assert (found["by"], found["total"], found["source"]) == (by, "64.82", "explorer")
    assert sum(Decimal(one["total"]) for one in found["items"]) == Decimal("64.82")
    in_days = sum(Decimal(amount) for one in found["items"] for amount in one["days"].values())
    assert in_days == Decimal("64.82")


def test_it_is_what_the_page_says(steady: None, program: Program, alice: User, client_of: Any) -> None:
    client: Client = client_of(alice)
    for query in (
        "",
        "by=service&application=fileshare",
        "from=2026-05-02&to=2026-05-04",
        "environment=dev&range=month",
    ):
        page, found = numbers(client, query), program.get(f"/costs?{query}")
        assert [(one["label"], one["total"], one["days"]) for one in found["items"]] == [
            (one["label"], one["total"], one["days"]) for one in page["groups"]
        ]
        for name in ("total", "first_day", "last_day", "complete_until", "currency", "filters", "estimated_from"):
            assert found[name] == page[name], (query, name)


def test_how_sure_it_is_and_what_stands_apart(steady: None, program: Program) -> None:
    CostDay.objects.exclude(day=TODAY).update(estimated=False)
    whole(MAY, "10")
    found = program.get("/costs?range=month")
    assert (found["estimated"], found["estimated_from"]) == (True, "2026-05-20")
    assert (found["as_of"], found["complete_until"]) == ("2026-05-20T12:00:00Z", "2026-05-18")
    assert found["untagged"] == [{"service": "AWS Support (Business)", "amount": "9", "shared": True}]
    assert [one["apart"] for one in found["items"] if one["label"] == "Untagged"] == [True]
    assert found["broken"] == {"2026-05-01": "-6.4"}
    assert found["month"]["so_far"] == "64.82"
    assert found["month"]["last_month"] == "33"
    assert program.get("/costs?from=2026-05-02&to=2026-05-03")["estimated"] is False


def test_amounts_are_exact(account: Account, program: Program) -> None:
    spend(("a", "b"), "0.123456789012", days(MAY, 3))
    assert program.get("/costs?range=month")["total"] == "0.370370367036"


def test_pages(account: Account, program: Program) -> None:
    for number in range(7):
        spend(("app", f"dev-{number}"), str(number + 1))
    seen, cursor = [], ""
    while cursor is not None:
        page = program.get(f"/costs?limit=3&cursor={cursor}")
        assert page["total"] == "28"
        seen += [one["label"] for one in page["items"]]
        cursor = page["next"]
    assert seen == [f"app/dev-{number}" for number in reversed(range(7))]
    cursor = program.get("/costs?limit=3")["next"]
    spend(("app", "dev-9"), "1")
    assert program.get(f"/costs?limit=3&cursor={cursor}", 422)["code"] == "bad-cursor"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-05-04&to=2026-05-02", "to"),
        ("from=2024-05-04&to=2026-05-02", "to"),
        ("to=0001-01-02", "to"),
        ("from=9999-12-31", "from"),
        ("from=yesterday", "from"),
        ("by=colour", "by"),
        ("source=guess", "source"),
        ("cursor=nobody", "cursor"),
    ],
)
def test_what_does_not_fit_is_said(steady: None, program: Program, query: str, field: str) -> None:
    assert list(program.get(f"/costs?{query}", 422)["fields"]) == [field]


def test_before_there_is_anything(dev: Environment, program: Program) -> None:
    found = program.get("/costs")
    assert (found["source"], found["total"], found["items"], found["month"]) == (None, "0", [], None)
    found = program.get(HERE)
    assert (found["source"], found["total"], found["services"], found["days"]) == (None, "0", [], {})
    assert found["estimated_monthly"] == "34.99"


def test_one_environment(steady: None, program: Program) -> None:
    found = program.get(f"{HERE}?days=14")
    assert (found["environment"], found["total"], found["first_day"]) == ("dev-alice", "52.81", "2026-04-01")
    assert found["services"][0] == {"service": "Amazon DynamoDB", "amount": "52.8"}
    assert (found["a_day"], found["mean_of"]) == ("1.1", 14)
    assert found["month"]["last_month"] == "33"
    assert list(found["days"])[0::12] == ["2026-05-07", "2026-05-20"]
    program.get(f"{HERE}?days=7", 422)
    program.get("/environments/hello-erlang/nobody/costs", 404)


def test_the_two_sources_are_never_added(steady: None, dev: Environment, program: Program) -> None:
    spend(dev, "5", days(MAY, 2), source=CostSource.ACCRUAL)
    assert program.get("/costs?range=month&source=accrual")["total"] == "10"
    assert program.get("/costs?range=month")["total"] == "64.82"


def test_engineers_see_what_is_theirs(steady: None, alice: User, bob: User, audrey: User, settings: Any) -> None:
    settings.COSTS_BY_OWNER = True
    assert program_of(alice).get("/costs?range=month")["total"] == "19.81"
    assert program_of(audrey).get("/costs?range=month")["total"] == "64.82"
    assert program_of(bob).get(HERE, 403)["code"] == "costs-not-yours"
    assert program_of(alice).get(HERE)["total"] == "52.81"


def test_looking_asks_aws_nothing(steady: None, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("AWS was asked")

    monkeypatch.setattr(BaseClient, "_make_api_call", never)
    program.get("/costs?by=day")
    program.get(HERE)
    assert not CostCall.objects.exists()
