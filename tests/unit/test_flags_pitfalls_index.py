"""Every known pitfall of flags has a test that is named after it."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"def (test_flags_pitfall_(\d\d)_\w+)")

PITFALLS = {
    1: "an empty page with a token",
    2: "a right on a path opens everything below it",
    3: "throttling that hangs",
    4: "many viewers starve production",
    5: "a lost update",
    6: "writers outside Stackyard",
    7: "a flag that a stack owns",
    8: "a redeploy that changes nothing",
    9: "a partial rollout",
    10: "going back is a new version",
    11: "a version that AWS has forgotten",
    12: "a label that blocks writes",
    13: "approved, then edited",
    14: "applied, and shown as no change",
    15: "a toggle without its audit entry",
    16: "approving one's own",
    17: "truthiness",
    18: "names",
    19: "secrets in a history",
    20: "a secret in a comparison",
    21: "names and ARNs toggled like flags",
    22: "the rate of flips",
    23: "the portal's role as the writer",
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
