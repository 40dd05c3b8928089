"""The button that takes a write back with one click: what it did, what is in its way, and where it is none."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from fakes.as_aws import AsAws
from fakes.item_tables import NAME, stored

from portal.accounts.models import User
from provisioning.items.values import Item
from provisioning.lifecycle import WriteState, WriteVerb
from provisioning.models import AuditEntry, Change, Environment, ItemWrite

from .browser import ITEM, KEY, ItemBrowser

ClientOf = Callable[[User], Client]
_BUTTON = re.compile(
    r'<form method="post" action="([^"]+)" data-once><input type="hidden" name="csrfmiddlewaretoken" value="[^"]*">'
    r'<input type="hidden" name="at_once" value="1"><button [^>]*aria-label="(Take back: [^"]*)"'
)


def buttons(page: ItemBrowser) -> list[tuple[str, str]]:
    """The buttons on the page: where they post to, and what they are called."""
    return _BUTTON.findall(page.text)


def press(page: ItemBrowser, address: str = "") -> Any:
    """Click the first button of the page, or the one that posts there."""
    return page.client.post(address or buttons(page)[0][0], {"at_once": "1"})


def said(page: ItemBrowser, answer: Any) -> str:
    """What the page says that an answer leads to."""
    assert answer.status_code == 302, answer.content.decode()[-2000:]
    found: str = page.client.get(answer["Location"]).content.decode()
    return found


@pytest.fixture
def edited(alices: ItemBrowser) -> ItemBrowser:
    """alice, who has just edited the item, on its page."""
    return alices.edit(n="2").open()


def test_one_click_puts_it_back(edited: ItemBrowser, aws: AsAws) -> None:
    ((address, name),) = buttons(edited)
    assert name.startswith("Take back: Edited, ")
    answer = press(edited)
    assert answer["Location"] == edited.path
    assert "Put back. " in said(edited, answer)
    assert stored(aws, KEY) == ITEM
    assert [write.verb for write in ItemWrite.objects.order_by("pk")] == [WriteVerb.EDIT, WriteVerb.UNDO]
    assert AuditEntry.objects.filter(verb="undo_item").count() == 1
    edited.open()
    assert [one for one, _ in buttons(edited)] != [address]  # what was taken back has no button; taking it back has one
    assert len(buttons(edited)) == 1
    press(edited)
    assert (stored(aws, KEY) or {})["n"] == {"N": "2"}


def test_a_new_item_goes_and_a_deleted_one_comes_back(alices: ItemBrowser, aws: AsAws) -> None:
    new: Item = {**KEY, "id": {"S": "b"}}
    alices.go("new/").send(key_0="b", key_1="1")
    assert "Put back. " in said(alices, press(alices.open(key=new)))
    assert stored(aws, new) is None
    alices.open("delete/").send()
    assert stored(aws, KEY) is None
    press(alices.open(status=404))
    assert stored(aws, KEY) == ITEM


def test_the_list_of_writes_has_one_for_each(alices: ItemBrowser, aws: AsAws) -> None:
    alices.edit(n="2")
    alices.edit(kind="later")
    assert len(buttons(alices.go("writes/"))) == 2
    press(alices)  # the newest first
    assert stored(aws, KEY) == {**ITEM, "n": {"N": "2"}}


def test_somebody_elses_change_is_shown_and_left(edited: ItemBrowser, aws: AsAws) -> None:
    theirs = {**ITEM, "n": {"N": "2"}, "kind": {"S": "theirs"}}
    aws.client.put_item(TableName=NAME, Item=theirs)
    answer = press(edited)
    assert answer.status_code == 409
    for shown in ("The item changed meanwhile", "As the write left it", "theirs"):
        assert shown in answer.content.decode()
    assert stored(aws, KEY) == theirs
    assert not ItemWrite.objects.filter(verb=WriteVerb.UNDO, state=WriteState.DONE).exists()


def test_an_item_that_is_gone_is_said_to_be(edited: ItemBrowser, aws: AsAws) -> None:
    aws.client.delete_item(TableName=NAME, Key=KEY)
    answer = press(edited)
    assert answer.status_code == 409
    assert "The item is not there any more." in answer.content.decode()
    assert stored(aws, KEY) is None


def test_two_clicks_are_one(edited: ItemBrowser, aws: AsAws) -> None:
    address = buttons(edited)[0][0]
    first, second = press(edited, address), press(edited, address)
    assert first["Location"] == second["Location"]
    assert "You have taken this back already." in said(edited, second)
    assert stored(aws, KEY) == ITEM
    assert ItemWrite.objects.filter(verb=WriteVerb.UNDO).count() == 1


def test_what_somebody_else_took_back_is_said(
    edited: ItemBrowser, dev: Environment, aws: AsAws, client_of: ClientOf, ada: User
) -> None:
    address = buttons(edited)[0][0]
    assert client_of(ada).post(address, {"at_once": "1"}).status_code == 302
    answer = press(edited, address)
    assert answer.status_code == 409
    assert "This was taken back already." in answer.content.decode()


def test_an_attribute_that_came_in_between_is_told(alices: ItemBrowser, aws: AsAws) -> None:
    alices.go("new/").send(key_0="b", key_1="1")
    key: Item = {**KEY, "id": {"S": "b"}}
    alices.open(key=key)
    deletes = aws.client.delete_item

    def add_first(**request: Any) -> Any:
        aws.client.put_item(TableName=NAME, Item={**key, "note": {"S": "in between"}})
        return deletes(**request)

    aws.client.delete_item = add_first
    page = said(alices, press(alices))
    aws.client.delete_item = deletes
    assert "Something was added to the item in that very moment, and went with it." in page
    assert stored(aws, key) is None
    press(alices.open(key=key, status=404))
    assert stored(aws, key) == {**key, "note": {"S": "in between"}}


def test_pitfall_40_in_somebody_elses_environment_there_is_none(
    edited: ItemBrowser, client_of: ClientOf, bob: User, audrey: User, aws: AsAws
) -> None:
    address = buttons(edited)[0][0]
    for person in (bob, audrey):
        edited.client = client_of(person)
        assert buttons(edited.open()) == []
        assert press(edited, address).status_code == 403
    assert stored(aws, KEY) != ITEM


def test_pitfall_40_not_without_the_forms_own_token(edited: ItemBrowser, alice: User, aws: AsAws) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(buttons(edited)[0][0], {"at_once": "1"}).status_code == 403
    assert stored(aws, KEY) != ITEM


def test_in_prod_a_change_is_asked_for(edited: ItemBrowser, dev: Environment, aws: AsAws) -> None:
    address = buttons(edited)[0][0]
    Environment.objects.filter(pk=dev.pk).update(stage="prod")
    page = edited.open()
    assert buttons(page) == []
    assert f'href="{address}"' in page.text
    answer = press(edited, address)  # from a page that was opened before
    assert answer.status_code == 400
    assert "Say why" in answer.content.decode()
    answer = page.client.post(address, {"at_once": "1", "reason": "It was right before"})
    assert answer["Location"] == f"/changes/{Change.objects.get().pk}/"
    assert stored(aws, KEY) != ITEM
    assert not ItemWrite.objects.filter(verb=WriteVerb.UNDO).exists()
