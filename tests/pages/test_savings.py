"""Environments that nobody uses, what could be saved, and what is gone and still costs."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import (
    ChangeStatus,
    EnvironmentStatus,
    JobKind,
    JobStatus,
    ParameterVerb,
    StackKind,
)
from provisioning.models import (
    Account,
    AuditEntry,
    Environment,
    ItemJob,
    Parameter,
    ReadBudget,
    Table,
)

from . import rows
from .cost_rows import DAY, HOSTILE, NOW, cost, last_days, planned
from .table_rows import table

SignIn = Callable[[User], Client]
PAGE = "/environments/hello-erlang/dev-alice/costs/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """It is noon of 20 May."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


class TestIdle:
    """Nobody uses it."""

    def idle_since(self, environment: Environment, days: int) -> None:
        Environment.objects.filter(pk=environment.pk).update(created_at=NOW - days * DAY)

    def test_idle_days_what_parking_saves_and_the_button(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        planned(dev, alice, "30", 9)
        self.idle_since(dev, 40)
        text = rows.page(client_of(alice), PAGE)
        assert "Idle for 9 days" in text
        assert "$0.78" in text  # $23.73 a month
        assert 'action="/environments/hello-erlang/dev-alice/act/park/"' in text
        assert "a change was asked for" in text

    @pytest.mark.parametrize("use", ["change", "entry", "job", "value", "write", "read"])
    def test_any_use_ends_it_and_stackyard_itself_uses_nothing(
        self, dev: Environment, alice: User, client_of: SignIn, use: str
    ) -> None:
        self.idle_since(dev, 40)
        row = table(dev, "dev-alice-hello-erlang-messages")
        Table.objects.update(last_write_at=None)
        AuditEntry.objects.create(at=NOW, verb="noticed", environment=dev, summary="Stackyard looked")
        assert "Idle for 40 days" in rows.page(client_of(alice), PAGE)
        yesterday = NOW - DAY
        parameter = Parameter.objects.create(environment=dev, name="/x/y", key="y", type="String")
        uses: dict[str, Callable[[], Any]] = {
            "change": lambda: rows.change(dev, alice, ChangeStatus.CANCELLED, ago=86_400),
            "entry": lambda: AuditEntry.objects.create(
                at=yesterday, by=alice, verb="look_again", environment=dev, summary="Looked"
            ),
            "job": lambda: ItemJob.objects.create(
                environment=dev,
                table=row.name,
                kind=JobKind.COUNT,
                status=JobStatus.SUCCEEDED,
                asked_by=alice,
                asked_at=yesterday,
            ),
            "value": lambda: parameter.versions.create(verb=ParameterVerb.EDIT, state="done", at=yesterday),
            "write": lambda: Table.objects.filter(pk=row.pk).update(last_write_at=yesterday),
            "read": lambda: ReadBudget.objects.create(
                scope=f"table:{row.account_id}:{row.name}", used=1, free_at=yesterday.timestamp()
            ),
        }
        uses[use]()
        assert "Idle for" not in rows.page(client_of(alice), PAGE)

    def test_only_dev_that_runs_can_be_idle(self, dev: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        prod = rows.environment(alice, "prod")
        for one in (dev, prod):
            self.idle_since(one, 40)
        rows.without(dev, StackKind.COMPUTE)
        for path in (PAGE, "/environments/hello-erlang/prod/costs/"):
            assert "Idle for" not in rows.page(client_of(ada), path)

    def test_who_may_not_park_sees_no_button(
        self, dev: Environment, audrey: User, bob: User, client_of: SignIn
    ) -> None:
        self.idle_since(dev, 40)
        for person in (audrey, bob):
            text = rows.page(client_of(person), PAGE)
            assert "Idle for 40 days" in text
            assert "act/park" not in text


class TestSavings:
    """What would I save."""

    def test_everything_is_listed_dearest_first_with_its_act(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        Environment.objects.update(created_at=NOW - 60 * DAY)
        planned(dev, alice, "30", 9)
        made = {"account": Account.objects.get(), "application": "hello-erlang", "seen_at": NOW, "arn": "arn"}
        Table.objects.create(name="kept-one", environment_name="dev-old", monthly_cost=Decimal("99.5"), **made)
        Table.objects.create(
            name="backed-up",
            environment_name="dev-alice",
            environment=dev,
            stack_name="hello-erlang-data-dev-alice",
            backups=3,
            backup_at=NOW - 100 * DAY,
            size_bytes=10_000_000_000,
            described={"billing_mode": "PROVISIONED"},
            **made,
        )
        text = rows.page(client_of(alice), "/costs/savings/")
        places = [text.index(one) for one in ("≈ $99.50", "≈ $23.73", "at most <span", "not known")]
        assert places == sorted(places)
        assert "≈ $3.00" in text  # 3 × 10 GB × $0.10
        assert "Nobody has used it for 9 days." in text
        assert "28.9 %" in text
        assert f'href="{PAGE}#idle"' in text

    def test_long_parked_data_is_offered_and_new_one_is_not(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        rows.without(dev, StackKind.COMPUTE)
        assert "Nothing to save" in rows.page(client_of(alice), "/costs/savings/")
        Environment.objects.update(created_at=NOW - 60 * DAY)
        text = rows.page(client_of(alice), "/costs/savings/")
        assert "It is parked, and nobody has used its data for 60 days." in text
        assert 'href="/environments/hello-erlang/dev-alice/delete-data/"' in text

    def test_queries_do_not_grow_with_the_list(
        self, dev: Environment, alice: User, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(12):
            table(rows.environment(alice, f"dev-{number}"), f"dev-{number}-messages")
        Environment.objects.update(created_at=NOW - 60 * DAY)
        client = client_of(alice)
        rows.page(client, "/costs/savings/")
        with django_assert_max_num_queries(20):
            rows.page(client, "/costs/savings/")


class TestGone:
    """Deleted, and still costing."""

    def removed(self, owner: User, name: str) -> Environment:
        return rows.without(rows.environment(owner, name, status=EnvironmentStatus.REMOVED), *StackKind)

    def test_costs_pitfall_21_a_row_stays_until_a_week_of_complete_days_cost_nothing(
        self, account: Account, alice: User, client_of: SignIn, clock: time_machine.Traveller
    ) -> None:
        gone = self.removed(alice, "dev-gone")
        client = client_of(alice)
        cost("0.70", date(2026, 5, 12), gone)
        cost("0", date(2026, 5, 18), gone)
        text = rows.page(client, "/costs/")
        assert "Gone, and still costing" in text
        assert "hello-erlang/dev-gone" in text
        assert "$0.10" in text  # a day, of the week to 18 May
        clock.shift(timedelta(days=1))
        cost("0", date(2026, 5, 19), gone)
        assert "Gone, and still costing" not in rows.page(client, "/costs/")

    def test_tags_of_no_environment_and_kept_tables_with_their_price(
        self, account: Account, alice: User, client_of: SignIn
    ) -> None:
        cost("7", date(2026, 5, 15), application="hello-erlang", environment_name=HOSTILE)
        Table.objects.create(
            account=account,
            name="kept",
            arn="arn",
            application="hello-erlang",
            environment_name="dev-old",
            monthly_cost=Decimal("1.25"),
            seen_at=NOW,
        )
        text = rows.page(client_of(alice), "/costs/")
        assert "not one of Stackyard’s" in text
        assert "1 table that no stack owns" in text
        assert "≈ $1.25" in text
        assert HOSTILE not in text

    def test_what_is_there_is_not_gone(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        last_days("1.00", 5, dev)
        assert "Gone, and still costing" not in rows.page(client_of(alice), "/costs/")
