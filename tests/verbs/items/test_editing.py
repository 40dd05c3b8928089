"""Changing items: only as they were read, never what somebody else has made of them, and always told."""

from collections.abc import Callable
from typing import Any

import pytest
from fakes.as_aws import AsAws
from fakes.item_tables import NAME, make_table, row_of, stored

from provisioning.actions.actor import Actor
from provisioning.actions.editing import (
    ItemChanged,
    ProdNeedsChange,
    do_copy_item,
    do_create_item,
    do_delete_item,
    do_edit_item,
    do_resolve_edit,
)
from provisioning.actions.refusals import Refusal
from provisioning.engine.item_rows import legs_of
from provisioning.items.values import Item
from provisioning.lifecycle import WriteState
from provisioning.models import AuditEntry, Environment, Table
from provisioning.planning.item_plans import Leg

from .acts import ITEM, KEY, edited, raw, token, told, writes


class TestCreating:
    """A new item never takes the place of one that is there."""

    def test_a_new_item(self, alice: Actor, shared: Environment, table: Table, aws: AsAws) -> None:
        new = {"id": {"S": "b"}, "at": {"N": "2"}, "set": {"SS": ["x"]}}
        write = do_create_item(alice, shared, table, new, reason="to try")
        assert stored(aws, {"id": {"S": "b"}, "at": {"N": "2"}}) == new
        assert (write.state, write.reason, told()) == (WriteState.DONE, "to try", ["create_item"])

    def test_pitfall_30_a_key_that_is_taken(self, alice: Actor, shared: Environment, table: Table, aws: AsAws) -> None:
        with pytest.raises(ItemChanged) as refused:
            do_create_item(alice, shared, table, {**raw(KEY), "n": {"N": "9"}})
        assert (refused.value.code, refused.value.shown) == ("exists", ITEM)
        assert stored(aws, KEY) == ITEM
        assert writes() == [("create", "refused")]

    def test_an_equal_item_is_a_duplicate_as_well(self, alice: Actor, shared: Environment, table: Table) -> None:
        with pytest.raises(ItemChanged):
            do_create_item(alice, shared, table, raw(ITEM))

    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            ({"id": {"S": "b"}}, "bad-item"),
            ({"id": {"N": "1"}, "at": {"N": "1"}}, "bad-item"),
            ({"id": {"S": "b"}, "at": {"N": "1"}, "s": {"SS": []}}, "bad-item"),
            ({"id": {"S": "b"}, "at": {"N": "1"}, "much": {"S": "x" * 410_000}}, "bad-item"),  # pitfall 20
            ({"id": {"S": ""}, "at": {"N": "1"}}, "aws-refused"),
        ],
    )
    def test_what_cannot_be(
        self, sent: dict[str, Any], code: str, alice: Actor, shared: Environment, table: Table
    ) -> None:
        with pytest.raises(Refusal) as refused:
            do_create_item(alice, shared, table, sent)
        assert refused.value.code == code


