"""Where an artifact ran, and whether that is enough for a stage."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.model import STAGES, UNPROVED, StagePolicy
from provisioning.planning.promoting import (
    EXCEPTED,
    MET,
    REFUSED,
    Place,
    Ran,
    judge,
    place_of,
    sealed_part,
    values_differing,
)

DAY = datetime(2026, 1, 1, tzinfo=UTC)
SHOP, OTHER = "shop:2", "shop:1"


def ran(number: int, artifact: str = SHOP, *, good: bool = True) -> Ran:
    """A release of that day of January."""
    return Ran(100 + number, number, DAY + timedelta(days=number), artifact, good, "t1")


def place(*releases: Ran, environment: str = "staging") -> Place | None:
    """What became of the artifact there."""
    stage = environment if environment in STAGES else "dev"
    return place_of(environment, stage, SHOP, releases)


def policy(promote_from: str = "staging", unproved: str = "admins", stage: str = "prod") -> StagePolicy:
    return StagePolicy(
        stage=stage,
        approvals=1,
        approver_groups=("admins",),
        protection=True,
        lifetime_days=None,
        personal=False,
        defaults={},
        promote_from=promote_from,
        promote_unproved=unproved,
    )


RELEASES = st.lists(
    st.builds(lambda artifact, good: (artifact, good), st.sampled_from([SHOP, OTHER, ""]), st.booleans()), max_size=8
).map(lambda found: [ran(number, artifact, good=good) for number, (artifact, good) in enumerate(found, 1)])


class TestPlace:
    """One environment."""

    def test_it_runs_there_since_it_came_up_first(self) -> None:
        found = place(ran(1, OTHER), ran(2), ran(3), ran(4))
        assert found is not None
        assert (found.since, found.until, found.good, found.failed) == (DAY + timedelta(days=2), None, 3, 0)
        assert found.release == ran(4)

    def test_it_ran_until_something_else_came_up_well(self) -> None:
        found = place(ran(1), ran(2, OTHER, good=False), ran(3, OTHER))
        assert found is not None
        assert (found.since, found.until) == (DAY + timedelta(days=1), DAY + timedelta(days=3))

    def test_the_newest_stay_counts_after_it_came_back(self) -> None:
        found = place(ran(1), ran(2, OTHER), ran(3))
        assert found is not None
        assert (found.since, found.until, found.good) == (DAY + timedelta(days=3), None, 2)

    def test_where_it_only_failed_it_never_was(self) -> None:
        found = place(ran(1, OTHER), ran(2, good=False))
        assert found is not None
        assert (found.since, found.until, found.good, found.failed, found.release) == (None, None, 0, 1, None)
        assert found.as_dict()["since"] is None

    def test_where_it_never_was_tried_there_is_nothing(self) -> None:
        assert place(ran(1, OTHER)) is None

    @given(RELEASES)
    def test_never_a_stay_without_a_good_release_and_never_one_that_ends_before_it_begins(
        self, releases: list[Ran]
    ) -> None:
        found = place(*releases)
        if found is None:
            assert all(one.artifact != SHOP for one in releases)
            return
        assert (found.since is None) == (found.good == 0) == (found.release is None)
        assert found.until is None or (found.since is not None and found.since < found.until)
        last_good = next((one for one in reversed(releases) if one.good), None)
        assert (found.since is not None and found.until is None) == (
            last_good is not None and last_good.artifact == SHOP
        )


class TestRule:
    """What a stage asks."""

    def judged(
        self, places: list[Place | None], unproved: str = "admins", *, is_admin: bool = False, why: str = ""
    ) -> str:
        found = judge(
            policy(unproved=unproved),
            [one for one in places if one],
            environment="prod",
            artifact=SHOP,
            is_admin=is_admin,
            reason=why,
        )
        assert found is not None
        return f"{found.how}: {found.sentence} {found.field}".strip()

    def test_where_nothing_is_asked_nothing_is_said(self) -> None:
        assert judge(policy(""), [], environment="prod", artifact=SHOP, is_admin=False, reason="") is None

    def test_what_was_good_one_stage_below_is_taken(self) -> None:
        assert self.judged([place(ran(7))]) == "met: It was proved good in staging: release 7 of staging."

    def test_what_ran_well_here_may_come_back(self) -> None:
        assert self.judged([place(ran(3), environment="prod")]) == "met: It ran well here before: release 3."

    @pytest.mark.parametrize(
        "places",
        [[], [place(ran(1, good=False))], [place(ran(1), environment="dev")], [place(ran(1), environment="dev-alice")]],
    )
    @pytest.mark.parametrize(
        ("unproved", "asked", "how", "said"),
        [
            ("refuse", (True, "urgent"), REFUSED, "takes nothing else"),
            ("admins", (False, "urgent"), REFUSED, "only an admin may"),
            ("admins", (True, " "), REFUSED, "Say why"),
            ("admins", (True, "urgent"), EXCEPTED, "An admin asks"),
            ("reason", (False, ""), REFUSED, "Say why"),
            ("reason", (False, "urgent"), EXCEPTED, "says why"),
        ],
    )
    def test_what_was_not(
        self, places: list[Place | None], unproved: str, asked: tuple[bool, str], how: str, said: str
    ) -> None:
        is_admin, why = asked
        found = self.judged(places, unproved, is_admin=is_admin, why=why)
        assert found.startswith(f"{how}: shop:2 was never proved good in staging")
        assert said in found
        assert found.endswith("reason") == ("Say why" in said)

    @given(RELEASES, RELEASES, st.sampled_from(UNPROVED), st.tuples(st.booleans(), st.sampled_from(["", "urgent"])))
    def test_never_met_by_what_was_never_good(
        self, staging: list[Ran], prod: list[Ran], unproved: str, asked: tuple[bool, str]
    ) -> None:
        places = [place(*staging), place(*prod, environment="prod")]
        met = any(one.good and one.artifact == SHOP for one in (*staging, *prod))
        found = self.judged(places, unproved, is_admin=asked[0], why=asked[1])
        assert found.startswith(MET) == met
        if unproved == "refuse" and not met:
            assert found.startswith(REFUSED)


def test_what_is_sealed_is_who_it_is_and_not_how_often_it_ran() -> None:
    source = {"id": 7, "environment": "staging", "release": 3, "template": "t1", "at": "then", "by": "alice"}
    proof: dict[str, Any] = {
        "artifact": SHOP,
        "source": source,
        "rule": {"stage": "staging", "how": MET, "sentence": "Good."},
    }
    more = {**proof, "places": [{"good": 14}], "source": {**source, "at": "later", "proof": {"lines": ["2 of 2"]}}}
    assert sealed_part(proof) == sealed_part(more)
    assert sealed_part(proof) != sealed_part({**proof, "artifact": OTHER})
    assert sealed_part(proof) != sealed_part({**proof, "source": {**source, "id": 8}})
    assert sealed_part(proof) != sealed_part({**proof, "rule": {**proof["rule"], "how": EXCEPTED}})
    assert sealed_part({"artifact": SHOP}) == {"artifact": SHOP, "source": None, "rule": None}


def test_values_that_differ_beside_those_that_differ_by_nature() -> None:
    here, there = (
        {"Size": "large", "Same": "1", "Environment": "prod"},
        {"Same": "1", "Environment": "staging", "Old": ""},
    )
    assert list(values_differing(here, there, frozenset({"Environment"}))) == [
        {"name": "Old", "here": None, "there": ""},
        {"name": "Size", "here": "large", "there": None},
    ]
