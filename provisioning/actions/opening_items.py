"""Opening one item, to look at it or to change it: as it is now, with what is hidden of it hidden.

What is hidden leaves only sealed, inside the text that a form brings back, so that what a person cannot see is neither
sent nor lost when they save (pitfall 26).
"""

from dataclasses import dataclass
from decimal import Decimal

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import read_one
from provisioning.actions.refusals import Refusal
from provisioning.engine.item_rows import key_types
from provisioning.items.masking import Mask, mask_for
from provisioning.items.query import shape_of
from provisioning.items.reads import BadReadError, Read, Reader, opened_read, sealed_read
from provisioning.items.values import Item, same_item, size_of
from provisioning.items.versions import version_of
from provisioning.items.write_units import dollars, units_of_delete, units_of_put
from provisioning.models import Environment, Table


@dataclass(frozen=True)
class Opened:
    """An item as it is now.

    `shown` is what may be seen of it, `token` all of it, sealed. `size` is bytes with names. `save_units` are what
    saving takes at most, on the table and every index, `delete_units` what deleting takes; prices are US dollars, None
    where capacity is provisioned. `version` names how it is, as `version_of` does.
    """

    key: Item
    shown: Item
    token: str
    mask: Mask
    size: int
    read_units: Decimal
    save_units: Decimal
    delete_units: Decimal
    save_price: Decimal | None
    delete_price: Decimal | None
    version: str


def do_open_item(actor: Actor, environment: Environment, table: Table, key: Item) -> Opened | None:
    """The item of a key, strongly consistent; None when there is none. Raises Refusal. In prod it leaves an audit
    entry."""
    item, capacity = read_one(actor, environment, table, key)
    return None if item is None else opened(actor, environment, table, item, capacity)


def opened(actor: Actor, environment: Environment, table: Table, item: Item, capacity: Decimal) -> Opened:
    """An item that was read, as it may be handed on."""
    shape, mask, mode = shape_of(table), mask_for(environment, table), str(table.described.get("billing_mode", ""))
    save, delete = units_of_put(shape, item), units_of_delete(shape, item)
    return Opened(
        key={name: item[name] for name in key_types(table)},
        shown=mask.apply(item),
        token=sealed_read(reader(actor, environment, table), Read(item)),
        mask=mask,
        size=size_of(item),
        read_units=capacity,
        save_units=save,
        delete_units=delete,
        save_price=dollars(save, mode),
        delete_price=dollars(delete, mode),
        version=version_of(environment.pk, table.name, item),
    )


def reader(actor: Actor, environment: Environment, table: Table) -> Reader:
    """Who reads where: what a sealed read is bound to."""
    return Reader(actor.user_id, environment.pk, table.name)


def read_back(actor: Actor, environment: Environment, table: Table, key: Item, token: str) -> Read:
    """What a form brought back, of this person, table and item. Raises Refusal."""
    try:
        read = opened_read(reader(actor, environment, table), token)
    except BadReadError as wrong:
        raise Refusal(wrong.sentence, "bad-read") from None
    if not same_item({name: read.item[name] for name in key_types(table)}, key):
        raise Refusal("This form belongs to another item.", "other-key")
    return read


def shown_back(actor: Actor, environment: Environment, table: Table, key: Item, token: str) -> Item:
    """What may be seen of the item that a form brought back. Raises Refusal."""
    return mask_for(environment, table).apply(read_back(actor, environment, table, key, token).item)
