"""A flag in a browser: toggled, its three states seen to move without a reload, rolled back with one button."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.asking import ask_create, follow
from bench.running import Running
from bench.visitor import Visitor

from .chromium import PATIENCE, Windows

HOME = "/environments/fileshare/staging/"
FLAG = f"{HOME}parameters/of/use_dynamodb/"


@pytest.fixture(scope="module")
def staging(yard: Running) -> None:
    """fileshare/staging is up."""
    alice = Visitor(yard.address).sign_in("alice")
    if alice.get(HOME).status != 200:
        follow(alice, ask_create(alice, "fileshare", "staging"))


def state(page: Page, which: str) -> Locator:
    """One of the three states: asked, stored, live."""
    return page.locator(f"#state-{which}")


@pytest.mark.usefixtures("staging")
def test_toggled_seen_to_move_and_rolled_back(windows: Windows) -> None:
    page = windows.open("alice")
    page.goto(FLAG)
    expect(state(page, "stored")).to_contain_text("v1", timeout=PATIENCE)
    expect(state(page, "stored")).to_contain_text("true")

    page.get_by_label("false", exact=True).check()
    page.get_by_label("Reason").first.fill("Trying the built-in database")
    page.get_by_role("button", name="Set", exact=True).click()
    page.evaluate("window.stayed = true")
    expect(state(page, "asked")).to_contain_text("false", timeout=PATIENCE)
    expect(state(page, "stored")).to_contain_text("v2", timeout=PATIENCE)
    expect(state(page, "stored")).to_contain_text("false")
    expect(state(page, "live")).to_contain_text("false", timeout=PATIENCE)
    assert page.evaluate("window.stayed"), "the states move without a reload"

    page.goto(f"{HOME}releases/")
    page.get_by_role("link", name="Roll back…", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^From now to release"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("use_dynamodb"))).to_contain_text("false")
    page.get_by_label("Reason").fill("It answers with errors")
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.locator("main").get_by_text("Succeeded").first).to_be_visible(timeout=PATIENCE)

    page.goto(FLAG)
    expect(state(page, "stored")).to_contain_text("v3", timeout=PATIENCE)
    expect(state(page, "stored")).to_contain_text("true")
    expect(state(page, "live")).to_contain_text("true", timeout=PATIENCE)
    page.get_by_role("link", name="All versions").click()
    expect(page.get_by_role("row", name=re.compile("restores v1"))).to_be_visible()


@pytest.mark.usefixtures("staging")
def test_scheduled_and_cancelled(windows: Windows) -> None:
    page = windows.open("alice")
    page.goto(FLAG)
    page.get_by_role("link", name="Schedule…").click()
    page.get_by_label("false", exact=True).check()
    page.get_by_label("Set it at").fill("2020-01-01T09:00")
    page.get_by_role("button", name="Schedule it").click()
    expect(page.get_by_role("alert")).to_contain_text("is in the past")
    page.get_by_label("Set it at").fill(tomorrow(page))
    page.get_by_label("Goes back after").fill("30")
    page.get_by_role("button", name="Schedule it").click()

    listed = page.get_by_role("region", name="Scheduled")
    expect(listed).to_contain_text("Waiting")
    expect(listed).to_contain_text("30 min after it is stored")
    when = listed.locator("time").first
    expect(when).to_have_attribute("title", re.compile(r"09:00 UTC$"))
    listed.get_by_role("button", name="Cancel: use_dynamodb", exact=True).click()
    expect(page.get_by_text("use_dynamodb keeps what it has")).to_be_visible()
    expect(page.get_by_role("region", name="Scheduled")).to_contain_text("Cancelled by alice.")


def tomorrow(page: Page) -> str:
    """Tomorrow at nine, UTC, as the field takes it."""
    day: str = page.evaluate("new Date(Date.now() + 86400000).toISOString().slice(0, 10)")
    return f"{day}T09:00"
