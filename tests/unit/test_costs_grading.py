"""Estimate against actual, and what it says of the next estimate."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.costs.grading import ENOUGH, HIGHEST, LOOKED_AT, LOWEST, Expected, Grade, factor, grade

DAY = timedelta(days=1)
BORN = datetime(2026, 4, 30, 15, tzinfo=UTC)
MONTHLY = Decimal(73)  # $2.40 a day
FIRST = date(2026, 5, 1)


def days(amount: str, count: int, first: date = FIRST) -> dict[date, Decimal]:
    return {first + number * DAY: Decimal(amount) for number in range(count)}


def graded(ratio: str, count: int = ENOUGH) -> Grade:
    return Grade(Decimal(100), Decimal(100) * Decimal(ratio), count, FIRST, FIRST + (count - 1) * DAY)


def test_costs_pitfall_20_an_estimate_is_graded_in_per_cent_after_enough_days() -> None:
    early = grade(days("2.64", 13), [Expected(BORN, MONTHLY)], FIRST + 12 * DAY)
    assert early is not None
    assert not early.is_enough
    found = grade(days("2.64", 20), [Expected(BORN, MONTHLY)], FIRST + 13 * DAY)
    assert found is not None
    assert (found.days, found.is_enough, found.estimated, found.actual) == (
        14,
        True,
        Decimal("33.6"),
        Decimal("36.96"),
    )
    assert (found.error, found.ratio) == (Decimal(10), Decimal("1.1"))


def test_costs_pitfall_06_days_that_are_not_settled_grade_nobody() -> None:
    amounts = days("2.40", 14) | days("0.01", 2, FIRST + 14 * DAY)
    found = grade(amounts, [Expected(BORN, MONTHLY)], FIRST + 13 * DAY)
    assert found is not None
    assert (found.error, found.last) == (Decimal(0), FIRST + 13 * DAY)


def test_days_of_a_change_are_left_out_and_each_day_has_its_own_estimate() -> None:
    parked = datetime(2026, 5, 11, 9, tzinfo=UTC)
    amounts = days("2.40", 10) | {date(2026, 5, 11): Decimal(99)} | days("0.24", 10, date(2026, 5, 12))
    found = grade(amounts, [Expected(BORN, MONTHLY), Expected(parked, MONTHLY / 10)], date(2026, 5, 21))
    assert found is not None
    assert (found.days, found.error) == (20, Decimal(0))


def test_a_day_without_an_amount_cost_nothing_once_there_was_one() -> None:
    amounts = {FIRST + 10 * DAY: Decimal("2.40"), FIRST + 12 * DAY: Decimal("2.40")}
    found = grade(amounts, [Expected(BORN, MONTHLY)], FIRST + 13 * DAY)
    assert found is not None
    assert (found.first, found.days, found.error) == (FIRST + 10 * DAY, 4, Decimal(-50))


def test_only_the_last_days_are_looked_at() -> None:
    found = grade(days("2.40", 400), [Expected(BORN, MONTHLY)], FIRST + 399 * DAY)
    assert found is not None
    assert found.days == LOOKED_AT


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ({}, [Expected(BORN, MONTHLY)]),
        (days("1", 20), []),
        (days("1", 20), [Expected(BORN, Decimal(0))]),
        (days("1", 20), [Expected(BORN + 100 * DAY, MONTHLY)]),
        (days("1", 20, FIRST + 100 * DAY), [Expected(BORN, MONTHLY)]),
    ],
    ids=["no amounts", "no plan", "estimated at nothing", "planned later", "nothing settled"],
)
def test_nothing_to_grade(amounts: dict[date, Decimal], expected: list[Expected]) -> None:
    assert grade(amounts, expected, FIRST + 30 * DAY) is None


def test_costs_pitfall_20_one_odd_environment_moves_no_factor() -> None:
    assert factor([graded("1.1"), graded("1.2"), graded("50")]) == (Decimal("1.2"), 3)
    assert factor([graded("1.1"), graded("1.3")]) == (Decimal("1.2"), 2)
    assert factor([graded("1.1"), graded("9", ENOUGH - 1)]) == (Decimal("1.1"), 1)
    assert factor([graded("9", ENOUGH - 1)]) is None
    assert factor([]) is None


@given(st.lists(st.decimals(min_value=0, max_value=1_000, places=3), min_size=1, max_size=20))
def test_a_factor_never_leaves_its_bounds(ratios: list[Decimal]) -> None:
    learnt = factor(graded(str(one)) for one in ratios)
    assert learnt is not None
    assert LOWEST <= learnt[0] <= HIGHEST
    assert learnt[1] == len(ratios)


@given(
    st.lists(st.decimals(min_value=0, max_value=100, places=6), min_size=1, max_size=40),
    st.decimals(min_value="0.01", max_value=10_000, places=4),
    st.integers(min_value=2, max_value=9),
)
def test_costs_twice_as_high_are_graded_twice_as_high(amounts: list[Decimal], monthly: Decimal, by: int) -> None:
    daily = {FIRST + number * DAY: amount for number, amount in enumerate(amounts)}
    settled = FIRST + 39 * DAY
    one = grade(daily, [Expected(BORN, monthly)], settled)
    more = grade({day: amount * by for day, amount in daily.items()}, [Expected(BORN, monthly)], settled)
    assert one is not None
    assert more is not None
    assert more.actual == one.actual * by
    assert (more.days, more.estimated) == (one.days, one.estimated)
