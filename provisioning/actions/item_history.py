"""What was written, told without what is hidden: of one item, or of a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from provisioning.actions.editing import why_not_undo
from provisioning.engine.item_rows import key_digest, key_types, legs_of
from provisioning.items.masking import Mask, mask_for
from provisioning.items.patching import masked_at, patch_between, value_at
from provisioning.items.paths import path_of
from provisioning.items.sealing import NotSealedError
from provisioning.items.values import Item, Value, key_token
from provisioning.items.versions import version_of
from provisioning.lifecycle import WriteState, WriteVerb
from provisioning.models import Environment, ItemWrite, Table

MOST_OF_ONE_ITEM = 20


@dataclass(frozen=True)
class Difference:
    """One place of an item before and after; None where there was or is nothing."""

    path: str
    before: Value | None
    after: Value | None


@dataclass(frozen=True)
class Told:
    """A write as a page tells it.

    `key` is the item's, `token` what stands for it in an address, `from_key` where a copy came from. `unreadable`: it
    was sealed with another secret key. `why_not_undo` is empty when it can be taken back.
    """

    write: ItemWrite
    verb: WriteVerb
    state: WriteState
    key: Item
    token: str
    from_key: Item | None
    differences: tuple[Difference, ...]
    unreadable: bool
    why_not_undo: str


def writes_of_item(environment: Environment, table: Table, key: Item) -> tuple[Told, ...]:
    """The last writes of one item, the newest first."""
    digest = key_digest(environment.pk, table.name, key)
    rows = writes_of_table(environment, table).filter(key_digest=digest)[:MOST_OF_ONE_ITEM]
    return tell(environment, table, rows)


def writes_of_table(environment: Environment, table: Table) -> QuerySet[ItemWrite]:
    """Every write of a table's items, the newest first."""
    rows = ItemWrite.objects.filter(environment=environment, table=table.name)
    return rows.select_related("by", "change", "undone_by").order_by("-at", "-pk")


def writes_of_environment(environment: Environment) -> QuerySet[ItemWrite]:
    """Every write of items in any of its tables, the newest first."""
    return ItemWrite.objects.filter(environment=environment).select_related("by").order_by("-at", "-pk")


def key_left(write: ItemWrite) -> Item | None:
    """The key under which a write has left an item, None where it took it away. Raises NotSealedError."""
    return next((leg.key for leg in legs_of(write) if leg.after is not None), None)


@dataclass(frozen=True)
class Left:
    """How a write has left an item, as it may be shown: its key and its version."""

    key: Item
    shown: Item
    version: str


def left_by(environment: Environment, table: Table, write: ItemWrite) -> Left | None:
    """The item as a write has left it, None where it took it away. Raises NotSealedError."""
    leg = next((leg for leg in legs_of(write) if leg.after is not None), None)
    if leg is None or leg.after is None:
        return None
    shown = mask_for(environment, table).apply(leg.after)
    return Left(leg.key, shown, version_of(environment.pk, table.name, leg.after))


def tell(environment: Environment, table: Table, writes: Iterable[ItemWrite]) -> tuple[Told, ...]:
    """These writes, with what they made of their items."""
    mask = mask_for(environment, table)
    return tuple(_told(write, mask, key_types(table)) for write in writes)


def _told(write: ItemWrite, mask: Mask, types: Mapping[str, str]) -> Told:
    verb, state = WriteVerb(write.verb), WriteState(write.state)
    try:
        first, *others = legs_of(write)
    except NotSealedError:
        why = "What was there before cannot be read any more."
        return Told(write, verb, state, {}, "", None, (), unreadable=True, why_not_undo=why)
    return Told(
        write,
        verb,
        state,
        first.key,
        key_token({name: first.key[name] for name in types if name in first.key}),
        others[0].key if others else None,
        _differences(first.before, first.after, mask),
        unreadable=False,
        why_not_undo=why_not_undo(write),
    )


def _differences(before: Item | None, after: Item | None, mask: Mask) -> tuple[Difference, ...]:
    edits = patch_between(before or {}, after or {})
    paths = [tuple(str(step) for step in edit.path) for edit in edits]
    return tuple(
        Difference(
            path_of(path), masked_at(mask, path, value_at(before, path)), masked_at(mask, path, value_at(after, path))
        )
        for path in paths
    )
