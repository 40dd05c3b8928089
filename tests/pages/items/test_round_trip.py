"""Opened and saved with nothing touched: byte for byte the same, and nothing sent (pitfalls 12 to 18, 32)."""

from typing import Any

import pytest
from fakes.as_aws import AsAws
from fakes.item_tables import KEYS, NAME, stored
from fakes.made_items import items
from hypothesis import HealthCheck, example, given, settings

from provisioning.items.values import Item, dumps
from provisioning.models import ItemWrite

from .browser import ItemBrowser

UGLY: Item = {
    "id": {"S": "a"},
    "at": {"N": "1"},
    "lines": {"S": "\n one\r\ntwo\rthree\n\n"},
    "control": {"S": "\x00\x01\x1b\x7f\x85\u2028\u2029\ufeff\ufffe\t"},
    "blank": {"S": ""},
    "spaces": {"S": "  x  "},
    "empty": {"B": b""},
    "bytes": {"B": bytes(range(256))},
    "big": {"N": "1318796827993409899"},
    "digits": {"N": "9" * 38},
    "tiny": {"N": "1E-130"},
    "null": {"NULL": True},
    "no": {"BOOL": False},
    "ss": {"SS": ["", "a\r\n", "</textarea><script>alert(1)</script>"]},
    "ns": {"NS": ["1", "12345678901234567890"]},
    "bs": {"BS": [b"", b"\xff\x00"]},
    "deep": {"M": {"-": {"L": [{"M": {"\r": {"S": "\r\n"}}}, {"L": []}, {"NULL": True}]}, "a.b": {"M": {}}}},
    "<b>\r\n": {"S": "</textarea>&amp;&#10;"},
}


def wire(client: Any) -> list[str]:
    """Every item as it came over the wire, types, texts and bytes."""
    return sorted(dumps(item) for item in client.scan(TableName=NAME)["Items"])


@pytest.mark.parametrize("mode", ["", "?mode=raw"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item=items(KEYS))
@example(item=UGLY)
def test_pitfall_18_saved_with_nothing_touched(mode: str, item: Item, alices: ItemBrowser, aws: AsAws) -> None:
    aws.client.put_item(TableName=NAME, Item=item)
    key = {name: item[name] for name in KEYS}
    before, writes = wire(aws.client), ItemWrite.objects.count()
    aws.calls.clear()
    page = alices.open(f"edit/{mode}", key)
    page.path = page.path.partition("?")[0]
    page.send()
    assert "Nothing was changed, so nothing was sent." in page.text
    assert wire(aws.client) == before
    assert ItemWrite.objects.count() == writes
    assert not {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"} & set(aws.calls)
    aws.client.delete_item(TableName=NAME, Key=key)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item=items(KEYS))
@example(item=UGLY)
def test_one_attribute_touched_leaves_all_others_byte_for_byte(item: Item, alices: ItemBrowser, aws: AsAws) -> None:
    aws.client.put_item(TableName=NAME, Item=item)
    key = {name: item[name] for name in KEYS}
    page = alices.open("edit/", key)
    page.fields["new-name"][0], page.fields["new-value"][0] = "touched here", "yes"
    page.send()
    now = stored(aws.client, key)
    assert now is not None
    assert dumps({name: now[name] for name in item}) == dumps(item)
    assert now["touched here"] == {"S": "yes"}
    aws.client.delete_item(TableName=NAME, Key=key)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item=items(KEYS))
@example(item=UGLY)
def test_from_one_way_of_editing_to_the_other_and_back(item: Item, alices: ItemBrowser, aws: AsAws) -> None:
    aws.client.put_item(TableName=NAME, Item=item)
    key = {name: item[name] for name in KEYS}
    page = alices.open("edit/", key)
    page.send(status=200, switch="raw").send(status=200, switch="rows").send()
    assert "Nothing was changed, so nothing was sent." in page.text
    aws.client.delete_item(TableName=NAME, Key=key)


@pytest.mark.parametrize(
    "text",
    ["a,b", "a/b", "#", "%2F", "..", ".", "new\nline", "🙂", "é" * 1024, "<img src=x onerror=alert(1)>", "?a=b&c"],
)
def test_pitfall_32_keys_of_any_characters(text: str, alices: ItemBrowser, aws: AsAws) -> None:
    key: Item = {"id": {"S": text}, "at": {"N": "1"}}
    aws.client.put_item(TableName=NAME, Item={**key, "n": {"N": "1"}})
    page = alices.open("edit/", key)
    page.set(n="2").send()
    assert stored(aws.client, key) == {**key, "n": {"N": "2"}}
    assert "<img src=x" not in page.text
    page.open("copy/", key)
    assert page.fields["key-0"] == [text.replace("\n", "\r\n")]


def test_pitfall_32_binary_keys(alices: ItemBrowser, aws: AsAws) -> None:
    from fakes.item_tables import make_table, row_of  # noqa: PLC0415

    assert alices.table.environment is not None
    make_table(aws, "dev-binary", {"raw": "B"})
    alices.table = row_of(alices.table.environment, aws, "dev-binary")
    key: Item = {"raw": {"B": bytes(range(256)) * 8}}
    aws.client.put_item(TableName="dev-binary", Item={**key, "n": {"N": "1"}})
    alices.open("edit/", key).set(n="2").send()
    assert stored(aws.client, key, "dev-binary") == {**key, "n": {"N": "2"}}
