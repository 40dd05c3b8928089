"""Comparing items of two sides: by key, by type, by attribute; and never a hidden value in what comes of it."""

import json
from typing import Any

import pytest
from fakes.made_items import items
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.masking import parse_path
from provisioning.items.canonical import canonical
from provisioning.items.comparing import (
    Compared,
    Difference,
    Hiding,
    How,
    Outcome,
    Side,
    as_line,
    compare,
    from_line,
    in_order_of,
    merge,
    pair_up,
)
from provisioning.items.masking import Mask
from provisioning.items.values import Item, dumps, same_item

OPEN = Hiding((), ("id",))


def mask(*paths: str, everything: bool = False) -> Mask:
    return Mask(frozenset({"id"}), tuple(parse_path(path) for path in paths), everything)


def compared(here: Item | None, there: Item | None, hiding: Hiding = OPEN) -> Compared:
    return compare(*(None if one is None else hiding.side({"id": {"S": "k"}, **one}) for one in (here, there)))


class TestDifferences:
    """What differs, and how."""

    @pytest.mark.parametrize(
        ("here", "there", "how", "path"),
        [
            ({"a": {"S": "1"}}, {"a": {"N": "1"}}, How.TYPE, ("a",)),
            ({"a": {"S": "x"}}, {"a": {"S": "y"}}, How.VALUE, ("a",)),
            ({"a": {"N": "1"}}, {}, How.ONLY_HERE, ("a",)),
            ({}, {"a": {"NULL": True}}, How.ONLY_THERE, ("a",)),
            ({"m": {"M": {"x": {"N": "1"}}}}, {"m": {"M": {"x": {"N": "2"}}}}, How.VALUE, ("m", "x")),
            ({"m": {"M": {"x": {"N": "1"}}}}, {"m": {"M": {}}}, How.ONLY_HERE, ("m", "x")),
            ({"l": {"L": [{"N": "1"}]}}, {"l": {"L": []}}, How.VALUE, ("l",)),
            ({"s": {"SS": ["a"]}}, {"s": {"L": [{"S": "a"}]}}, How.TYPE, ("s",)),
            ({"e": {"S": ""}}, {}, How.ONLY_HERE, ("e",)),
        ],
    )
    def test_each_place_by_itself(self, here: Item, there: Item, how: How, path: tuple[str, ...]) -> None:
        found = compared(here, there)
        assert found.outcome is Outcome.DIFFERENT
        assert [(one.how, one.path) for one in found.differences] == [(how, path)]

    @pytest.mark.parametrize(
        ("here", "there"),
        [
            ({"N": "1"}, {"N": "1.0"}),
            ({"N": "1E+3"}, {"N": "1000"}),
            ({"N": "-0"}, {"N": "0"}),
            ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}),
            ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}),
            ({"M": {"x": {"N": "1"}, "y": {"S": ""}}}, {"M": {"y": {"S": ""}, "x": {"N": "1.00"}}}),
        ],
    )
    def test_pitfall_16_numbers_by_worth_and_sets_by_members_are_the_same(self, here: Any, there: Any) -> None:
        assert compared({"a": here}, {"a": there}).outcome is Outcome.SAME

    def test_what_only_one_side_has(self) -> None:
        assert compared({"a": {"S": "x"}}, None).outcome is Outcome.EXTRA
        missing = compared(None, {"a": {"S": "x"}})
        assert (missing.outcome, missing.item) == (Outcome.MISSING, {"id": {"S": "k"}, "a": {"S": "x"}})
        with pytest.raises(ValueError, match="nothing to compare"):
            compare(None, None)


class TestPairing:
    """Which items belong together."""

    def test_merged_in_the_order_of_their_sort_key(self) -> None:
        sides = {number: Side({"at": {"N": number}}, {}, {}) for number in ("-2", "1", "9", "10", "1E+2")}
        here, there = ("-2", "1", "10"), ("1", "9", "1E+2")
        order = in_order_of("at")
        found = list(merge([sides[one] for one in here], [sides[one] for one in there], order))
        assert [tuple(side and side.key["at"]["N"] for side in pair) for pair in found] == [
            ("-2", None),
            ("1", "1"),
            (None, "9"),
            ("10", None),
            (None, "1E+2"),
        ]
        back = merge([sides[one] for one in here[::-1]], [sides[one] for one in there[::-1]], order, descending=True)
        assert list(back) == found[::-1]

    def test_texts_are_in_the_order_of_their_bytes(self) -> None:
        order = in_order_of("at")
        names = ["", "Z", "a", "é", "日", "🙂"]
        assert sorted(names, key=lambda name: order({"at": {"S": name}})) == names

    def test_only_one_of_each_side_is_held(self) -> None:
        taken = 0

        def many() -> Any:
            nonlocal taken
            for number in range(1000):
                taken += 1
                yield Side({"at": {"N": str(number)}}, {}, {})

        next(iter(merge(many(), many(), in_order_of("at"))))
        assert taken <= 4

    @given(st.lists(st.integers(0, 30), unique=True), st.lists(st.integers(0, 30), unique=True))
    def test_merging_and_pairing_find_the_same(self, ours: list[int], theirs: list[int]) -> None:
        def sides(numbers: list[int], *, ordered: bool) -> list[Side]:
            return [Side({"at": {"N": str(one)}}, {}, {}) for one in (sorted(numbers) if ordered else numbers)]

        merged = merge(sides(ours, ordered=True), sides(theirs, ordered=True), in_order_of("at"))
        paired = pair_up(sides(ours, ordered=False), sides(theirs, ordered=False))
        assert {str(pair) for pair in merged} == {str(pair) for pair in paired}


