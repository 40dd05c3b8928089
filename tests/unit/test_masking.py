"""Masking: what is hidden of items, at which stage, and that no part of it is left anywhere (pitfall 41)."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from provisioning.blueprints.masking import parse_path
from provisioning.items.masking import LEFT_OUT, Mask, mask_for, redacted, stand_in
from provisioning.items.values import HIDDEN, Item, Value, check_value, dumps
from provisioning.models import Environment, Table

ITEM: Item = {
    "id": {"S": "1"},
    "email": {"S": "ann@shop.test"},
    "profile": {"M": {"phone": {"S": "555-0100"}, "age": {"N": "40"}}},
    "addresses": {"L": [{"M": {"street": {"S": "Elm"}, "city": {"S": "Ulm"}}}, {"M": {"city": {"S": "Bern"}}}]},
}


def mask(*paths: str, everything: bool = False) -> Mask:
    """A mask of a table whose key is `id`."""
    return Mask(frozenset({"id"}), tuple(parse_path(path) for path in paths), everything=everything)


class TestApplying:
    """What is shown of an item."""

    def test_what_is_named_is_replaced_by_its_type(self) -> None:
        shown = mask("email", "profile.phone", "addresses[*].street").apply(ITEM)
        assert shown["email"] == {HIDDEN: "S"}
        assert shown["profile"] == {"M": {"phone": {HIDDEN: "S"}, "age": {"N": "40"}}}
        assert shown["addresses"]["L"] == [
            {"M": {"street": {HIDDEN: "S"}, "city": {"S": "Ulm"}}},
            {"M": {"city": {"S": "Bern"}}},
        ]
        assert shown["id"] == {"S": "1"}

    def test_a_whole_part_goes_with_all_that_is_in_it(self) -> None:
        shown = mask("profile", "addresses").apply(ITEM)
        assert (shown["profile"], shown["addresses"]) == ({HIDDEN: "M"}, {HIDDEN: "L"})

    def test_everything_but_keys(self) -> None:
        shown = mask(everything=True).apply(ITEM)
        assert shown == {"id": {"S": "1"}, **{name: {HIDDEN: next(iter(ITEM[name]))} for name in ITEM if name != "id"}}

    def test_keys_stay_whatever_a_rule_says(self) -> None:
        assert mask("id").apply(ITEM)["id"] == {"S": "1"}

    def test_every_name_of_a_map_and_every_member_of_a_list(self) -> None:
        item: Item = {"people": {"M": {"ann": {"M": {"mail": {"S": "a"}, "n": {"N": "1"}}}, "bob": {"S": "b"}}}}
        shown = mask("people.*.mail").apply(item)["people"]["M"]
        assert shown == {"ann": {"M": {"mail": {HIDDEN: "S"}, "n": {"N": "1"}}}, "bob": {HIDDEN: "S"}}
        assert mask("tags[*]").apply({"tags": {"SS": ["a"]}}) == {"tags": {HIDDEN: "SS"}}

    @pytest.mark.parametrize("shape", [{"S": '{"phone": "5"}'}, {"B": b"5"}, {"NS": ["5"]}, {"N": "5"}, {"NULL": True}])
    def test_another_shape_than_the_rule_knows_is_hidden_whole(self, shape: Value) -> None:
        kind = next(iter(shape))
        assert mask("profile.phone").apply({"profile": shape}) == {"profile": {HIDDEN: kind}}
        assert mask("profile.phone").apply({"profile": {"L": [shape]}}) == {"profile": {"L": [{HIDDEN: kind}]}}

    def test_a_list_on_the_way_is_gone_through(self) -> None:
        item: Item = {"profile": {"L": [{"M": {"phone": {"S": "5"}}}]}}
        assert mask("profile.phone").apply(item)["profile"]["L"] == [{"M": {"phone": {HIDDEN: "S"}}}]

    def test_an_empty_mask_changes_nothing(self) -> None:
        assert mask().is_empty
        assert mask().apply(ITEM) == ITEM

    def test_twice_is_once(self) -> None:
        hiding = mask("email", "profile.phone")
        assert hiding.apply(hiding.apply(ITEM)) == hiding.apply(ITEM)


class TestAsking:
    """What is hidden, by path."""

    @pytest.mark.parametrize(
        ("path", "hides", "touches"),
        [
            ("id", False, False),
            ("city", False, False),
            ("email", True, True),
            ("email.domain", True, True),
            ("profile", False, True),
            ("profile.phone", True, True),
            ("profile.age", False, False),
            ("addresses", False, True),
            ("addresses[0].street", True, True),
            ("addresses[12]", False, True),
            ("addresses[0].city", False, False),
            (("addresses", 0, "street"), True, True),
            (("email",), True, True),
            ("a.b", True, True),
            ('"a.b"', True, True),
            ('"a.b".c', True, True),
            (("a", "b"), False, False),
        ],
    )
    def test_the_value_and_its_parts(self, path: Any, *, hides: bool, touches: bool) -> None:
        hiding = mask("email", "profile.phone", "addresses[*].street", '"a.b"')
        assert (hiding.hides(path), hiding.touches(path)) == (hides, touches)

    def test_with_everything_hidden(self) -> None:
        hiding = mask(everything=True)
        assert (hiding.hides("anything.at[0].all"), hiding.hides("id"), hiding.is_empty) == (True, False, False)


class TestStages:
    """Which rules hold for a table."""

    def of(self, stage: str, logical_id: str = "UsersTable", application: str = "fileshare") -> Mask:
        """The mask of that table of the shipped blueprint."""
        key = {"UsersTable": "user_id", "UrlsTable": "short_code"}.get(logical_id, "key")
        environment = Environment(application=application, name=stage, stage=stage)
        return mask_for(environment, Table(logical_id=logical_id, described={"keys": [{"attribute": key}]}))

    def test_a_rule_holds_at_its_stages(self) -> None:
        assert self.of("prod").hides("email")
        assert self.of("staging").hides("password_hash")
        assert self.of("dev").is_empty
        assert not self.of("prod").hides("user_id")
        assert not self.of("prod").hides("created_at")

    @pytest.mark.parametrize(("logical_id", "application"), [("NewTable", "fileshare"), ("UsersTable", "nobodys")])
    def test_prod_without_a_rule_shows_keys_only(self, logical_id: str, application: str) -> None:
        hiding = self.of("prod", logical_id, application)
        assert hiding.everything
        assert not self.of("dev", logical_id, application).everything

    def test_a_table_that_is_not_known_is_under_every_rule(self) -> None:
        assert self.of("prod", "").everything
        assert self.of("staging", "").hides("email")
        assert self.of("staging", "UrlsTable").is_empty


class TestStandIns:
    """What is copied out of prod in place of hidden values."""

    @pytest.mark.parametrize(
        "value",
        [
            {"S": "ann@shop.test"},
            {"S": ""},
            {"N": "-3.5"},
            {"B": b"\x00"},
            {"BOOL": True},
            {"NULL": True},
            {"M": {"ann": {"S": "x"}}},
            {"L": [{"S": "x"}]},
            {"SS": ["a", "b"]},
            {"NS": ["1", "2"]},
            {"BS": [b"1", b"2"]},
        ],
    )
    def test_they_have_the_type_and_dynamodb_takes_them(self, value: Value) -> None:
        made = stand_in(value)
        assert made.keys() == value.keys()
        assert check_value(made) == made
        assert made == stand_in(value)

    def test_what_belongs_together_still_does(self) -> None:
        assert stand_in({"S": "ann"}) == stand_in({"S": "ann"})
        assert stand_in({"S": "ann"}) != stand_in({"S": "bob"})
        assert stand_in({"S": "ann@shop.test"})["S"].endswith("@example.invalid")
        shuffled = stand_in({"SS": ["b", "a"]})
        assert shuffled == stand_in({"SS": ["a", "b"]})

    def test_they_are_keyed(self, settings: Any) -> None:
        before = stand_in({"S": "ann"})
        settings.SECRET_KEY = "another"
        assert stand_in({"S": "ann"}) != before

    def test_what_is_hidden_already_has_none(self) -> None:
        with pytest.raises(ValueError, match="hidden"):
            stand_in({HIDDEN: "S"})

    def test_only_what_is_hidden_is_replaced(self) -> None:
        copied = mask("profile.phone").with_stand_ins(ITEM)
        assert copied["profile"]["M"]["age"] == {"N": "40"}
        assert copied["profile"]["M"]["phone"]["S"].startswith("hidden-")
        assert {**copied, "profile": None} == {**ITEM, "profile": None}


class TestMessages:
    """What AWS says about items."""

    @pytest.mark.parametrize("text", ["ann@shop.test is no number", 'Item: {"S": "555-0100"}', "near 'Elm'"])
    def test_pitfall_41_a_message_that_quotes_a_hidden_value_is_left_out(self, text: str) -> None:
        hiding = mask("email", "profile.phone", "addresses[*].street")
        assert redacted(text, hiding, ITEM) == LEFT_OUT
        assert redacted(text, mask(), ITEM) == text

    def test_one_that_does_not_stays(self) -> None:
        assert redacted("The table is gone.", mask("email"), ITEM) == "The table is gone."

    @pytest.mark.parametrize("text", [r"x \"y\" z", r"say: x \u00e9", "'x\\ny'", "AQL/"])
    def test_whatever_way_it_is_written(self, text: str) -> None:
        values: list[Value] = [{"S": 'x "y" z'}, {"S": "x é"}, {"S": "x\ny"}, {"B": b"\x01\x02\xff"}]
        item: Item = {f"a{number}": value for number, value in enumerate(values)}
        assert redacted(text, mask(everything=True), item) == LEFT_OUT


# Values whose texts begin with a mark, so that any part of one can be found again wherever it is.
MARK = "§"
calmly = tried(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests may have the processors
_TEXT = st.text(alphabet="ab.é", max_size=4)
_LEAVES: st.SearchStrategy[Value] = st.one_of(
    _TEXT.map(lambda text: {"S": MARK + text}),
    st.integers(10**9, 10**12).map(lambda number: {"N": f"7777{number}"}),
    st.binary(max_size=5).map(lambda content: {"B": MARK.encode() + content}),
    st.sets(_TEXT, min_size=1, max_size=3).map(lambda texts: {"SS": [MARK + text for text in texts]}),
)
NAMES = st.sampled_from(["a", "b", "c.d", "e[0]", 'f"'])
VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"L": parts}),
        st.dictionaries(NAMES, inner, max_size=3).map(lambda parts: {"M": parts}),
    ),
    max_leaves=12,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=4)
RULES = st.lists(st.lists(st.one_of(NAMES, st.none()), max_size=3).map(tuple), max_size=4)


def _leaves(value: Value, at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Value]]:
    ((kind, content),) = value.items()
    if kind == "M":
        for name, part in content.items():
            yield from _leaves(part, (*at, name))
    elif kind == "L":
        for place, part in enumerate(content):
            yield from _leaves(part, (*at, place))
    else:
        yield at, value


@calmly
@given(item=ITEMS, firsts=st.lists(NAMES, max_size=4), rests=RULES)
def test_pitfall_41_no_part_of_a_hidden_value_is_ever_left(
    item: Item, firsts: list[str], rests: list[tuple[str | None, ...]]
) -> None:
    hiding = Mask(frozenset(), tuple((first, *rest) for first, rest in zip(firsts, rests, strict=False)))
    for shown in (hiding.apply(item), hiding.with_stand_ins(item)):
        written = dict(leaf for name, value in shown.items() for leaf in _leaves(value, (name,)))
        for name, value in item.items():
            for at, leaf in _leaves(value, (name,)):
                if hiding.hides(at):
                    assert written.get(at) != leaf


@calmly
@given(item=ITEMS)
def test_pitfall_41_with_everything_hidden_no_content_is_left(item: Item) -> None:
    hiding = Mask(frozenset(), everything=True)
    assert all(value.keys() == {HIDDEN} for value in hiding.apply(item).values())
    copied = hiding.with_stand_ins(item)
    assert MARK not in dumps(copied)
    assert MARK.encode() not in b"".join(value["B"] for value in copied.values() if "B" in value)


@calmly
@given(item=ITEMS, firsts=st.lists(NAMES, max_size=4), rests=RULES)
def test_what_no_rule_names_stays_as_it_is(item: Item, firsts: list[str], rests: list[tuple[str | None, ...]]) -> None:
    hiding = Mask(frozenset(), tuple((first, *rest) for first, rest in zip(firsts, rests, strict=False)))
    shown = hiding.apply(item)
    assert shown.keys() == item.keys()
    for name in item:
        if not hiding.touches((name,)):
            assert shown[name] == item[name]
