"""Changing an item by its forms: touched only, both sides of a conflict, and the way back."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from fakes.as_aws import AsAws
from fakes.item_tables import NAME, stored

from portal.accounts.models import User
from provisioning.items.values import Item, key_token
from provisioning.models import AuditEntry, Change, Environment, ItemWrite

from .browser import ITEM, KEY, ItemBrowser

ClientOf = Callable[[User], Client]


class TestEditing:
    """The form."""

    def test_a_value_and_a_type(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.open("edit/").set(n="two", m='{"x": {"S": "1"}, "y": {"N": "5"}}', expires=None)
        place = page.place("n")
        page.fields[f"type-{place}"] = ["S"]
        page.send(reason="to try")
        assert "Edited." in page.text
        left = {name: value for name, value in ITEM.items() if name != "expires"}
        assert stored(aws, KEY) == {**left, "n": {"S": "two"}, "m": {"M": {"x": {"S": "1"}, "y": {"N": "5"}}}}
        assert "“to try”" in page.text

    def test_a_new_attribute_and_typed_json(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.open("edit/")
        page.fields["new-name"][0], page.fields["new-type"][0], page.fields["new-value"][0] = "tags", "SS", '["a"]'
        page.send()
        assert stored(aws, KEY) == {**ITEM, "tags": {"SS": ["a"]}}
        page.open("edit/?mode=raw")
        page.fields["item"] = [page.fields["item"][0].replace('"1700000000"', '"1800000000"')]
        page.send()
        assert stored(aws, KEY) == {**ITEM, "tags": {"SS": ["a"]}, "expires": {"N": "1800000000"}}

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("n", "1" * 39, "38 digits at most"),  # pitfall 13
            ("n", "1E+126", "lies between"),  # pitfall 14
            ("n", "NaN", "is no number"),  # pitfall 15
            ("n", "1.5.5", "is no number"),
            ("m", "{", "This is not JSON"),
            ("m", '{"a": {"L": [{"N": 1}]}}', "a[0]: A number stands in quotation marks"),
            ("kind", "x" * 410_000, "DynamoDB takes 409,600 at most"),  # pitfall 20
        ],
    )
    def test_pitfall_13_what_is_wrong_is_said_at_its_field(
        self, name: str, text: str, said: str, alices: ItemBrowser, aws: AsAws
    ) -> None:
        page = alices.edit(status=400, **{name: text})
        assert said in page.text
        assert "Nothing was saved" in page.text
        assert page.fields[f"value-{page.place(name)}"] == [text]  # what was typed is still there
        assert stored(aws, KEY) == ITEM

    @pytest.mark.parametrize("mode", ["", "?mode=raw"])
    def test_pitfall_20_the_largest_item_fits_into_its_form(self, mode: str, alices: ItemBrowser, aws: AsAws) -> None:
        large: Item = {**ITEM, "text": {"S": '\u201c"é\n' * 45_000}}
        aws.client.put_item(TableName=NAME, Item=large)
        page = alices.open(f"edit/{mode}")
        page.path = page.path.partition("?")[0]
        if mode:
            page.fields["item"] = [page.fields["item"][0].replace('"S": "x"', '"S": "y"')]
        else:
            page.set(kind="y")
        page.send()
        assert stored(aws, KEY) == {**large, "kind": {"S": "y"}}

    def test_pitfall_17_the_last_member_of_a_set(self, alices: ItemBrowser, aws: AsAws) -> None:
        aws.client.put_item(TableName=NAME, Item={**ITEM, "tags": {"SS": ["a"]}})
        assert "Remove the attribute instead." in alices.edit(status=400, tags="[]").text
        alices.edit(tags=None)
        assert stored(aws, KEY) == ITEM

    def test_pitfall_31_another_key_in_the_body(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.open("edit/?mode=raw")
        page.fields["item"] = [page.fields["item"][0].replace('"S": "a"', '"S": "b"')]
        assert "Copy the item to another key instead." in page.send(status=400).text
        page.open("edit/")
        aws.client.put_item(TableName=NAME, Item={**ITEM, "id": {"S": "b"}})
        other = page.send(status=400, path=f"item/{key_token({**KEY, 'id': {'S': 'b'}})}/edit/")
        assert "This form belongs to another item." in other.text
        assert not ItemWrite.objects.exists()

    def test_pitfall_26_opened_from_an_index_the_whole_item_is_there(self, alices: ItemBrowser, aws: AsAws) -> None:
        row = aws.query(
            TableName=NAME,
            IndexName="by-kind",
            KeyConditionExpression="kind=:k",
            ExpressionAttributeValues={":k": {"S": "x"}},
        )["Items"][0]
        assert "n" not in row
        alices.open("edit/", {name: row[name] for name in KEY}).set(kind="y").send()
        assert stored(aws, KEY) == {**ITEM, "kind": {"S": "y"}}

    def test_a_form_that_lost_its_rows_loses_nothing(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.open("edit/")
        page.fields = {name: value for name, value in page.fields.items() if name in {"read", "mode"}}
        assert "Nothing was changed" in page.send().text
        assert stored(aws, KEY) == ITEM


class TestConflicts:
    """Two tabs, both save (pitfall 29)."""

    def both(self, alices: ItemBrowser, client_of: ClientOf, bob: User) -> ItemBrowser:
        """alice's form was open while an admin saved."""
        bob.groups.set([bob.groups.model.objects.get_or_create(name="admins")[0]])
        theirs = ItemBrowser(client_of(bob), alices.table)
        alices.open("edit/").set(n="5", kind="mine")
        theirs.edit(n="7", expires="1")
        return alices.send(status=409)

    def test_pitfall_29_both_sides_and_what_is_there(
        self, alices: ItemBrowser, client_of: ClientOf, bob: User, aws: AsAws
    ) -> None:
        page = self.both(alices, client_of, bob)
        for shown in ("The item changed meanwhile", "Nothing was written", "As you want it", "As it is there now"):
            assert shown in page.text
        assert page.text.count('value="mine"') == 2
        assert page.text.count('value="mine" required checked') == 1  # only for what nobody else touched
        assert stored(aws, KEY) == {**ITEM, "n": {"N": "7"}, "expires": {"N": "1"}}

    @pytest.mark.parametrize("side", ["mine", "theirs"])
    def test_one_of_them_is_taken(
        self, side: str, alices: ItemBrowser, client_of: ClientOf, bob: User, aws: AsAws
    ) -> None:
        page = self.both(alices, client_of, bob)
        (choice,) = set(re.findall(r'name="(take-\d)"', page.text)) - set(page.fields)  # nothing is chosen for them
        page.fields[choice] = [side]
        page.send()
        left = "5" if side == "mine" else "7"
        assert stored(aws, KEY) == {**ITEM, "n": {"N": left}, "kind": {"S": "mine"}, "expires": {"N": "1"}}

    def test_gone_meanwhile(self, alices: ItemBrowser, aws: AsAws) -> None:
        alices.open("edit/").set(n="5")
        aws.client.delete_item(TableName=NAME, Key=KEY)
        assert "The item is not there any more." in alices.send(status=409).text
        assert stored(aws, KEY) is None


