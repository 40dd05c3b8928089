"""How long it still takes: the usual, the way through what needs what, and when a person should be told."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.planning.eta import (
    FIRST_GUESSES,
    HOUR,
    MINUTE,
    Part,
    Usual,
    dependencies,
    is_slow,
    longest_silence,
    remaining,
    usual,
)

BALANCER, SERVICE, TABLE = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ECS::Service", "AWS::DynamoDB::Table"
NEEDS: Mapping[str, frozenset[str]] = {"Service": frozenset({"Listener"}), "Listener": frozenset({"Balancer"})}


def seconds_of(type_: str, _verb: str) -> Usual:
    """Each type takes as long as its name says: "T60" is a minute."""
    return Usual(float(type_[1:]), 2 * float(type_[1:]))


class TestUsual:
    """From our own past, or a first guess."""

    def test_a_first_guess_until_there_are_three(self) -> None:
        assert usual([1.0, 2.0], BALANCER, "create") == Usual(116, 232, guessed=True)
        assert usual([], SERVICE, "update") == Usual(71, 142, guessed=True)
        assert usual([], "AWS::New::Thing", "create").guessed

    def test_half_and_most_of_the_days(self) -> None:
        assert usual([float(number) for number in range(1, 12)], BALANCER, "create") == Usual(6.0, 10.0)
        assert usual([30.0, 30.0, 30.0], BALANCER, "create") == Usual(30.0, 30.0)

    @given(st.lists(st.floats(0, 1e6), min_size=3, max_size=200))
    def test_it_lies_within_what_was_seen(self, samples: list[float]) -> None:
        found = usual(samples, TABLE, "create")
        assert min(samples) - 1e-6 <= found.half <= found.most + 1e-6 <= max(samples) + 2e-6

    @pytest.mark.parametrize(
        ("elapsed", "known", "slow"),
        [
            (360, Usual(120, 150), True),
            (239, Usual(120, 150), False),  # not yet twice as long
            (59, Usual(0.2, 0.5), False),  # many times as long, and nobody minds
            (61, Usual(0.2, 0.5), True),
            (500, Usual(120, 600), False),  # as on one day in ten
        ],
    )
    def test_when_it_is_slow(self, elapsed: float, known: Usual, *, slow: bool) -> None:
        assert is_slow(elapsed, known) is slow


class TestDependencies:
    """What a template's resources need of each other."""

    def test_every_way_to_name_another(self) -> None:
        found = dependencies(
            {
                "A": {"Type": "T", "Properties": {"X": {"Ref": "B"}, "Y": {"Ref": "Parameter"}}},
                "B": {"Type": "T", "Properties": {"X": [{"Fn::GetAtt": ["C", "Arn"]}, {"Fn::GetAtt": "D.Arn"}]}},
                "C": {"Type": "T", "Properties": {"X": {"Fn::Sub": "${D}-${D.Arn}-${!A}-${AWS::Region}"}}},
                "D": {
                    "Type": "T",
                    "DependsOn": "E",
                    "Properties": {"X": {"Fn::Sub": ["${E.Name}", {"V": {"Ref": "F"}}]}},
                },
                "E": {"Type": "T", "DependsOn": ["F", "Gone"]},
                "F": {"Type": "T", "Properties": {"X": {"Ref": "F"}}},
            }
        )
        assert {name: sorted(others) for name, others in found.items()} == {
            "A": ["B"],
            "B": ["C", "D"],
            "C": ["D"],
            "D": ["E", "F"],
            "E": ["F"],
            "F": [],
        }


class TestRemaining:
    """The critical path."""

    def test_the_longest_way_through_what_is_left(self) -> None:
        parts = [
            Part("Balancer", "T100", "create"),
            Part("Listener", "T10", "create"),
            Part("Service", "T60", "create"),
        ]
        alone = Part("Table", "T120", "create")
        found = remaining([*parts, alone], NEEDS, seconds_of)
        assert found is not None
        assert (found.seconds, found.critical) == (170, "Balancer")

    def test_what_is_done_takes_nothing_and_what_moves_takes_its_rest(self) -> None:
        parts = [
            Part("Balancer", "T100", "create", 100, done=True),
            Part("Listener", "T10", "create", 4),
            Part("Service", "T60", "create"),
        ]
        found = remaining(parts, NEEDS, seconds_of)
        assert found is not None
        assert (found.seconds, found.critical, found.late) == (66, "Listener", "")

    def test_what_takes_longer_than_usual_is_given_till_most_days_and_then_a_moment(self) -> None:
        for elapsed, left in ((150, 50), (500, 1)):
            found = remaining([Part("Balancer", "T100", "create", elapsed)], {}, seconds_of)
            assert found is not None
            assert (found.seconds, found.late) == (left, "Balancer" if elapsed == 500 else "")

    def test_a_deletion_goes_the_other_way_round(self) -> None:
        parts = [
            Part("Balancer", "T100", "delete"),
            Part("Listener", "T10", "delete", 5),
            Part("Service", "T6", "delete", 6, done=True),
        ]
        found = remaining(parts, NEEDS, seconds_of)
        assert found is not None
        assert (found.seconds, found.critical) == (105, "Listener")

    def test_nothing_left(self) -> None:
        assert remaining([], NEEDS, seconds_of) is None
        assert remaining([Part("Balancer", "T100", "create", 3, done=True)], NEEDS, seconds_of) is None

    def test_a_first_guess_is_called_one(self) -> None:
        found = remaining([Part("Balancer", BALANCER, "create")], {}, lambda one, verb: usual((), one, verb))
        assert found is not None
        assert (found.seconds, found.guessed) == (FIRST_GUESSES[BALANCER], True)

    @given(
        st.lists(
            st.tuples(st.sampled_from("ABCDE"), st.integers(1, 99), st.sampled_from(["create", "update", "delete"])),
            max_size=5,
            unique_by=lambda one: one[0],
        ),
        st.dictionaries(st.sampled_from("ABCDE"), st.frozensets(st.sampled_from("ABCDE"))),
    )
    def test_circles_and_strangers_never_break_it(
        self, chosen: list[tuple[str, int, str]], needs: dict[str, frozenset[str]]
    ) -> None:
        parts = [Part(name, f"T{seconds}", verb) for name, seconds, verb in chosen]
        found = remaining(parts, needs, seconds_of)
        if not parts:
            assert found is None
            return
        assert found is not None
        lengths = [float(part.type[1:]) for part in parts]
        assert max(lengths) <= found.seconds <= sum(lengths)
        assert found.critical in {part.name for part in parts}


def test_how_long_silence_may_last() -> None:
    assert longest_silence([], indexes=False) == 30 * MINUTE
    assert longest_silence([TABLE, "AWS::IAM::Role"], indexes=False) == 30 * MINUTE
    assert longest_silence([SERVICE], indexes=False) == 3 * HOUR
    assert longest_silence([TABLE, SERVICE], indexes=True) == 12 * HOUR