class TestEditing:
    """Only what was touched, on the condition that it is as it was read."""

    def test_only_what_was_touched_is_sent(self, alice: Actor, table: Table, aws: AsAws) -> None:
        write = edited(alice, table, token(alice, table), n={"N": "2"}, m={"M": {"x": {"S": "1"}, "y": {"S": "2"}}})
        assert write is not None
        (sent,) = [request for operation, request in aws.requests if operation == "UpdateItem"]
        assert set(sent["ExpressionAttributeNames"].values()) == {"id", "n", "m", "y"}
        assert "kept" not in str(sent)
        now = stored(aws, KEY)
        assert now == {**ITEM, "n": {"N": "2"}, "m": {"M": {"x": {"S": "1"}, "y": {"S": "2"}}}}
        assert legs_of(write) == (Leg(KEY, ITEM, now),)
        assert AuditEntry.objects.get(verb="edit_item").detail["attributes"] == ["m", "n"]

    def test_nothing_touched_is_nothing_sent(self, alice: Actor, table: Table, aws: AsAws) -> None:
        assert edited(alice, table, token(alice, table), n={"N": "1.0"}) is None
        assert (aws.calls["UpdateItem"], writes()) == (0, [])

    def test_pitfall_22_names_that_are_words_or_odd(self, alice: Actor, table: Table, aws: AsAws) -> None:
        odd = {name: {"S": "v"} for name in ("key", "status", "a.b", "a-b", "#x", "日本", ":v", "SET n")}
        edited(alice, table, token(alice, table), **odd)
        assert stored(aws, KEY) == {**ITEM, **odd}

    def test_pitfall_17_the_last_member_goes_with_its_attribute(self, alice: Actor, table: Table, aws: AsAws) -> None:
        edited(alice, table, token(alice, table), tags={"SS": ["a"]})
        held = token(alice, table)
        with pytest.raises(Refusal, match="Remove the attribute instead"):
            edited(alice, table, held, tags={"SS": []})
        edited(alice, table, held, tags=None)
        assert stored(aws, KEY) == ITEM

    def test_pitfall_29_two_tabs(self, alice: Actor, bob: Actor, table: Table, aws: AsAws) -> None:
        mine, theirs = token(alice, table), token(bob, table)
        edited(bob, table, theirs, n={"N": "7"}, new={"S": "bob"})
        with pytest.raises(ItemChanged) as refused:
            edited(alice, table, mine, n={"N": "5"}, m=None)
        changed = refused.value
        assert changed.code == "changed"
        sides = {side.shown: (side.read, side.mine, side.theirs, side.clashes) for side in changed.sides}
        assert sides["n"] == ({"N": "1"}, {"N": "5"}, {"N": "7"}, True)
        assert sides["m"] == (ITEM["m"], None, ITEM["m"], False)
        assert sides["new"] == (None, None, {"S": "bob"}, False)
        assert (stored(aws, KEY) or {})["n"] == {"N": "7"}

        assert table.environment is not None
        mine_at = {place for place, side in enumerate(changed.sides) if side.shown == "n"}
        do_resolve_edit(alice, table.environment, table, KEY, mine_at, token=changed.token)
        assert stored(aws, KEY) == {**ITEM, "n": {"N": "5"}, "new": {"S": "bob"}}

    def test_all_of_theirs_is_nothing_sent(self, alice: Actor, shared: Environment, table: Table, aws: AsAws) -> None:
        held = token(alice, table)
        edited(alice, table, token(alice, table), n={"N": "7"})
        with pytest.raises(ItemChanged) as refused:
            edited(alice, table, held, n={"N": "5"})
        assert do_resolve_edit(alice, shared, table, KEY, (), token=refused.value.token) is None

    def test_others_elsewhere_in_the_item_are_no_conflict(self, alice: Actor, table: Table, aws: AsAws) -> None:
        mine, other = token(alice, table), token(alice, table)
        edited(alice, table, other, big={"S": "theirs"})
        write = edited(alice, table, mine, n={"N": "5"})
        assert write is not None
        assert stored(aws, KEY) == {**ITEM, "big": {"S": "theirs"}, "n": {"N": "5"}}
        assert legs_of(write)[0].before == {**ITEM, "big": {"S": "theirs"}}

    def test_an_edit_brings_nothing_back_to_life(self, alice: Actor, table: Table, aws: AsAws) -> None:
        held = token(alice, table)
        aws.delete_item(TableName=NAME, Key=KEY)
        with pytest.raises(ItemChanged) as refused:
            edited(alice, table, held, new={"S": "x"})
        assert (refused.value.code, stored(aws, KEY)) == ("gone", None)

    def test_pitfall_31_another_key_in_the_body(self, alice: Actor, shared: Environment, table: Table) -> None:
        held = token(alice, table)
        with pytest.raises(Refusal, match="id is part of the key"):
            edited(alice, table, held, id={"S": "other"})
        other: Item = {**KEY, "at": {"N": "2"}}
        with pytest.raises(Refusal) as refused:
            do_edit_item(alice, shared, table, other, raw(ITEM), token=held)
        assert refused.value.code == "other-key"
        assert writes() == []

    def test_a_form_of_somebody_else_or_another_table(
        self, alice: Actor, bob: Actor, table: Table, shared: Environment, aws: AsAws
    ) -> None:
        make_table(aws, "dev-others", items=[ITEM])
        others = row_of(shared, aws, "dev-others")
        for held in (token(bob, table), token(alice, others), "no token", token(alice, table)[:-4] + "AAAA"):
            with pytest.raises(Refusal) as refused:
                edited(alice, table, held, n={"N": "5"})
            assert refused.value.code == "bad-read"

    def test_pitfall_20_too_large(self, alice: Actor, table: Table) -> None:
        with pytest.raises(Refusal, match="DynamoDB takes 409,600 at most"):
            edited(alice, table, token(alice, table), much={"S": "x" * 409_600})
        assert writes() == []


