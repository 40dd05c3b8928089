"""Stackyard's own reckoning: what is deployed, by the hour, counted once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from provisioning.costs.services import service_of
from provisioning.engine.costing.accruing import accrue, spans_between
from provisioning.lifecycle import ChangeKind, CostSource
from provisioning.models import CostDay, Environment, Table

from .test_surveying import surveyed
from .yard import FILESHARE, HELLO, Yard

BALANCER = "Amazon Elastic Load Balancing"
ALB_HOUR = Decimal("0.0225") + 2 * Decimal("0.005")  # with a public address in each of two zones


@pytest.fixture(autouse=True)
def _no_explorer(settings: Any) -> None:
    settings.COST_EXPLORER = False


@pytest.fixture
def up(yard: Yard) -> Environment:
    """hello-erlang/dev, ready, with its meters started."""
    environment = yard.ready(HELLO)
    accrue()
    return environment


def total(service: str = "", day: date | None = None) -> Decimal:
    rows = CostDay.objects.filter(source=CostSource.ACCRUAL)
    rows = rows.filter(service=service) if service else rows
    rows = rows.filter(day=day) if day else rows
    return sum((row.amount for row in rows), Decimal(0))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.0001"))


def test_hours_times_list_price(yard: Yard, up: Environment) -> None:
    before = total(BALANCER)
    yard.clock.shift(timedelta(hours=10))
    accrue()
    assert cents(total(BALANCER) - before) == cents(ALB_HOUR * 10)
    row = CostDay.objects.filter(service=BALANCER).latest("day")
    assert (row.environment, row.application, row.environment_name) == (up, HELLO, "dev")


def test_what_was_counted_is_counted_once(yard: Yard, up: Environment) -> None:
    yard.clock.shift(timedelta(hours=3))
    assert accrue() == 1  # tables that hold nothing cost nothing
    before = total()
    assert accrue() == 0
    yard.clock.shift(timedelta(minutes=30))
    assert accrue() == 0
    assert total() == before


def test_it_is_split_at_midnight_utc(yard: Yard, up: Environment) -> None:
    yard.clock.move_to(datetime(2026, 5, 4, 22, tzinfo=UTC))
    accrue()
    first = total(BALANCER, date(2026, 5, 4))
    yard.clock.move_to(datetime(2026, 5, 5, 3, tzinfo=UTC))
    accrue()
    assert cents(total(BALANCER, date(2026, 5, 4)) - first) == cents(ALB_HOUR * 2)
    assert cents(total(BALANCER, date(2026, 5, 5))) == cents(ALB_HOUR * 3)


def test_parked_compute_costs_nothing_more(yard: Yard, up: Environment) -> None:
    yard.clock.shift(timedelta(hours=2))
    accrue()
    yard.did(up, ChangeKind.PARK)
    accrue()
    before = total(BALANCER)
    yard.clock.shift(timedelta(hours=5))
    accrue()
    assert total(BALANCER) == before
    yard.did(up, ChangeKind.WAKE)
    yard.clock.shift(timedelta(hours=1))
    accrue()
    assert before < total(BALANCER) < before + ALB_HOUR * 2


def test_kept_tables_go_on_costing(yard: Yard, up: Environment) -> None:
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
        yard.did(up, kind)
    surveyed(yard)
    Table.objects.update(monthly_cost=Decimal("7.30"))
    accrue()
    before = total()
    yard.clock.shift(timedelta(hours=100))
    accrue()
    assert cents(total() - before) == cents(Decimal("0.01") * 100 * Table.objects.count())


def test_where_cost_explorer_is_nothing_is_reckoned(yard: Yard, settings: Any) -> None:
    settings.COST_EXPLORER = True
    yard.ready(FILESHARE)
    yard.clock.shift(timedelta(hours=5))
    assert accrue() == 0
    assert not CostDay.objects.exists()


def test_a_time_that_is_empty_has_no_spans() -> None:
    now = timezone.now()
    assert list(spans_between(now, now)) == []
    assert [one.hours for one in spans_between(now, now + timedelta(days=400))][1:-1] == [Decimal(24)] * 399


def test_services_have_the_bills_words() -> None:
    assert service_of("AWS::DynamoDB::Table") == "Amazon DynamoDB"
    assert service_of("AWS::IAM::Role") == "Other"
