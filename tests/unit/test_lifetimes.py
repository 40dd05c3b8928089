"""The rules of lifetimes: who has one, how long at most, when its end is near, what days cost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.planning.lifetimes import (
    ADMINS_MAX_DAYS,
    days_problem,
    expiry,
    extension_problem,
    has_lifetime,
    most_days,
    price_of_days,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def policy(days: int | None, most: int | None = None, stage: str = "dev") -> StagePolicy:
    """A stage with this lifetime."""
    return StagePolicy(stage, 0, (), False, days, True, {}, lifetime_max_days=most)  # noqa: FBT003 (columns of a policy)


@pytest.mark.parametrize(
    ("left", "tone", "over"),
    [
        (timedelta(days=2, seconds=1), "", False),
        (timedelta(days=2), "quiet", False),
        (timedelta(hours=2), "attention", False),
        (timedelta(minutes=30), "bad", False),
        (timedelta(0), "bad", True),
        (-DAY, "bad", True),
    ],
)
def test_the_nearer_the_plainer(left: timedelta, tone: str, over: bool) -> None:  # noqa: FBT001 (a table of answers)
    found = expiry(NOON + left, NOON)
    assert found is not None
    assert (found.tone, found.over) == (tone, over)


def test_what_stays_has_no_end() -> None:
    assert expiry(None, NOON) is None
    assert not has_lifetime(policy(None))
    assert not has_lifetime(policy(14, stage="prod"))
    assert has_lifetime(policy(14, stage="staging"))


def test_extending_goes_as_far_as_the_stage_says_and_never_less_than_its_own_lifetime() -> None:
    assert most_days(policy(14, 56), is_admin=False) == 56
    assert most_days(policy(14), is_admin=False) == 14
    assert most_days(policy(14, 3), is_admin=False) == 14
    assert most_days(policy(14, 56), is_admin=True) == ADMINS_MAX_DAYS


def test_a_new_one_takes_what_its_stage_gives_or_less() -> None:
    assert days_problem(policy(14, 56), 14, is_admin=False) == ""
    assert days_problem(policy(14, 56), 15, is_admin=False) == "Choose 1 to 14 days. An admin can give it more."
    assert days_problem(policy(14, 56), 365, is_admin=True) == ""
    assert days_problem(policy(14, 56), 366, is_admin=True) == "Choose 1 to 365 days."


@given(st.integers(0, 400), st.integers(1, 400), st.booleans())
def test_no_extension_ever_goes_beyond_the_longest(age: int, ahead: int, is_admin: bool) -> None:  # noqa: FBT001 (drawn)
    began, until = NOON - age * DAY, NOON + ahead * DAY
    allowed = not extension_problem(policy(14, 56), began, until, is_admin=is_admin, now=NOON)
    assert allowed == (age + ahead <= (ADMINS_MAX_DAYS if is_admin else 56))


def test_an_end_in_the_past_is_none() -> None:
    assert "passed already" in extension_problem(policy(14), NOON - DAY, NOON, is_admin=True, now=NOON)


def test_days_cost_a_share_of_a_month_of_730_hours() -> None:
    assert price_of_days(Decimal("73"), 7) == Decimal("16.8000")
    assert price_of_days(None, 7) is None


def test_the_shipped_blueprints_let_dev_last_and_keep_the_rest() -> None:
    for blueprint in library().blueprints.values():
        found = blueprint.stages
        assert (found["dev"].lifetime_days, found["dev"].lifetime_max_days) == (14, 56)
        assert not has_lifetime(found["prod"])
