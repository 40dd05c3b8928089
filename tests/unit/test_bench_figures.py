"""The figures of the measurements: percentile, verdict, table."""

import pytest

from bench.figures import Figure, p95, table


def test_the_95th_percentile_lies_between_its_neighbours() -> None:
    assert p95([float(value) for value in range(101)]) == pytest.approx(95.0)
    assert p95([7.0, 7.0]) == 7.0
    assert p95([1.0] * 19 + [100.0]) < 100.0


def test_a_figure_at_its_budget_is_within() -> None:
    assert Figure("calls", 25, "", 25).verdict == "within"
    assert Figure("calls", 26, "", 25).verdict == "over"
    assert Figure("calls", 26, "").verdict == ""


def test_the_table_says_what_how_much_and_how_much_it_may_be() -> None:
    lines = table([Figure("pages", 49.123, "ms", 50, "p50 12 ms"), Figure("memory", 612.4, "MiB", 500)]).splitlines()

    assert lines[0].split() == ["measured", "budget"]
    assert lines[1].split() == ["pages", "49.12", "ms", "≤", "50", "ms", "within", "p50", "12", "ms"]
    assert lines[2].split() == ["memory", "612", "MiB", "≤", "500", "MiB", "over"]
