"""The costs of one environment, what is gone and still costs, what could be saved."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import (
    BudgetScope,
    ChangeKind,
    CostSource,
    JobKind,
    JobStatus,
    ParameterVerb,
)
from provisioning.models import (
    AuditEntry,
    CostCalibration,
    Environment,
    ItemJob,
    Parameter,
    ReadBudget,
    Table,
)
from provisioning.planning.plan import build, digest

from . import rows
from .cost_rows import COST, DAY, HOSTILE, NOW, budget, cost, last_days, planned, words
from .table_rows import table

SignIn = Callable[[User], Client]
PAGE = "/environments/hello-erlang/dev-alice/costs/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """It is noon of 20 May."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


class TestNumbers:
    """What it costs."""

    def test_since_birth_this_month_a_day_forecast_and_services(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        for number in range(25):
            cost("2.00", date(2026, 4, 24) + number * DAY, dev)  # to 18 May, the last settled day
        cost("0.50", date(2026, 5, 19), dev, service="Amazon DynamoDB")
        text = words(client_of(alice), PAGE)
        for shown in ("$36.50", "last month $14.00", "$50.50", "since 24 April 2026", "$2.00", "mean of 14 complete"):
            assert shown in text
        assert "≈ $62.00" in text  # 18 days at $2 and 13 more
        assert "Cost Explorer" in text
        assert "Amazon DynamoDB" in text
        page = rows.page(client_of(alice), PAGE)
        assert 'href="/environments/hello-erlang/dev-alice/costs/" aria-current="page"' in page

    def test_before_anything_is_known_it_teaches(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        text = rows.page(client_of(alice), PAGE)
        assert "Nothing is known yet" in text
        assert "Nobody has read or moved items" in text

    def test_the_own_reckoning_is_named_and_never_added(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        last_days("3.00", 5, dev, source=CostSource.ACCRUAL)
        text = rows.page(client_of(alice), PAGE)
        assert "Requests and traffic are not in it." in text
        assert "$15.00" in text
        last_days("1.00", 5, dev)
        text = rows.page(client_of(alice), PAGE)
        assert "$5.00" in text
        assert "$15.00" not in text
        assert "$20.00" not in text

    @pytest.mark.parametrize(("asked", "first"), [("14", "7 May"), ("365", "20 April"), ("nonsense", "21 April")])
    def test_a_year_is_shown_by_weeks(
        self, dev: Environment, alice: User, client_of: SignIn, asked: str, first: str
    ) -> None:
        last_days("1.00", 31, dev)
        text = rows.page(client_of(alice), f"{PAGE}?days={asked}")
        assert f"{first} 2026" in text
        assert ("service and week" in text) == (asked == "365")

    def test_credits_stay_apart_and_below_zero_is_drawn(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        last_days("1.00", 3, dev)
        cost("-2.00", date(2026, 5, 18), dev, service="Refunded")
        cost("-50", date(2026, 5, 18), dev, record_type="Credit")
        text = rows.page(client_of(alice), PAGE)
        assert "$1.00" in text
        assert "$50" not in text

    def test_queries_do_not_grow_with_days_and_happenings(
        self, dev: Environment, alice: User, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        last_days("1.00", 60, dev)
        for number in range(40):
            planned(dev, alice, "30", number)
        client = client_of(alice)
        rows.page(client, PAGE)
        with django_assert_max_num_queries(48):
            rows.page(client, PAGE)


class TestCompared:
    """Estimate against actual."""

    def test_costs_pitfall_20_the_error_is_shown_after_14_days_with_what_the_estimate_rested_on(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        planned(dev, alice, "73", 16)  # $2.40 a day; 4 May
        for number in range(14):
            cost("2.64", date(2026, 5, 5) + number * DAY, dev)
        CostCalibration.objects.create(
            application="hello-erlang", stage="dev", factor=Decimal("1.1"), samples=3, at=timezone.now()
        )
        text = words(client_of(alice), PAGE)
        assert "10 % more than estimated" in text
        assert "$36.96 instead of $33.60 on 14 complete days" in text
        assert "× 1.10, learnt from 3 environments" in text
        assert "Guessed." in text
        assert "at expected use" in text

    def test_costs_pitfall_20_before_that_it_says_how_long_it_takes(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        planned(dev, alice, "73", 10)
        last_days("2.00", 10, dev)
        text = rows.page(client_of(alice), PAGE)
        assert "graded after 14 complete days" in text
        assert "6 more days are needed" in text
        assert "than estimated" not in text

    def test_costs_pitfall_20_the_change_that_was_approved_shows_how_its_price_turned_out(
        self, *, dev: Environment, alice: User, bob: User, client_of: SignIn, settings: Any
    ) -> None:
        planned(dev, alice, "73", 19)  # $2.40 a day; 1 May
        made = dev.changes.get()
        plan = build(kind=ChangeKind.CREATE, stacks=[], findings=[], cost=COST)
        type(made).objects.filter(pk=made.pk).update(plan=plan, plan_digest=digest(plan))
        path = f"/changes/{made.pk}/"
        last_days("3.00", 19, dev)
        assert "It has cost 25 % more than that: $51.00 instead of $40.80 on 17 complete" in words(
            client_of(alice), path
        )
        planned(dev, alice, "90", 5)
        assert "It has cost" not in words(client_of(alice), path)  # 2 to 14 May are 13 days
        dev.changes.exclude(pk=made.pk).delete()
        settings.COSTS_BY_OWNER = True
        assert "It has cost" not in words(client_of(bob), path)

    def test_the_own_reckoning_says_that_it_teaches_nothing(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        last_days("2.00", 3, dev, source=CostSource.ACCRUAL)
        text = rows.page(client_of(alice), PAGE)
        assert "teaches the next estimate nothing" in text
        assert "No plan of this environment had a price" in text


class TestTimeline:
    """What happened, on the same axis."""

    def test_deployments_values_scans_and_exports_are_marked_and_told_as_text(
        self, dev: Environment, alice: User, bob: User, client_of: SignIn
    ) -> None:
        last_days("1.00", 20, dev)
        planned(dev, alice, "30", 5)
        row = Parameter.objects.create(environment=dev, name="/x/use_dynamodb", key="use_dynamodb", type="String")
        row.versions.create(verb=ParameterVerb.EDIT, state="done", by=bob, at=NOW - 4 * DAY, value="secret-value")
        row.versions.create(verb=ParameterVerb.FOUND, state="done", at=NOW - 4 * DAY)
        name = "dev-alice-hello-erlang-messages"
        table(dev, name)
        job = {"environment": dev, "table": name, "status": JobStatus.SUCCEEDED, "asked_by": bob}
        export = ItemJob.objects.create(kind=JobKind.EXPORT, asked_at=NOW - 3 * DAY, capacity=12_500, **job)
        ItemJob.objects.create(kind=JobKind.COUNT, asked_at=NOW - 3 * DAY, **job)
        AuditEntry.objects.create(
            at=NOW - 2 * DAY,
            by=bob,
            verb="read_items",
            environment=dev,
            summary="Read 5 items of it",
            detail={"scan": True},
        )
        text = rows.page(client_of(alice), PAGE)
        for day, shown in [
            ("2026-05-15", "Create environment"),
            ("2026-05-16", "use_dynamodb: set"),
            ("2026-05-17", f"Export of {name}, 12,500 capacity units"),
            ("2026-05-17", f"Count of {name}"),
            ("2026-05-18", "Read 5 items of it"),
        ]:
            line = text[text.index(f'id="day-{day}"') :]
            assert shown in line[: line.index("</ul>")]
        assert text.count('class="event"') == 5
        assert f"/jobs/{export.pk}/" in text
        assert "secret-value" not in text
        assert 'href="#day-2026-05-17"' in text

    def test_several_of_a_kind_are_one_mark_that_leads_to_the_list(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        last_days("1.00", 5, dev)
        for _ in range(6):
            planned(dev, alice, "30", 2)
        text = rows.page(client_of(alice), PAGE)
        assert text.count('class="event"') == 1
        assert "6 changes: Create environment" in text

    def test_hostile_names_are_shown_as_text(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        last_days("1.00", 5, dev, service=HOSTILE)
        row = Parameter.objects.create(environment=dev, name="/x/y", key=HOSTILE, type="String")
        row.versions.create(verb=ParameterVerb.OUTSIDE, state="done", who=HOSTILE, at=NOW - DAY)
        text = rows.page(client_of(alice), PAGE)
        assert HOSTILE not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


class TestUsed:
    """What people used through Stackyard."""

    def test_browsing_and_exports_are_priced(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        row = table(dev, "dev-alice-hello-erlang-messages")
        Table.objects.filter(pk=row.pk).update(described={**row.described, "billing_mode": "PAY_PER_REQUEST"})
        ReadBudget.objects.create(scope=f"table:{row.account_id}:{row.name}", used=Decimal(160_000), free_at=1)
        job = {"environment": dev, "table": row.name, "status": JobStatus.SUCCEEDED, "asked_by": alice}
        ItemJob.objects.create(kind=JobKind.EXPORT, capacity=80_000, asked_at=NOW, **job)
        ItemJob.objects.create(kind=JobKind.IMPORT, capacity=16_000, asked_at=NOW, **job)
        text = rows.page(client_of(alice), PAGE)
        assert "≈ $0.04" in text  # 160,000 and 80,000 reads, 16,000 writes: $0.02 + $0.01 + $0.01
        assert "160,000" in text
        assert "at most" in text


class TestSight:
    """Who sees it."""

    def test_costs_pitfall_22_by_owner_others_are_refused_and_their_parts_left_out(
        self, *, dev: Environment, alice: User, bob: User, ada: User, audrey: User, client_of: SignIn, settings: Any
    ) -> None:
        settings.COSTS_BY_OWNER = True
        Environment.objects.update(created_at=NOW - 60 * DAY)
        last_days("1.00", 5, dev)
        for person, status in ((alice, 200), (ada, 200), (audrey, 200), (bob, 403)):
            client = client_of(person)
            text = rows.page(client, PAGE, status)
            assert ("is shown to its owner" in text) == (status == 403)
            assert ("hello-erlang/dev-alice" in rows.page(client, "/costs/savings/")) == (status == 200)

    def test_costs_pitfall_22_budgets_of_others_are_left_out(
        self, dev: Environment, alice: User, bob: User, client_of: SignIn, settings: Any
    ) -> None:
        settings.COSTS_BY_OWNER = True
        budget(alice, BudgetScope.ENVIRONMENT, "hello-erlang/dev-alice")
        budget(alice, BudgetScope.OWNER, "alice")
        assert "No budgets yet" in rows.page(client_of(bob), "/costs/budgets/")
        assert "hello-erlang/dev-alice" in rows.page(client_of(alice), "/costs/budgets/")
