"""What was spent: sums that are exact, months of every length, changes whose reasons add up, names told apart."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.costs.forecast import Forecast, month_forecast, settled_day
from provisioning.costs.spend import (
    USAGE,
    By,
    Line,
    change,
    daily,
    does_not_add_up,
    fold,
    grouped,
    is_shared,
    money,
    month_after,
    month_before,
    same_days,
    total,
    trillionths,
    variants,
)

FIRST = date(2026, 4, 1)
DAYS = 60
END = FIRST + timedelta(days=DAYS)
TODAY = date(2026, 5, 20)
SETTLED = settled_day(TODAY)
AMOUNTS = st.decimals(min_value=-9_000, max_value=9_000, places=12)
NAMES = st.sampled_from(["", "dev", "Dev", "prod", "dev-alice", "a$b", "München"])


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    """Some lines with days here and there; credits among them."""
    found = []
    for number in range(draw(st.integers(0, 8))):
        amounts = [0] * DAYS
        for day, amount in draw(st.dictionaries(st.integers(0, DAYS - 1), AMOUNTS, max_size=6)).items():
            amounts[day] = trillionths(amount)
        kind = draw(st.sampled_from([USAGE, USAGE, "Credit", "Tax"]))
        application, environment = draw(st.sampled_from(["", "hello-erlang", "fileshare"])), draw(NAMES)
        service = draw(st.sampled_from(["Amazon DynamoDB", "AmazonCloudWatch"]))
        found.append(Line(application, environment, service, kind, FIRST, amounts, number, "dev", "alice"))
    return found


def line(*amounts: str, application: str = "hello-erlang", environment: str = "dev", **columns: str) -> Line:
    """A line whose days begin on FIRST."""
    service, kind = columns.get("service", "Amazon DynamoDB"), columns.get("record_type", USAGE)
    return Line(application, environment, service, kind, FIRST, [trillionths(Decimal(one)) for one in amounts])


class TestSums:
    """Amounts are whole numbers until they are shown."""

    @given(st.lists(AMOUNTS, max_size=30))
    def test_costs_pitfall_13_sums_are_exact(self, amounts: list[Decimal]) -> None:
        assert money(sum(trillionths(one) for one in amounts)) == sum(amounts, Decimal(0))

    def test_costs_pitfall_13_long_decimals_survive(self) -> None:
        many = Line("a", "b", "s", USAGE, FIRST, [trillionths(Decimal("0.000010794201"))] * DAYS)
        assert total([many], FIRST, END) == Decimal("0.000647652060")
        assert sum([0.1] * 3) != 0.3
        assert total([line("0.1", "0.1", "0.1")], FIRST, END) == Decimal("0.3")

    @given(lines(), st.sampled_from(["environment", "application", "service", "stage", "owner"]))
    def test_costs_pitfall_05_groups_add_up_to_the_total(self, found: list[Line], by: By) -> None:
        groups = grouped(found, by, FIRST, END)
        assert sum((group.total for group in groups), Decimal(0)) == total(found, FIRST, END)
        assert sum((group.total for group in fold(groups, 2)), Decimal(0)) == total(found, FIRST, END)

    @given(lines(), st.integers(-20, 80), st.integers(-20, 80))
    def test_any_days_are_those_of_the_lines(self, found: list[Line], start: int, stop: int) -> None:
        first, end = FIRST + timedelta(days=start), FIRST + timedelta(days=stop)
        by_day = daily(found, first, end)
        assert len(by_day) == max(0, stop - start)
        assert sum(by_day) == sum(one.spent(first, end) for one in found) if stop > start else not by_day

    def test_costs_pitfall_05_what_does_not_add_up_says_by_how_much(self) -> None:
        totals = {FIRST: trillionths(Decimal("10.00")), TODAY: trillionths(Decimal("5"))}
        groups = {FIRST: trillionths(Decimal("9.99")), TODAY: trillionths(Decimal("4.5"))}
        assert does_not_add_up(groups, totals) == {TODAY: Decimal("-0.5")}


class TestMonths:
    """Months of every length; ends are exclusive."""

    @pytest.mark.parametrize(
        ("first", "end", "same"),
        [
            (date(2026, 3, 1), date(2026, 4, 1), (date(2026, 2, 1), date(2026, 3, 1))),
            (date(2026, 3, 1), date(2026, 3, 11), (date(2026, 2, 1), date(2026, 2, 11))),
            (date(2026, 1, 1), date(2026, 2, 1), (date(2025, 12, 1), date(2026, 1, 1))),
            (date(2028, 3, 1), date(2028, 4, 1), (date(2028, 2, 1), date(2028, 3, 1))),
        ],
    )
    def test_costs_pitfall_08_same_days_of_shorter_months(
        self, first: date, end: date, same: tuple[date, date]
    ) -> None:
        assert same_days(first, end) == same

    @given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
    def test_costs_pitfall_08_months_follow_each_other(self, day: date) -> None:
        first = day.replace(day=1)
        assert month_before(month_after(day)) == first
        assert month_after(month_before(first)) == first


class TestChange:
    """This month beside the last one, and why."""

    @given(lines(), st.integers(1, 6))
    def test_reasons_add_up_to_the_difference(self, found: list[Line], most: int) -> None:
        told = change(found, TODAY, SETTLED, most)
        assert told is not None
        assert told.rest + sum((one.difference for one in told.reasons), Decimal(0)) == told.difference
        assert [abs(one.difference) for one in told.reasons] == sorted(
            (abs(one.difference) for one in told.reasons), reverse=True
        )

    def test_costs_pitfall_06_newest_days_are_left_out(self) -> None:
        steady = line(*(["1"] * 48))  # from 1 April to 18 May: nothing yet of the last two days
        told = change([steady], TODAY, SETTLED)
        assert told is not None
        assert told.end == date(2026, 5, 19)
        assert told.now == told.before == 18
        assert change([steady], date(2026, 5, 2), settled_day(date(2026, 5, 2))) is None

    def test_says_which_environment_and_service_with_sign(self) -> None:
        grew = Line("hello-erlang", "dev", "Amazon EC2", USAGE, date(2026, 5, 1), [trillionths(Decimal(2))] * 10)
        gone = line(*(["1"] * 15), environment="prod")
        told = change([grew, gone], TODAY, SETTLED)
        assert told is not None
        assert [(one.label, one.service, one.difference) for one in told.reasons] == [
            ("hello-erlang/dev", "Amazon EC2", Decimal(20)),
            ("hello-erlang/prod", "Amazon DynamoDB", Decimal(-15)),
        ]
        assert told.per_cent == Decimal(500) / 15


class TestGroups:
    """What stands apart, and what is never merged."""

    def test_costs_pitfall_10_case_variants_are_listed_never_merged(self) -> None:
        found = [line("1", environment=name) for name in ("dev", "Dev", "DEV ")]
        assert [one.label for one in grouped(found, "environment", FIRST, END)] == [
            "hello-erlang/DEV ",
            "hello-erlang/Dev",
            "hello-erlang/dev",
        ]
        assert variants(["Environment", "environment", "Application", "dev"]) == [("Environment", "environment")]

    def test_costs_pitfall_11_untagged_spend_stands_apart(self) -> None:
        found = [line("30"), line("970", application="", environment="", service="AWS Support (Business)")]
        untagged, tagged = grouped(found, "environment", FIRST, END)
        assert (untagged.label, untagged.apart, untagged.total) == ("Untagged", True, Decimal(970))
        assert (tagged.apart, tagged.total) == (False, Decimal(30))
        assert is_shared("AWS Support (Business)")
        assert not is_shared("Amazon DynamoDB")

    @pytest.mark.parametrize("by", ["environment", "application", "service", "stage", "owner"])
    def test_costs_pitfall_12_credits_and_tax_stand_apart(self, by: By) -> None:
        found = [
            line("10"),
            line("-4", application="", environment="", record_type="Credit"),
            line("1", application="", environment="", record_type="Tax"),
        ]
        apart = {one.label: one.total for one in grouped(found, by, FIRST, END) if one.apart}
        assert apart == {"Credit": Decimal(-4), "Tax": Decimal(1)}

    def test_costs_pitfall_04_a_value_may_hold_anything(self) -> None:
        (one,) = grouped([line("1", environment="a$b=c/d")], "environment", FIRST, END)
        assert (one.label, one.values) == ("hello-erlang/a$b=c/d", {"environment": "hello-erlang/a$b=c/d"})


class TestForecast:
    """The month's end, from the run rate."""

    def test_steady_spend_has_no_band(self) -> None:
        found = {FIRST + timedelta(days=number): Decimal(2) for number in range(48)}
        told = month_forecast(found, TODAY, SETTLED)
        assert told is not None
        assert told == Forecast(Decimal(62), Decimal(62), Decimal(62), days=14, rough=False)

    def test_costs_pitfall_06_todays_trickle_does_not_count(self) -> None:
        found = {FIRST + timedelta(days=number): Decimal(2) for number in range(48)}
        found |= {TODAY: Decimal("0.01"), TODAY - timedelta(days=1): Decimal("0.5")}
        told = month_forecast(found, TODAY, SETTLED)
        assert told is not None
        assert told.expected == 62

    def test_nothing_settled_is_no_forecast_and_few_days_are_rough(self) -> None:
        assert month_forecast({TODAY: Decimal(5)}, TODAY, SETTLED) is None
        told = month_forecast({SETTLED: Decimal(5)}, TODAY, SETTLED)
        assert told is not None
        assert told.rough
        assert told.low < told.expected < told.high

    @given(st.dictionaries(st.dates(FIRST, TODAY), st.decimals(0, 1_000, places=6), max_size=50))
    def test_the_band_holds_what_is_expected_and_never_less_than_is_spent(self, found: dict[date, Decimal]) -> None:
        told = month_forecast(found, TODAY, SETTLED)
        if told is not None:
            spent = sum((amount for day, amount in found.items() if day >= TODAY.replace(day=1)), Decimal(0))
            assert spent <= told.low <= told.expected <= told.high