SECRETS = st.text(alphabet="QXZ", min_size=6, max_size=12)


class TestHidden:
    """Pitfall 41: what is hidden on either side is told on neither."""

    @given(SECRETS, SECRETS, st.sampled_from([(True, False), (False, True), (True, True)]), st.booleans())
    def test_pitfall_41_no_hidden_value_is_in_anything_that_comes_of_it(
        self,
        one: str,
        other: str,
        sides: tuple[bool, bool],
        everything: bool,  # noqa: FBT001  (what is generated)
    ) -> None:
        hides = mask(everything=True) if everything else mask("email", "profile.phone", "list")
        hiding = Hiding(tuple(hides for there in sides if there), ("id",))

        def item(secret: str) -> Item:
            return {
                "id": {"S": "k"},
                "email": {"S": secret},
                "profile": {"M": {"phone": {"S": secret}, "name": {"S": "seen"}}},
                "list": {"L": [{"M": {secret: {"B": secret.encode()}}}]},
            }

        for pair in ((item(one), item(other)), (item(one), None), (None, item(other)), (item(one), {"id": {"S": "k"}})):
            found = compare(*(None if side is None else hiding.side(side) for side in pair))
            for text in (repr(found), as_line(found).decode(), repr([side and hiding.side(side) for side in pair])):
                assert one not in text
                assert other not in text
        outcome = compare(hiding.side(item(one)), hiding.side(item(other))).outcome
        assert (outcome is Outcome.SAME) == (one == other)

    def test_it_says_that_it_differs_and_no_more(self) -> None:
        hiding = Hiding((mask("email"),), ("id",))
        found = compared({"email": {"S": "a"}}, {"email": {"S": "b"}}, hiding)
        assert found.differences == (Difference(("email",), How.HIDDEN),)
        assert compared({"email": {"N": "1"}}, {"email": {"N": "1.0"}}, hiding).outcome is Outcome.SAME

    def test_visible_parts_of_a_hidden_map_are_told(self) -> None:
        hiding = Hiding((mask("profile.phone"),), ("id",))
        here = {"profile": {"M": {"phone": {"S": "1"}, "name": {"S": "a"}}}}
        there = {"profile": {"M": {"phone": {"S": "2"}, "name": {"S": "b"}}}}
        (found,) = compared(here, there, hiding).differences
        assert (found.path, found.here, found.there) == (("profile", "name"), {"S": "a"}, {"S": "b"})

    def test_what_is_hidden_since_is_hidden_in_what_was_kept(self) -> None:
        kept = as_line(compared({"email": {"S": "a@b"}, "x": {"N": "1"}}, {"email": {"S": "c@d"}, "x": {"N": "2"}}))
        found = from_line(kept, Hiding((mask("email"),), ("id",)))
        assert found.differences[0] == Difference(("email",), How.HIDDEN)
        assert found.differences[1].here == {"N": "1"}
        whole = from_line(as_line(compared({"email": {"S": "a@b"}}, None)), Hiding((mask("email"),), ("id",)))
        assert whole.item == {"id": {"S": "k"}, "email": {"HIDDEN": "S"}}


@given(items({"id": "S"}), items({"id": "S"}))
def test_items_of_every_type_compare_as_dynamodb_does_and_are_kept_as_they_are(one: Item, other: Item) -> None:
    here, there = one, {**other, "id": one["id"]}
    found = compare(OPEN.side(here), OPEN.side(there))
    assert (found.outcome is Outcome.SAME) == same_item(here, there)
    again = from_line(as_line(found), OPEN)
    assert again == found
    assert json.loads(as_line(found))["key"] == dumps({"id": one["id"]})
    assert compare(OPEN.side(here), OPEN.side(dict(reversed(here.items())))).outcome is Outcome.SAME
    assert canonical(again.key) == canonical({"id": one["id"]})
