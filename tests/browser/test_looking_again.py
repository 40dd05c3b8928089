"""Looking again: one click, and the page says by itself when somebody has looked."""

import re

from playwright.sync_api import expect

from bench.running import until
from bench.scene import APPLICATION, PARKED, Scene

from .chromium import PATIENCE, Windows

HERE = f"/environments/{APPLICATION}/{PARKED}/"


def test_the_line_renews_itself(windows: Windows, scene: Scene) -> None:
    page = windows.open("audrey")
    page.goto(HERE)
    line = page.locator("#seen")
    before = line.locator("time").get_attribute("datetime")
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Look again").click()

    expect(line.locator("time")).not_to_have_attribute("datetime", str(before), timeout=PATIENCE)
    expect(line).not_to_contain_text("looking again", timeout=PATIENCE)
    expect(line).not_to_contain_text("Something is different")
    assert page.evaluate("window.stayed")


def test_without_javascript_it_is_a_plain_form(windows: Windows, scene: Scene) -> None:
    page = windows.open("bob", java_script_enabled=False)
    page.goto(f"{HERE}activity/")
    page.get_by_role("button", name="Look again").click()

    expect(page.get_by_text("Stackyard looks at both stacks again.")).to_be_visible()
    expect(page).to_have_url(re.compile(f"{HERE}activity/$"))

    def looked() -> bool:
        page.reload()
        return "looking again" not in page.locator("#seen").inner_text()

    until(looked, "somebody has looked", seconds=PATIENCE / 1000, pause=0.5)


def test_drift_is_checked_and_the_page_follows(windows: Windows, scene: Scene) -> None:
    page = windows.open("alice")
    page.goto(f"{HERE}drift/")
    expect(page.get_by_text("Checked nightly.")).to_be_visible()
    page.get_by_role("button", name="Check now").click()

    data = page.get_by_role("region", name="Data stack")
    expect(data).to_contain_text("asked for by alice", timeout=PATIENCE)
    expect(data).not_to_contain_text("A check runs", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Check now")).to_be_enabled()
