"""The pages of the items that are wide, deep or ugly."""

from django.urls import reverse

from bench.scene import APPLICATION, READY
from provisioning.items.values import key_token

from .odd_items import TABLE

_WHERE = (APPLICATION, READY, TABLE)
_PAGES = ("table_item", "table_item_edit", "table_item_copy", "table_item_delete")


def page_of(name: str, item: str) -> str:
    """The address of a page about an item of the messages, by its id."""
    return reverse(name, args=[*_WHERE, key_token({"id": {"S": item}})])


def paths() -> list[str]:
    """Every page about an item, in every state that looks otherwise."""
    odd = [page_of(name, item) for item in ("wide", "deep", "ugly 日本語 👩‍👩‍👧‍👦") for name in _PAGES]
    raw = [f"{page_of('table_item_edit', item)}?mode=raw" for item in ("deep", "ugly 日本語 👩‍👩‍👧‍👦")]
    like = f"{reverse('item_new', args=_WHERE)}?like={key_token({'id': {'S': 'deep'}})}"
    return [*odd, *raw, like]
