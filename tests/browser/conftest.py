"""One whole Stackyard for the tier, one Chromium, and environments in every state to look at."""

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from bench.chromium import launch
from bench.running import Running, free_ports, launch_of
from bench.scene import Scene, set_scene

from . import odd_items
from .chromium import Windows


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Stackyard, with everything running."""
    port, aws_port = free_ports(2)
    yard = Running(launch_of(tmp_path_factory.mktemp("home"), port, aws_port))
    try:
        yard.bring_up()
        yield yard
    finally:
        yard.close()


@pytest.fixture(scope="session")
def scene(yard: Running) -> Scene:
    """Environments in every state, one of them with items in its tables."""
    scene = set_scene(yard)
    odd_items.put(yard)
    return scene


@pytest.fixture(scope="session")
def plans(yard: Running, scene: Scene) -> None:
    """Changes in every state that a decision can have, environments in trouble, and what environments have cost."""
    modules = "plans", "troubles", "spent"
    writes = "; ".join(f"{module}.write()" for module in modules)
    yard.manage(
        "shell", "-c", f"import sys; sys.path.append('tests'); from browser import {', '.join(modules)}; {writes}"
    )


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _signed_in() -> dict[str, object]:
    """What their browsers keep of those who have signed in."""
    return {}


@pytest.fixture
def windows(chromium: Browser, yard: Running, _signed_in: dict[str, object]) -> Iterator[Windows]:
    """Opens windows; whatever one of their pages complains about ends the test."""
    windows = Windows(chromium, yard.address, _signed_in)
    try:
        yield windows
    finally:
        windows.close()
    assert windows.complaints == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the pages complained about, and the end of every log, beside a failure."""
    report = yield
    given = getattr(item, "funcargs", {})
    if report.failed and "windows" in given:
        report.sections.append(("Complaints of pages", "\n".join(given["windows"].complaints)))
    if report.failed and "yard" in given:
        report.sections.append(("Logs of Stackyard", given["yard"].logs()))
    return report
