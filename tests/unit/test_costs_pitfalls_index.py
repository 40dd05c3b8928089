"""Every known pitfall of costs has a test that is named after it."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"def (test_costs_pitfall_(\d\d)_\w+)")

PITFALLS = {
    1: "a page view asks AWS",
    2: "reading costs has its own price",
    3: "many readings at once",
    4: "a $ within a tag's value, empty values",
    5: "groups that are not the total",
    6: "today looks cheap",
    7: "late corrections",
    8: "ends are exclusive, days are UTC",
    9: "a tag that is not active",
    10: "names that differ in case",
    11: "spend that cannot be tagged",
    12: "credits, refunds, tax",
    13: "decimals",
    14: "a fault between pages",
    15: "units of an estimate",
    16: "no billing mode given",
    17: "usage is not known",
    18: "writes to indexes, rounding of item sizes",
    19: "the free tier",
    20: "estimate against actual",
    21: "deleted, and still costing",
    22: "who sees what",
}


@pytest.fixture(scope="module")
def named() -> dict[int, list[str]]:
    """The names of tests by the number of their pitfall."""
    found: dict[int, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for name, number in NAMED.findall(path.read_text("utf-8")):
            found.setdefault(int(number), []).append(name)
    return found


@pytest.mark.parametrize("number", PITFALLS)
def test_has_a_test(named: dict[int, list[str]], number: int) -> None:
    assert named.get(number), f"Nothing tests pitfall {number}: {PITFALLS[number]}."


def test_no_number_is_unknown(named: dict[int, list[str]]) -> None:
    assert set(named) <= set(PITFALLS)