class TestMaking:
    """New items and copies."""

    def test_a_new_item(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.go("new/")
        page.fields["new-name"][0], page.fields["new-value"][0] = "title", "Hello"
        page.send(key_0="b", key_1="2")
        assert "Created." in page.text
        assert stored(aws, {"id": {"S": "b"}, "at": {"N": "2"}})

    def test_pitfall_30_never_over_another(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.go("new/").send(key_0="a", key_1="1", status=409)
        assert "There is an item with this key already" in page.text
        assert f'href="{page.home}item/{key_token(KEY)}/"' in page.text
        assert stored(aws, KEY) == ITEM

    def test_a_key_has_to_be_whole(self, alices: ItemBrowser) -> None:
        page = alices.go("new/").send(key_0="b", key_1="", status=400)
        assert "A part of the key cannot be empty." in page.text
        assert "is no number" in alices.go("new/").send(key_0="b", key_1="x", status=400).text

    def test_one_like_another(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.go(f"new/?like={key_token(KEY)}")
        page.path = f"{page.home}new/"
        page.send(key_0="b")
        assert stored(aws, {**KEY, "id": {"S": "b"}}) == {**ITEM, "id": {"S": "b"}}

    def test_as_typed_json(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.go("new/").send(status=200, switch="raw", key_0="b", key_1="2")
        page.fields["item"] = ['{"id": {"S": "b"}, "at": {"N": "2"}, "raw": {"B": "AAE="}}']
        page.send()
        assert (stored(aws, {"id": {"S": "b"}, "at": {"N": "2"}}) or {})["raw"] == {"B": b"\x00\x01"}

    @pytest.mark.parametrize("old", ["keep", "move"])
    def test_pitfall_21_to_another_key(self, old: str, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.open("copy/").send(key_0="b", old=old)
        assert "Copied to another key." in page.text
        new: Item = {**KEY, "id": {"S": "b"}}
        assert stored(aws, new) == {**ITEM, **new}
        assert stored(aws, KEY) == (ITEM if old == "keep" else None)

    def test_pitfall_21_not_over_another_nor_to_itself(self, alices: ItemBrowser, aws: AsAws) -> None:
        assert "The new key is the one that the item has." in alices.open("copy/").send(status=400).text
        aws.client.put_item(TableName=NAME, Item={**KEY, "id": {"S": "b"}})
        assert "The key is taken" in alices.open("copy/").send(status=409, key_0="b", old="move").text
        assert stored(aws, KEY) == ITEM


class TestTakingBack:
    """Deletion, and every write back again."""

    def test_deleted_and_put_back(self, alices: ItemBrowser, aws: AsAws) -> None:
        page = alices.open("delete/").send(reason="old")
        assert stored(aws, KEY) is None
        assert "Deleted." in page.text
        page.open(status=404)
        assert "Take back: Deleted" in page.text
        write = ItemWrite.objects.get()
        page.go(f"writes/{write.pk}/undo/")
        page.client.post(page.path)
        assert stored(aws, KEY) == ITEM
        assert "taken back already" in page.go(f"writes/{write.pk}/undo/").text

    def test_not_if_it_changed_since(self, alices: ItemBrowser, aws: AsAws) -> None:
        alices.edit(n="2")
        write = ItemWrite.objects.get()
        alices.edit(kind="later")
        answer = alices.client.post(f"{alices.home}writes/{write.pk}/undo/")
        text = answer.content.decode()
        assert answer.status_code == 409
        for shown in ("The item changed meanwhile", "As the write left it", "later"):
            assert shown in text
        assert stored(aws, KEY) == {**ITEM, "n": {"N": "2"}, "kind": {"S": "later"}}

    def test_the_list_of_writes(self, alices: ItemBrowser) -> None:
        assert "Nothing was written so far" in alices.go("writes/").text
        alices.edit(n="2")
        with CaptureQueriesContext(connection) as few:
            text = alices.go("writes/").text
        assert f'href="{alices.home}item/{key_token(KEY)}/"' in text
        assert "<del>1</del>" in text
        assert "<ins>2</ins>" in text
        for number in range(3, 8):
            alices.edit(n=str(number))
        with CaptureQueriesContext(connection) as many:
            alices.go("writes/")
        assert len(many) == len(few)


class TestGuards:
    """Right, form token and place, on the server (pitfall 40)."""

    PAGES = ("edit/", "copy/", "delete/")

    def test_pitfall_40_without_the_forms_own_token(self, alices: ItemBrowser, alice: User, aws: AsAws) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(alice)
        for page in self.PAGES:
            alices.open(page)
            assert strict.post(alices.path, alices.fields).status_code == 403
        assert strict.post(f"{alices.home}new/", {"key-0": "b", "key-1": "1"}).status_code == 403
        assert stored(aws, KEY) == ITEM

    def test_pitfall_40_somebody_elses_environment(
        self, alices: ItemBrowser, client_of: ClientOf, bob: User, aws: AsAws
    ) -> None:
        alices.client = client_of(bob)
        page = alices.open("edit/")
        assert "belongs to alice" in page.text
        assert "belongs to alice" in page.set(n="5").send(status=403).text
        alices.open("delete/", status=200)
        assert "belongs to alice" in alices.go("new/").send(key_0="b", key_1="1", status=403).text
        assert (stored(aws, KEY), ItemWrite.objects.count()) == (ITEM, 0)

    def test_prod_asks_for_a_change(self, alices: ItemBrowser, dev: Environment, aws: AsAws) -> None:
        Environment.objects.filter(pk=dev.pk).update(stage="prod")
        page = alices.open("delete/")
        assert "Ask for its deletion" in page.text
        assert "Say why" in page.send(status=400, reason="").text
        page = alices.open("delete/").send(reason="It is a duplicate.")
        change = Change.objects.get()
        assert page.path == f"/changes/{change.pk}/"
        assert (change.kind, change.reason) == ("write_items", "It is a duplicate.")
        assert (stored(aws, KEY), ItemWrite.objects.count()) == (ITEM, 0)
        assert AuditEntry.objects.filter(verb="request_write_items").count() == 1
