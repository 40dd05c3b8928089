"""Patches: only what was touched, and never what somebody could not see (pitfalls 13-18, 26)."""

import json
from typing import Any

import pytest
from fakes.made_items import NAMES, VALUES, items
from hypothesis import given
from hypothesis import strategies as st

from provisioning.aws.items.writing import Check
from provisioning.items.intents import Edit, patched
from provisioning.items.patching import (
    MOST_EDITS,
    checks_of_item,
    checks_of_patch,
    has_hidden,
    patch_between,
    patch_of_sent,
    patch_of_text,
    resolved,
    three_ways,
    update_of,
    value_at,
)
from provisioning.items.values import BadValueError, Item, Value, dumps, same_item

KEYS = {"id": "S", "at": "N"}
ANY = items(KEYS)


def raw(item: Item) -> dict[str, Any]:
    """An item as a form brings it back."""
    found: dict[str, Any] = json.loads(dumps(item))
    return found


class TestTouched:
    """What a patch holds."""

    @given(ANY)
    def test_pitfall_18_nothing_touched_is_nothing_sent(self, item: Item) -> None:
        assert patch_of_text(item, dumps(item, pretty=True)) == ()
        assert patch_of_sent(item, raw(item)) == ()
        assert patch_between(item, item) == ()

    @given(ANY, ANY)
    def test_a_patch_makes_one_item_into_another(self, one: Item, other: Item) -> None:
        assert same_item(patched(one, patch_between(one, other)), other)
        assert same_item(patched(one, patch_of_sent(one, raw(other))), other)

    @given(ANY, NAMES, VALUES)
    def test_a_patch_never_touches_what_was_not_touched(self, item: Item, name: str, value: Value) -> None:
        patch = patch_of_sent(item, raw({**item, name: value}))
        assert {edit.attribute for edit in patch} <= {name}
        update = update_of("t", {name: item[name] for name in KEYS}, patch, item)
        assert {path[0] for path, _value in update.sets} | {path[0] for path in update.removes} <= {name}

    def test_parts_of_maps_are_sent_alone(self) -> None:
        read: Item = {"id": {"S": "1"}, "address": {"M": {"street": {"S": "a"}, "zip": {"N": "1"}}}}
        sent = raw({**read, "address": {"M": {"street": {"S": "b"}, "zip": {"N": "1"}}}})
        assert patch_of_sent(read, sent) == (Edit(("address", "street"), {"S": "b"}),)

    def test_a_list_and_a_set_are_one_value(self) -> None:
        read: Item = {"id": {"S": "1"}, "list": {"L": [{"S": "a"}, {"S": "b"}]}, "set": {"SS": ["a", "b"]}}
        sent = raw({**read, "list": {"L": [{"S": "a"}]}, "set": {"SS": ["b", "a"]}})
        assert patch_of_sent(read, sent) == (Edit(("list",), {"L": [{"S": "a"}]}),)

    def test_pitfall_12_numbers_stay_texts(self) -> None:
        read: Item = {"id": {"S": "1"}, "n": {"N": "1318796827993409899"}}
        assert patch_of_text(read, '{"id":{"S":"1"},"n":{"N":"1318796827993409899"}}') == ()
        (edit,) = patch_of_text(read, '{"id":{"S":"1"},"n":{"N":"12345678901234567890"}}')
        assert edit.value == {"N": "12345678901234567890"}

    def test_pitfall_16_a_number_written_otherwise_is_the_same(self) -> None:
        read: Item = {"id": {"S": "1"}, "n": {"N": "1500"}, "ns": {"NS": ["1", "2.50"]}}
        assert patch_of_text(read, '{"id":{"S":"1"},"n":{"N":"1.5E+3"},"ns":{"NS":["2.5","1.0"]}}') == ()

    def test_another_type_is_another_value(self) -> None:
        read: Item = {"id": {"S": "1"}, "a": {"S": "1"}, "b": {"BOOL": True}}
        sent = raw({**read, "a": {"N": "1"}})
        assert patch_of_sent(read, sent) == (Edit(("a",), {"N": "1"}),)
        with pytest.raises(BadValueError):
            patch_of_sent(read, {**raw(read), "b": {"BOOL": 1}})

    def test_many_parts_go_as_whole_attributes(self) -> None:
        read: Item = {"id": {"S": "1"}, "m": {"M": {f"p{n}": {"N": "1"} for n in range(MOST_EDITS + 1)}}}
        wanted: Item = {"id": {"S": "1"}, "m": {"M": {f"p{n}": {"N": "2"} for n in range(MOST_EDITS + 1)}}}
        for patch in (patch_between(read, wanted), patch_of_sent(read, raw(wanted))):
            assert patch == (Edit(("m",), wanted["m"]),)

    def test_a_part_without_a_name_goes_with_its_map(self) -> None:
        read: Item = {"id": {"S": "1"}, "m": {"M": {"": {"S": "a"}}}}
        assert patch_between(read, {**read, "m": {"M": {"": {"S": "b"}}}}) == (Edit(("m",), {"M": {"": {"S": "b"}}}),)
        with pytest.raises(BadValueError, match="An attribute has a name"):
            patch_of_text(read, '{"id":{"S":"1"},"":{"S":"x"}}')


