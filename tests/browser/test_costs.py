"""What things cost, looked at: filtered, followed from a bar to its environment, and from there to what happened."""

import re

import pytest
from playwright.sync_api import Page, expect

from bench.running import Running
from bench.scene import APPLICATION, PARKED, READY, Scene

from .chromium import Windows
from .spent import GONE, IDLE

SHOWN = f"{APPLICATION}/{READY}"
COSTS_OF = f"/environments/{APPLICATION}/{READY}/costs/"


@pytest.fixture
def page(windows: Windows, yard: Running, scene: Scene, plans: None) -> Page:
    """alice on the page of costs."""
    page = windows.open("alice")
    page.goto("/costs/")
    return page


def test_costs_are_filtered_and_a_bar_leads_to_its_environment(page: Page) -> None:
    expect(page.get_by_role("heading", name="Costs", level=1)).to_be_visible()
    table = page.get_by_role("table", name="Which")
    expect(table.get_by_role("link", name=f"{APPLICATION}/{PARKED}", exact=True)).to_be_visible()
    page.get_by_label("Environment", exact=True).fill(SHOWN)
    page.get_by_role("button", name="Filter").click()
    expect(table.get_by_role("link", name=SHOWN, exact=True)).to_be_visible()
    expect(table.get_by_role("link", name=f"{APPLICATION}/{PARKED}", exact=True)).to_have_count(0)
    assert f"environment={APPLICATION}%2F{READY}" in page.url
    page.locator(".chart-bars .part").nth(3).click()
    page.wait_for_url(f"**{COSTS_OF}*")
    expect(page.get_by_role("heading", name="Cost and what happened")).to_be_visible()
    expect(page.get_by_role("navigation", name="Environment").get_by_role("link", name="Costs")).to_have_attribute(
        "aria-current", "page"
    )


def test_days_are_walked_with_the_keyboard_and_lead_to_what_happened(page: Page) -> None:
    page.goto(COSTS_OF)
    day = page.locator(".chart-bars a.day").last
    day.focus()
    expect(page.locator(".column:focus-within .told")).to_have_css("opacity", "1")
    expect(day).to_have_attribute("aria-label", re.compile(r"incomplete.*Create environment"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#day-\d{4}-\d\d-\d\d$"))
    happened = page.locator(".day-lines li:target")
    expect(happened).to_be_visible()
    happened.get_by_role("link", name="Create environment").click()
    expect(page).to_have_url(re.compile(r"/changes/"))


def test_an_idle_environment_is_found_in_the_savings_and_parked_by_its_button(page: Page) -> None:
    page.get_by_role("link", name="Savings").click()
    page.get_by_role("link", name=f"Park: {APPLICATION}/{IDLE}").click()
    expect(page.get_by_role("heading", name="Idle for 9 days")).to_be_visible()
    expect(page.get_by_text("Parking saves about $0.78 a day.")).to_be_visible()
    expect(page.get_by_role("button", name="Park")).to_be_visible()


def test_a_budget_is_set_and_said_where_it_is_passed(page: Page) -> None:
    expect(page.get_by_role("link", name=f"{APPLICATION}/{GONE}").first).to_be_visible()
    page.get_by_role("link", name="Budgets").click()
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Of", exact=True).select_option("owner")
    page.get_by_label("A month, at most").fill("5000")
    page.get_by_role("button", name="Set budget").click()
    expect(page.get_by_text("The budget of alice is $5,000.00 a month.")).to_be_visible()
    page.get_by_role("button", name="Remove the budget of alice").click()
    expect(page.get_by_text("alice has no budget any more.")).to_be_visible()
