"""What people do to the one item of these tests, and what is left of it."""

import json
from typing import Any

from provisioning.actions.actor import Actor
from provisioning.actions.editing import do_edit_item
from provisioning.actions.opening_items import do_open_item
from provisioning.items.values import Item, dumps
from provisioning.models import AuditEntry, ItemWrite, Table

KEY: Item = {"id": {"S": "a"}, "at": {"N": "1"}}
ITEM: Item = {**KEY, "kind": {"S": "x"}, "n": {"N": "1"}, "big": {"S": "kept"}, "m": {"M": {"x": {"S": "1"}}}}


def raw(item: Item) -> dict[str, Any]:
    """An item as a form brings it back."""
    found: dict[str, Any] = json.loads(dumps(item))
    return found


def token(actor: Actor, table: Table, key: Item = KEY) -> str:
    """The item as somebody has it in front of them."""
    assert table.environment is not None
    opened = do_open_item(actor, table.environment, table, key)
    assert opened is not None
    return opened.token


def edited(actor: Actor, table: Table, held: str, **changed: Any) -> ItemWrite | None:
    """Save the item with these attributes, or without those that are None."""
    assert table.environment is not None
    sent = {name: value for name, value in {**raw(ITEM), **changed}.items() if value is not None}
    return do_edit_item(actor, table.environment, table, KEY, sent, token=held)


def writes() -> list[tuple[str, str]]:
    """Every write so far: verb and state."""
    return [(write.verb, write.state) for write in ItemWrite.objects.order_by("pk")]


def told() -> list[str]:
    """The audit entries of writes so far."""
    entries = AuditEntry.objects.filter(verb__endswith="_item").order_by("pk")
    return [entry.verb for entry in entries]