class TestRefused:
    """What cannot be meant, with the path of it."""

    @pytest.mark.parametrize(
        ("text", "path", "sentence"),
        [
            ('{"id":{"S":"1"},"n":{"N":"1' + "2" * 38 + '"}}', "n", "38 digits"),  # pitfall 13
            ('{"id":{"S":"1"},"n":{"N":"1E+126"}}', "n", "lies between"),  # pitfall 14
            ('{"id":{"S":"1"},"n":{"N":1.5}}', "n", "quotation marks"),  # pitfall 15
            ('{"id":{"S":"1"},"n":{"N":"NaN"}}', "n", "is no number"),
            ('{"id":{"S":"1"},"n":{"N":NaN}}', "", "NaN is no JSON"),
            ('{"id":{"S":"1"},"s":{"SS":[]}}', "s", "Remove the attribute instead"),  # pitfall 17
            ('{"id":{"S":"1"},"m":{"M":{"a":{"L":[{"X":"1"}]}}}}', "m.a[0]", "is no type"),
            ('{"id":{"S":"1"},"id":{"S":"2"}}', "", "is there twice"),
            ('["id"]', "", "An item is an object"),
            ("{", "", "This is not JSON"),
        ],
    )
    def test_with_the_path(self, text: str, path: str, sentence: str) -> None:
        with pytest.raises(BadValueError, match=sentence) as wrong:
            patch_of_text({"id": {"S": "1"}}, text)
        assert wrong.value.path == path


class TestHidden:
    """What somebody cannot see is neither sent nor lost (pitfall 26)."""

    READ: Item = {  # noqa: RUF012  (never altered)
        "id": {"S": "1"},
        "mail": {"HIDDEN": "S"},
        "profile": {"M": {"name": {"S": "a"}, "phone": {"HIDDEN": "S"}}},
        "list": {"L": [{"HIDDEN": "S"}, {"S": "b"}]},
    }

    def test_pitfall_26_what_is_hidden_stays(self) -> None:
        sent = raw(self.READ)
        sent["profile"]["M"]["name"] = {"S": "b"}
        assert patch_of_sent(self.READ, sent) == (Edit(("profile", "name"), {"S": "b"}),)

    @pytest.mark.parametrize(
        "alter",
        [
            lambda sent: sent.pop("mail"),
            lambda sent: sent.update(mail={"S": "x"}),
            lambda sent: sent["profile"]["M"].pop("phone"),
            lambda sent: sent["profile"]["M"].update(phone={"S": "x"}),
            lambda sent: sent.pop("profile"),
            lambda sent: sent["list"]["L"].pop(),
            lambda sent: sent.update(other={"HIDDEN": "S"}),
            lambda sent: sent["list"]["L"].__setitem__(0, {"S": "x"}),
        ],
    )
    def test_pitfall_26_what_is_hidden_cannot_be_touched(self, alter: Any) -> None:
        sent = raw(self.READ)
        alter(sent)
        with pytest.raises(BadValueError, match="hidden"):
            patch_of_sent(self.READ, sent)

    @given(ANY, ANY)
    def test_hidden_values_are_never_in_a_patch(self, shown: Item, sent: Item) -> None:
        hidden = {name: {"HIDDEN": next(iter(value))} if name not in KEYS else value for name, value in shown.items()}
        try:
            patch = patch_of_sent(hidden, {**raw(sent), **raw(hidden)})
        except BadValueError:
            return
        assert not {edit.attribute for edit in patch} & (set(hidden) - set(KEYS))
        assert not any(has_hidden(edit.value) for edit in patch if edit.value)


