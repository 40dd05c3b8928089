"""Which thresholds of a budget are passed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from provisioning.costs.forecast import Forecast
from provisioning.costs.limits import FORECAST, Spent, passed, per_cent

HUNDRED = Decimal(100)
AMOUNTS = st.decimals(min_value=0, max_value=100_000, places=4)


def forecast(expected: str, *, rough: bool = False) -> Forecast:
    amount = Decimal(expected)
    return Forecast(amount, amount, amount, days=10, rough=rough)


def test_a_threshold_is_passed_when_so_much_is_used() -> None:
    def told(settled: str) -> tuple[int, ...]:
        return passed(Spent(Decimal(settled), Decimal(0), None), HUNDRED, (100, 50, 80))

    assert told("0") == told("49.99") == ()
    assert told("50") == (50,)
    assert told("99.99") == (50, 80)
    assert told("250") == (50, 80, 100)


def test_costs_pitfall_06_days_that_still_come_in_pass_nothing() -> None:
    spent = Spent(Decimal(40), Decimal(70), None)
    assert passed(spent, HUNDRED, (50, 100)) == ()
    assert spent.so_far == 110


def test_a_forecast_above_the_budget_is_told_unless_it_rests_on_little() -> None:
    assert passed(Spent(Decimal(10), Decimal(0), forecast("100.01")), HUNDRED, (50,)) == (FORECAST,)
    assert passed(Spent(Decimal(60), Decimal(0), forecast("120")), HUNDRED, (50,)) == (FORECAST, 50)
    assert passed(Spent(Decimal(10), Decimal(0), forecast("100")), HUNDRED, (50,)) == ()
    assert passed(Spent(Decimal(10), Decimal(0), forecast("900", rough=True)), HUNDRED, (50,)) == ()


def test_a_budget_is_used_up_when_it_is() -> None:
    assert per_cent(Decimal("99.99"), HUNDRED) == 99
    assert per_cent(HUNDRED, HUNDRED) == 100


@given(AMOUNTS, AMOUNTS, st.lists(st.integers(1, 1_000), min_size=1, max_size=10))
def test_what_is_passed_stays_passed_when_more_is_spent(one: Decimal, more: Decimal, thresholds: list[int]) -> None:
    before = passed(Spent(one, Decimal(0), None), HUNDRED, thresholds)
    after = passed(Spent(one + more, Decimal(0), None), HUNDRED, thresholds)
    assert set(before) <= set(after) <= set(thresholds)
