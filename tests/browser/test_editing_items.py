"""Changing an item: what is touched is sent, somebody who was quicker is shown beside it, and all of it goes back."""

from typing import Any

import boto3
import pytest
from playwright.sync_api import Page, expect

from bench.running import Running
from bench.scene import Scene
from tools.which_aws import DEMO_KEY, DEMO_REGION

from .chromium import Windows
from .item_pages import page_of
from .odd_items import TABLE

ITEM = "to be edited"
BIG = "12345678901234567890123456789012345678"
WHOLE: dict[str, Any] = {
    "id": {"S": ITEM},
    "user_id": {"S": "editors"},
    "timestamp": {"N": "1"},
    "big": {"N": BIG},
    "lines": {"S": "\n one\r\ntwo\rthree\n"},
    "tags": {"SS": ["green", "red"]},
    "note": {"S": "first"},
}


class Server:
    """What DynamoDB has of the item, and somebody who writes it past Stackyard."""

    def __init__(self, yard: Running) -> None:
        session: Any = boto3.Session(DEMO_KEY, DEMO_KEY, region_name=DEMO_REGION)
        self.client = session.client("dynamodb", endpoint_url=yard.endpoint)

    def put(self, **more: Any) -> None:
        """Write the item, with these attributes otherwise."""
        self.client.put_item(TableName=TABLE, Item={**WHOLE, **more})

    @property
    def item(self) -> dict[str, Any]:
        """The item as it is."""
        found = self.client.get_item(TableName=TABLE, Key={"id": {"S": ITEM}}, ConsistentRead=True).get("Item", {})
        return {name: {"SS": sorted(value["SS"])} if "SS" in value else value for name, value in found.items()}


@pytest.fixture
def server(yard: Running, scene: Scene) -> Server:
    """DynamoDB with the item as it was at first."""
    server = Server(yard)
    server.put()
    return server


@pytest.fixture
def form(windows: Windows, server: Server) -> Page:
    """alice on the form of that item."""
    page = windows.open("alice")
    page.goto(page_of("table_item", ITEM))
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_text("bytes of 409,600 bytes")).to_be_visible()
    return page


def _save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).and_(page.locator(".button")).click()


def test_nothing_touched_is_nothing_sent(form: Page, server: Server) -> None:
    _save(form)
    expect(form.get_by_text("Nothing was changed, so nothing was sent.")).to_be_visible()
    assert server.item == WHOLE


def test_an_edit_with_a_conflict_and_back_again(form: Page, server: Server) -> None:
    form.get_by_label("Value of note").fill("mine")
    form.get_by_label("Remove tags").check()
    form.get_by_role("button", name="Add an attribute").click()
    form.keyboard.type("added")
    form.get_by_label("Value of the new attribute").last.fill("here")
    server.put(note={"S": "theirs"}, other={"S": "theirs too"})
    _save(form)

    expect(form.get_by_role("heading", name="The item changed meanwhile")).to_be_visible()
    for shown in ("mine", "theirs too", "Stays theirs"):
        expect(form.get_by_role("table").get_by_text(shown, exact=True).first).to_be_visible()
    assert server.item["note"] == {"S": "theirs"}
    form.get_by_role("radio", name="Take mine for note").check()
    form.get_by_role("button", name="Save what I chose").click()

    expect(form.get_by_role("link", name="Take it back…")).to_be_visible()
    left = {name: value for name, value in WHOLE.items() if name != "tags"}
    assert server.item == {**left, "note": {"S": "mine"}, "added": {"S": "here"}, "other": {"S": "theirs too"}}

    form.get_by_role("link", name="Take it back…").click()
    form.get_by_role("button", name="Put it back as it was").click()
    expect(form.get_by_text("Put back.", exact=False)).to_be_visible()
    assert server.item == {**WHOLE, "note": {"S": "theirs"}, "other": {"S": "theirs too"}}


def test_what_somebody_else_has_written_since_is_not_taken_back(form: Page, server: Server) -> None:
    form.get_by_label("Value of note").fill("mine")
    _save(form)
    expect(form.get_by_role("link", name="Take it back…")).to_be_visible()
    server.put(note={"S": "later"})
    form.get_by_role("link", name="Take it back…").click()
    form.get_by_role("button", name="Put it back as it was").click()

    expect(form.get_by_role("heading", name="The item changed meanwhile")).to_be_visible()
    expect(form.get_by_role("columnheader", name="As the write left it")).to_be_visible()
    assert server.item == {**WHOLE, "note": {"S": "later"}}


def test_a_deleted_item_comes_back_whole(form: Page, server: Server) -> None:
    form.goto(page_of("table_item", ITEM))
    form.locator("main summary").filter(has_text="More").click()
    form.get_by_role("link", name="Delete this item").click()
    form.get_by_role("button", name="Delete this item").click()
    expect(form.get_by_role("link", name="Take it back…")).to_be_visible()
    assert server.item == {}
    form.get_by_role("link", name="Take it back…").click()
    form.get_by_role("button", name="Put it back as it was").click()
    expect(form.get_by_role("heading", name=ITEM)).to_be_visible()
    assert server.item == WHOLE


def test_one_button_takes_it_back_however_often_it_is_pressed(form: Page, server: Server) -> None:
    form.get_by_label("Value of note").fill("mine")
    _save(form)
    button = form.get_by_role("button", name="Take back: Edited").first
    button.dblclick()
    expect(form.get_by_text("Put back.", exact=False)).to_be_visible()
    assert server.item == WHOLE


def test_the_enter_key_saves(form: Page, server: Server) -> None:
    form.get_by_label("Value of note").fill("by the keyboard")
    form.get_by_label("Why").press("Enter")
    expect(form.get_by_role("link", name="Take it back…")).to_be_visible()
    assert server.item == {**WHOLE, "note": {"S": "by the keyboard"}}


def test_the_size_is_told_while_it_is_typed(form: Page) -> None:
    form.get_by_label("Value of note").fill("x" * 410_000)
    expect(form.get_by_text("too large, 409,600 bytes at most")).to_be_visible()
    form.get_by_label("Type of tags").select_option(label="List, as typed JSON")
    form.get_by_label("Value of tags").fill("[")
    expect(form.get_by_text("Not valid JSON so far")).to_be_visible()
