"""A name for how an item is: equal while it is the same to DynamoDB, and telling nothing of what is in it.

Whoever read an item says with it which one they mean; what is hidden from them is in it as well, keyed, so that
nobody finds out by trying what it is.
"""

from collections.abc import Mapping

from provisioning.items.canonical import canonical
from provisioning.items.sealing import digest
from provisioning.items.values import Value

PURPOSE, LENGTH = "item-version", 32


def version_of(environment_id: int, table: str, item: Mapping[str, Value]) -> str:
    """The version of an item of a table, 32 characters; another one as soon as any of its values is another."""
    return digest(PURPOSE, f"{environment_id}/{table}/{canonical(item).decode()}")[:LENGTH]