class TestConditions:
    """What has to be so (B8, pitfall 29)."""

    def test_every_touched_attribute_is_as_it_was_read(self) -> None:
        read: Item = {"id": {"S": "1"}, "a": {"N": "1"}, "m": {"M": {"x": {"S": "1"}}}, "other": {"S": "z"}}
        patch = (Edit(("a",), {"N": "2"}), Edit(("new",), {"S": "n"}), Edit(("m", "y"), {"S": "y"}))
        assert checks_of_patch(patch, read, "id") == (
            Check(("id",), "present"),
            Check(("a",), "is", {"N": "1"}),
            Check(("new",), "absent"),
            Check(("m", "y"), "absent"),
            Check(("m",), "map"),
        )

    def test_a_whole_item_is_as_it_was_read(self) -> None:
        read: Item = {"id": {"S": "1"}, "a": {"N": "1"}}
        assert checks_of_item(read, ["id"]) == (Check(("id",), "present"), Check(("a",), "is", {"N": "1"}))
        wide: Item = {"id": {"S": "1"}, **{f"a{n}": {"N": "1"} for n in range(1000)}}
        assert len(checks_of_item(wide, ["id"])) == 250


class TestThreeWays:
    """Both sides, and what the server has (pitfall 29)."""

    READ: Item = {"id": {"S": "1"}, "a": {"N": "1"}, "b": {"S": "b"}, "m": {"M": {"x": {"S": "1"}, "y": {"S": "1"}}}}  # noqa: RUF012

    def test_what_each_has_touched(self) -> None:
        patch = (Edit(("a",), {"N": "2"}), Edit(("m", "x"), {"S": "mine"}))
        server: Item = {**self.READ, "a": {"N": "3"}, "b": {"S": "theirs"}}
        sides = {side.shown: side for side in three_ways(self.READ, patch, server)}
        assert set(sides) == {"a", "b", "m.x"}
        assert (sides["a"].read, sides["a"].mine, sides["a"].theirs) == ({"N": "1"}, {"N": "2"}, {"N": "3"})
        assert [side for side, one in sides.items() if one.clashes] == ["a"]
        assert (sides["b"].touched_by_me, sides["b"].touched_by_them) == (False, True)

    def test_the_wider_place_holds_both(self) -> None:
        patch = (Edit(("m", "x"), {"S": "mine"}), Edit(("m", "z"), {"S": "new"}))
        server: Item = {name: value for name, value in self.READ.items() if name != "m"}
        (side,) = three_ways(self.READ, patch, server)
        assert side.path == ("m",)
        assert side.mine == {"M": {"x": {"S": "mine"}, "y": {"S": "1"}, "z": {"S": "new"}}}
        assert side.clashes

    def test_what_was_chosen_is_written_over_what_the_server_has(self) -> None:
        patch = (Edit(("a",), {"N": "2"}), Edit(("m", "x"), None))
        server: Item = {**self.READ, "a": {"N": "3"}}
        sides = three_ways(self.READ, patch, server)
        assert resolved(sides, [("m", "x")]) == (Edit(("m", "x"), None),)
        assert resolved(sides, [("a",)]) == (Edit(("a",), {"N": "2"}),)
        assert resolved(sides, []) == ()

    @given(ANY, ANY, ANY, st.booleans())
    def test_all_of_mine_or_all_of_theirs(self, read: Item, wanted: Item, server: Item, mine: bool) -> None:  # noqa: FBT001
        sides = three_ways(read, patch_between(read, wanted), server)
        for edit in resolved(sides, [side.path for side in sides] if mine else []):
            assert mine
            assert value_at({**wanted, **patched(read, patch_between(read, wanted))}, edit.path) == edit.value
