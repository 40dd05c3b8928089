"""Writes taken back: when their items still are as they left them, once."""

import pytest
from fakes.as_aws import AsAws
from fakes.item_tables import NAME, stored

from provisioning.actions.actor import Actor
from provisioning.actions.editing import (
    ItemChanged,
    do_copy_item,
    do_create_item,
    do_delete_item,
    do_undo_write,
)
from provisioning.actions.refusals import Refusal
from provisioning.items.values import Item
from provisioning.lifecycle import WriteState
from provisioning.models import Environment, ItemWrite, Table

from .acts import ITEM, KEY, edited, raw, token


class TestUndoing:
    """Back, if nobody was at it since."""

    def undone(self, actor: Actor, table: Table, write: ItemWrite | None) -> ItemWrite:
        """Take a write back."""
        assert table.environment is not None
        assert write is not None
        return do_undo_write(actor, table.environment, table, write)

    def test_an_edit(self, alice: Actor, table: Table, aws: AsAws) -> None:
        write = edited(alice, table, token(alice, table), n={"N": "2"}, big=None, new={"S": "x"})
        back = self.undone(alice, table, write)
        assert stored(aws, KEY) == ITEM
        assert back.undoes == write
        again = self.undone(alice, table, back)  # and forward again
        assert (stored(aws, KEY), again.state) == (
            {**{name: value for name, value in ITEM.items() if name != "big"}, "n": {"N": "2"}, "new": {"S": "x"}},
            WriteState.DONE,
        )

    def test_a_new_item_goes_and_a_deleted_one_comes_back(
        self, alice: Actor, shared: Environment, table: Table, aws: AsAws
    ) -> None:
        new: Item = {"id": {"S": "b"}, "at": {"N": "1"}, "x": {"S": "x"}}
        self.undone(alice, table, do_create_item(alice, shared, table, new))
        assert stored(aws, {"id": {"S": "b"}, "at": {"N": "1"}}) is None
        self.undone(alice, table, do_delete_item(alice, shared, table, KEY, token=token(alice, table)))
        assert stored(aws, KEY) == ITEM

    @pytest.mark.parametrize("keep", [True, False])
    def test_a_copy(self, keep: bool, alice: Actor, shared: Environment, table: Table, aws: AsAws) -> None:  # noqa: FBT001
        new: Item = {"id": {"S": "new"}, "at": {"N": "5"}}
        write = do_copy_item(alice, shared, table, KEY, new, token=token(alice, table), keep=keep)
        self.undone(alice, table, write)
        assert (stored(aws, new), stored(aws, KEY)) == (None, ITEM)

    def test_not_what_changed_since(self, alice: Actor, table: Table, aws: AsAws) -> None:
        write = edited(alice, table, token(alice, table), n={"N": "2"})
        aws.put_item(TableName=NAME, Item={**ITEM, "n": {"N": "2"}, "by": {"S": "others"}})
        with pytest.raises(ItemChanged) as refused:
            self.undone(alice, table, write)
        assert refused.value.shown == {**ITEM, "n": {"N": "2"}, "by": {"S": "others"}}
        assert [side.shown for side in refused.value.sides] == ["by"]
        aws.delete_item(TableName=NAME, Key=KEY)
        with pytest.raises(ItemChanged) as refused:
            self.undone(alice, table, write)
        assert (refused.value.code, refused.value.shown) == ("gone", None)

    def test_only_once(self, alice: Actor, table: Table, aws: AsAws) -> None:
        write = edited(alice, table, token(alice, table), n={"N": "2"})
        self.undone(alice, table, write)
        with pytest.raises(Refusal, match="taken back already"):
            self.undone(alice, table, write)
        assert stored(aws, KEY) == ITEM

    def test_what_was_never_written_has_no_way_back(self, alice: Actor, shared: Environment, table: Table) -> None:
        with pytest.raises(ItemChanged):
            do_create_item(alice, shared, table, raw(ITEM))
        with pytest.raises(Refusal, match="Nothing was written"):
            self.undone(alice, table, ItemWrite.objects.get())
