"""Looking into a table: by a question of the application, from cell to cell, page by page, columns as one likes."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from bench.running import Running
from bench.scene import Scene

from .chromium import Windows
from .odd_items import HOSTILE, INDEX, PAGE


@pytest.fixture
def page(windows: Windows, yard: Running, scene: Scene) -> Page:
    """alice on the page of the table."""
    page = windows.open("alice", permissions=["clipboard-read", "clipboard-write"])
    page.goto(PAGE)
    return page


def _ids(page: Page) -> list[str]:
    heads = page.locator("[data-items] thead th").all_inner_texts()
    place = next(number for number, head in enumerate(heads, 1) if head.split()[:1] == ["id"])
    return page.locator(f"[data-items] tbody tr > :nth-child({place})").all_inner_texts()


def _by_user(page: Page, user: str) -> None:
    page.get_by_role("link", name="Messages of a user, newest first").click()
    expect(page.get_by_role("textbox", name="user_id")).to_be_focused()
    page.keyboard.type(user)
    expect(page.get_by_role("button", name="Query")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".read-line")).to_be_visible()


def test_a_question_of_the_application_is_asked_and_its_pages_are_turned(page: Page) -> None:
    """Pitfall 6: forth and back are the same rows; nothing is pressed while somebody types."""
    expect(page.get_by_role("button", name="Scan")).to_be_visible()
    _by_user(page, "alice")
    expect(page.get_by_text("Rows 1–25 · page 1")).to_be_visible()
    first = _ids(page)
    assert first[:2] == ["m099", "m098"]
    page.keyboard.press("]")
    expect(page.get_by_text("Rows 26–50 · page 2")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Rows 51–75 · page 3")).to_be_visible()
    page.keyboard.press("[")
    expect(page.get_by_text("Rows 26–50 · page 2")).to_be_visible()
    page.get_by_role("textbox", name="user_id").press("[")
    expect(page.get_by_role("textbox", name="user_id")).to_have_value("[alice")
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_text("Rows 1–25 · page 1")).to_be_visible()
    assert _ids(page) == first
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys on this page")).to_be_visible()


def test_a_cell_filters_copies_and_leads_into_an_index(page: Page) -> None:
    _by_user(page, "alice")
    page.get_by_role("gridcell", name="Hello 98", exact=True).click()
    menu = page.get_by_role("menu", name="What to do with content")
    expect(menu.get_by_role("menuitem", name="Only items with this value")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("gridcell", name="Hello 98", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Copy typed JSON").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == {"S": "r1"}
    page.get_by_role("gridcell", name="r1", exact=True).first.click()
    page.get_by_role("menuitem", name="Only items with this value").click()
    expect(page.get_by_label("Attribute", exact=True).first).to_have_value("room")
    expect(page.get_by_text("25 returned")).to_be_visible()
    assert set(_ids(page)) <= {f"m{number:03}" for number in range(1, 100, 3)}
    page.get_by_role("button", name="Take this filter away").click()
    page.get_by_label("Table or index").select_option("")
    expect(page.get_by_role("textbox", name="timestamp")).to_have_count(0)
    expect(page.get_by_role("textbox", name="id = text, empty for a scan", exact=True)).to_have_value("alice")
    page.get_by_role("textbox", name="id = text").fill("")
    page.get_by_role("button", name="Scan").click()
    page.get_by_role("rowheader", name="m001", exact=True).locator("xpath=..").get_by_text("alice").click()
    page.get_by_role("menuitem", name=f"Follow into {INDEX}").click()
    expect(page.get_by_text("Rows 1–25 · page 1")).to_be_visible()
    assert _ids(page)[0] == "m099"


def test_filters_are_added_and_several_may_be_on_one_attribute(page: Page) -> None:
    """Pitfalls 23 and 25; a link says what was asked and no more."""
    for operator, value in ((">=", "1700000010"), ("<", "1700000013")):
        page.get_by_role("button", name="Filter", exact=True).click()
        page.keyboard.type("timestamp")
        row = page.locator(".filter:not([data-spare])").last
        row.get_by_label("Type of the value").select_option("N")
        expect(row.locator("option[value='begins-with']")).to_be_hidden()
        row.get_by_label("Comparison").select_option(operator)
        row.get_by_label("Value", exact=True).fill(value)
    page.get_by_role("button", name="Scan").click()
    expect(page.get_by_text("3 returned")).to_be_visible()
    assert sorted(_ids(page)) == ["m010", "m011", "m012"]
    assert page.url.count("path=") == 2
    assert "sk_op" not in page.url


def test_a_press_counts_while_the_word_of_the_button_changes(page: Page) -> None:
    """Somebody types and presses at once: the price and the word come while the button is held."""
    page.get_by_role("button", name="Scan").hover()
    page.mouse.down()
    page.get_by_label("id = text").fill("m002")
    expect(page.get_by_role("button", name="Query")).to_be_visible()
    page.mouse.up()
    expect(page.get_by_text("1 returned, 1 read")).to_be_visible()


def test_what_is_chosen_while_the_keys_of_an_index_are_awaited_stays(page: Page) -> None:
    asked: list[Route] = []
    page.route("**/controls/*", lambda route: asked.append(route))  # noqa: PLW0108  a method of a list has no room for what Playwright notes
    with page.expect_request("**/controls/*"):
        page.get_by_label("Table or index").select_option(INDEX)
    page.get_by_label("id = text").fill("alice")
    page.get_by_label("A page").select_option("10")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.keyboard.type("room")
    asked[0].continue_()
    expect(page.get_by_role("textbox", name="timestamp")).to_be_visible()
    expect(page.get_by_role("textbox", name="user_id")).to_have_value("alice")
    expect(page.get_by_label("A page")).to_have_value("10")
    expect(page.get_by_label("Attribute", exact=True).first).to_have_value("room")


def test_types_are_shown_where_plain_would_lie_and_nothing_runs(page: Page) -> None:
    """Pitfalls 12, 18 and 38."""
    _by_user(page, "odd")
    expect(page.get_by_text("Shown with types, because plain text would lie")).to_be_visible()
    big = page.get_by_role("gridcell", name="12345678901234567890123456789012345678")
    big.click()
    page.get_by_role("menuitem", name="Copy typed JSON").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == {
        "N": "12345678901234567890123456789012345678"
    }
    expect(page.get_by_role("columnheader", name=HOSTILE)).to_be_attached()
    page.get_by_role("link", name="Plain").click()
    expect(page.get_by_text("Plain text does not tell everything here")).to_be_visible()
    page.locator("[data-items] summary").filter(has_text="level7").click()
    expect(page.get_by_text('"level0": "the bottom"')).to_be_visible()


def test_columns_are_remembered(page: Page) -> None:
    menu = page.locator("summary", has_text="Columns")
    menu.click()
    page.get_by_role("checkbox", name="room").uncheck()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_text("1 hidden")).to_be_visible()
    expect(page.get_by_role("columnheader", name="room")).to_have_count(0)
    page.goto(PAGE)
    expect(page.get_by_text("1 hidden")).to_be_visible()
    menu.click()
    page.get_by_role("button", name="Forget my choice").click()
    expect(page.get_by_role("columnheader", name="room")).to_be_visible()


def test_without_javascript_a_table_is_asked_filtered_and_paged(windows: Windows, scene: Scene) -> None:
    page = windows.open("alice", java_script_enabled=False)
    page.goto(PAGE)
    page.get_by_label("Attribute", exact=True).fill("room")
    page.get_by_label("Value", exact=True).fill("r2")
    page.get_by_label("A page").select_option("10")
    page.get_by_role("button", name="Scan").click()
    expect(page.get_by_text("Rows 1–10 · page 1")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Rows 11–20 · page 2")).to_be_visible()
    expect(page.get_by_label("Value", exact=True).first).to_have_value("r2")
    page.get_by_label("id = text").fill("m002")
    page.get_by_role("button", name="Scan").click()
    expect(page.get_by_role("button", name="Query")).to_be_visible()
    expect(page.get_by_text("1 returned, 1 read")).to_be_visible()