class TestRights:
    """Who may, and where."""

    def test_pitfall_40_auditors_read(self, audrey: Actor, shared: Environment, table: Table, aws: AsAws) -> None:
        held = token(audrey, table)
        acts: tuple[Callable[[], object], ...] = (
            lambda: edited(audrey, table, held, n={"N": "5"}),
            lambda: do_create_item(audrey, shared, table, {"id": {"S": "b"}, "at": {"N": "1"}}),
            lambda: do_delete_item(audrey, shared, table, KEY, token=held),
            lambda: do_copy_item(
                audrey, shared, table, KEY, {"id": {"S": "b"}, "at": {"N": "1"}}, token=held, keep=True
            ),
        )
        for act in acts:
            with pytest.raises(Refusal) as refused:
                act()
            assert refused.value.forbidden
        assert (stored(aws, KEY), writes()) == (ITEM, [])

    def test_pitfall_42_a_table_of_another_environment(
        self, alice: Actor, live: Environment, table: Table, aws: AsAws
    ) -> None:
        with pytest.raises(Refusal) as refused:
            do_create_item(alice, live, table, {"id": {"S": "b"}, "at": {"N": "1"}})
        assert refused.value.code == "no-table"

    def test_prod_is_a_change(self, alice: Actor, shared: Environment, table: Table, aws: AsAws) -> None:
        held = token(alice, table)
        Environment.objects.filter(pk=shared.pk).update(stage="prod")
        shared.refresh_from_db()
        with pytest.raises(ProdNeedsChange) as refused:
            do_delete_item(alice, shared, table, KEY, token=held)
        assert (refused.value.code, refused.value.intent.key) == ("prod-needs-change", KEY)
        with pytest.raises(Refusal, match="hidden from you"):
            do_edit_item(alice, shared, table, KEY, {**raw(ITEM), "n": {"N": "2"}}, token=held)
        assert (stored(aws, KEY), writes()) == (ITEM, [])


class TestDeletingAndCopying:
    """Away, or to another key."""

    def test_deleting(self, alice: Actor, shared: Environment, table: Table, aws: AsAws) -> None:
        write = do_delete_item(alice, shared, table, KEY, token=token(alice, table))
        assert stored(aws, KEY) is None
        assert legs_of(write) == (Leg(KEY, ITEM, None),)

    def test_what_changed_since_is_not_deleted(
        self, alice: Actor, shared: Environment, table: Table, aws: AsAws
    ) -> None:
        held = token(alice, table)
        edited(alice, table, token(alice, table), n={"N": "7"})
        with pytest.raises(ItemChanged) as refused:
            do_delete_item(alice, shared, table, KEY, token=held)
        assert [side.shown for side in refused.value.sides] == ["n"]
        assert stored(aws, KEY) is not None

    @pytest.mark.parametrize("keep", [True, False])
    def test_pitfall_21_a_copy_is_one_transaction(
        self,
        keep: bool,  # noqa: FBT001  (a parameter of pytest)
        alice: Actor,
        shared: Environment,
        table: Table,
        aws: AsAws,
    ) -> None:
        new: Item = {"id": {"S": "new"}, "at": {"N": "5"}}
        do_copy_item(alice, shared, table, KEY, new, token=token(alice, table), keep=keep)
        assert aws.calls["TransactWriteItems"] == 1
        assert stored(aws, new) == {**ITEM, **new}
        assert stored(aws, KEY) == (ITEM if keep else None)

    def test_pitfall_21_a_copy_takes_no_place(
        self, alice: Actor, shared: Environment, table: Table, aws: AsAws
    ) -> None:
        new: Item = {"id": {"S": "new"}, "at": {"N": "5"}}
        aws.put_item(TableName=NAME, Item={**new, "mine": {"S": "x"}})
        with pytest.raises(ItemChanged) as refused:
            do_copy_item(alice, shared, table, KEY, new, token=token(alice, table), keep=False)
        assert refused.value.code == "exists"
        assert stored(aws, KEY) == ITEM
        with pytest.raises(Refusal):
            do_copy_item(
                alice, shared, table, KEY, {"id": {"N": "1"}, "at": {"N": "5"}}, token=token(alice, table), keep=True
            )
