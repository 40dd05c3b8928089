"""Impatient people: a double click makes one change, and a form that comes back through the history leads to it."""

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from bench.scene import READY, Scene

from .chromium import Windows

CHANGE = "**/changes/*/"


def _form(page: Page, name: str) -> None:
    page.goto("/request/hello-erlang/")
    page.get_by_label("Name", exact=True).fill(name)
    expect(page.locator("#names").get_by_text(f"hello-erlang-{name}", exact=True)).to_be_visible()


def _changes(page: Page, name: str) -> int:
    page.goto(f"/changes/?environment={name}")
    return page.get_by_role("table").get_by_role("link", name="Create").count()


def test_a_double_click_makes_one_change(windows: Windows) -> None:
    page = windows.open("bob")
    _form(page, "dev-twice")
    page.get_by_role("button", name="Create dev environment").dblclick()
    page.wait_for_url(CHANGE)

    assert _changes(page, "dev-twice") == 1


def test_a_form_that_is_sent_again_leads_to_the_same_change(windows: Windows) -> None:
    page = windows.open("bob")
    _form(page, "dev-again")
    create = page.get_by_role("button", name="Create dev environment")
    create.click()
    page.wait_for_url(CHANGE)
    first = urlsplit(page.url).path

    page.evaluate("history.back()")  # the browser keeps the page, so nothing is loaded that could be waited for
    expect(page.get_by_label("Name", exact=True)).to_have_value("dev-again")
    create.click()
    page.wait_for_url(CHANGE)

    assert urlsplit(page.url).path == first
    assert _changes(page, "dev-again") == 1


def test_a_double_click_on_an_act_makes_one_change(windows: Windows, scene: Scene) -> None:
    page = windows.open("alice")
    page.goto(f"/environments/hello-erlang/{READY}/settings/")
    page.get_by_role("button", name="Park", exact=True).dblclick()
    page.wait_for_url(CHANGE)
    page.goto(f"/changes/?environment={READY}")

    assert page.get_by_role("table").get_by_role("link", name="Park").count() == 1
