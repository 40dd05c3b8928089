"""The page of an item: everything of it, exact, never markup, and what was written."""

from collections.abc import Callable

import pytest
from django.test import Client
from fakes.as_aws import AsAws
from fakes.item_tables import NAME, make_table, row_of

from portal.accounts.models import User
from provisioning.items.values import Item, key_token
from provisioning.models import AuditEntry, Environment

from .. import rows
from .browser import ITEM, KEY, ItemBrowser

ClientOf = Callable[[User], Client]
HOSTILE = ("<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</script><script>alert(1)</script>")
LINK = "javascript:alert(1)"


def test_everything_of_an_item(alices: ItemBrowser, aws: AsAws) -> None:
    aws.client.put_item(TableName=NAME, Item={**ITEM, "big": {"N": "1318796827993409899"}, "tags": {"SS": ["a"]}})
    page = alices.open()
    for shown in ("1318796827993409899", "partition key", "sort key", "Set of texts", "expired", "bytes of 409,600"):
        assert shown in page.text
    assert "?index=by-kind&amp;pk=x" in page.text
    assert page.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


@pytest.mark.parametrize("hostile", [*HOSTILE, LINK])
def test_pitfall_38_names_and_values_are_never_markup(hostile: str, alices: ItemBrowser, aws: AsAws) -> None:
    key: Item = {"id": {"S": hostile}, "at": {"N": "1"}}
    item: Item = {**key, hostile: {"S": hostile}, "m": {"M": {hostile: {"S": hostile}}}, "set": {"SS": [hostile]}}
    aws.client.put_item(TableName=NAME, Item=item)
    alices.open("edit/", key)
    alices.fields["new-name"][0], alices.fields["new-value"][0] = f"{hostile} again", hostile
    alices.send()
    for page in ("", "edit/", "edit/?mode=raw", "copy/", "delete/"):
        text = alices.open(page, key).text
        assert "onload=alert" not in text.replace("&quot;&gt;&lt;svg onload=alert", "")
        assert "<img" not in text
        assert "<script>alert" not in text
        assert f'href="{LINK}' not in text
    assert "<img" not in alices.go("writes/").text


def test_a_key_that_no_item_has(alices: ItemBrowser) -> None:
    page = alices.open(key={"id": {"S": "nobody"}, "at": {"N": "1"}}, status=404)
    assert "There is no item with this key" in page.text


def test_what_is_no_key(alices: ItemBrowser) -> None:
    for token in ("nonsense", key_token({"id": {"S": "a"}}), key_token({**KEY, "at": {"S": "1"}}), ".", ".AAAA"):
        alices.go(f"item/{token}/", status=404)


def test_pitfall_42_a_table_of_another_environment(alices: ItemBrowser, account: object, bob: User, aws: AsAws) -> None:
    other = rows.environment(bob, "dev-bob")
    make_table(aws, "dev-bobs", items=[ITEM])
    row_of(other, aws, "dev-bobs")
    path = alices.home.replace(NAME, "dev-bobs")
    for page in ("", "edit/", "copy/", "delete/"):
        assert alices.client.get(f"{path}item/{key_token(KEY)}/{page}").status_code == 404
    assert alices.client.get(f"{path}new/").status_code == 404
    assert alices.client.get(f"{path}writes/").status_code == 404


def test_throttled_is_said_in_words(alices: ItemBrowser, aws: AsAws) -> None:
    aws.script.throttle("GetItem", times=3)
    for page in ("", "edit/", "delete/"):
        assert "DynamoDB asked to slow down" in alices.open(page).text


def test_a_table_that_vanished(alices: ItemBrowser, aws: AsAws) -> None:
    aws.client.delete_table(TableName=NAME)
    assert "is not there any more: it was deleted outside Stackyard" in alices.open().text


def test_auditors_read_and_change_nothing(alices: ItemBrowser, client_of: ClientOf, audrey: User) -> None:
    alices.edit(n="2")
    alices.client = client_of(audrey)
    page = alices.open()
    assert "You may read everything here, but not change anything." in page.text
    assert "Take back…" not in page.text
    for address in ("edit/", "copy/", "delete/"):
        alices.open(address, status=403)
    alices.go("new/", status=403)


class TestProd:
    """Masked, written down, and changed by asking."""

    @pytest.fixture
    def prod(self, alices: ItemBrowser, dev: Environment) -> ItemBrowser:
        """The same table, in prod, where nothing says what may be seen."""
        Environment.objects.filter(pk=dev.pk).update(stage="prod")
        return alices

    def test_pitfall_41_hidden_until_it_is_revealed_for_a_reason(self, prod: ItemBrowser) -> None:
        page = prod.open()
        assert "hidden here" in page.text
        assert "1700000000" not in page.text
        reveal = f"item/{key_token(KEY)}/reveal/"
        assert "Say why" in prod.send(path=reveal, status=400, reason="").text
        shown = prod.send(path=reveal, status=200, reason="Ticket 4711")
        assert "1700000000" in shown.text
        assert "no-store" in shown.headers["Cache-Control"]
        assert AuditEntry.objects.get(verb="reveal_item").reason == "Ticket 4711"
        assert "1700000000" not in prod.open().text

    def test_reading_is_written_down(self, prod: ItemBrowser) -> None:
        prod.open()
        assert AuditEntry.objects.get().verb == "read_items"

    def test_pitfall_41_what_is_hidden_is_nowhere_on_the_forms(self, prod: ItemBrowser) -> None:
        for page in ("edit/", "edit/?mode=raw", "delete/", "copy/"):
            text = prod.open(page).text
            assert "1700000000" not in text
            assert "Ask for" in text
