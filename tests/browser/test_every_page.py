"""Every page: readable for everybody, as wide as a phone, silent in the console, and within the content policy."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page

from bench.running import Running
from bench.scene import APPLICATION, BY_HAND, KEPT, Scene
from bench.visitor import Visitor

from . import troubles
from .addresses import addresses
from .chromium import Windows
from .plans import CHANGES, path_of

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RUN_AXE = "rules => axe.run({ resultTypes: ['violations'], ...(rules.length ? { runOnly: rules } : {}) })"
COLOURS = ("color-contrast",)
WORTH_IT = frozenset({"serious", "critical"})
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PHONE = {"width": 400, "height": 800}


@pytest.fixture(scope="session")
def pages_of(yard: Running, scene: Scene, plans: None) -> dict[str, list[str]]:
    """The pages of those who see the most, and of those who may only read."""
    return {name: addresses(scene, Visitor(yard.address).sign_in(name)) for name in ("ada", "audrey")}


def test_pages_have_something_to_show(yard: Running, scene: Scene, plans: None) -> None:
    ada = Visitor(yard.address).sign_in("ada")
    missing = {
        path for path in (*map(path_of, CHANGES), *troubles.paths(), scene.adopted) if ada.get(path).status != 200
    }

    assert missing == set()
    assert f"{KEPT}-{APPLICATION}-sessions" in ada.get("/orphans/").words
    assert BY_HAND in ada.get("/adopt/").words
    assert "nothing" not in ada.get("/approvals/").words.lower()


def _serious(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe holds against a page that weighs enough: by all its rules, or by these."""
    page.evaluate(AXE)
    answer: Any = page.evaluate(RUN_AXE, list(rules))
    return [
        f"{one['id']}: {one['help']} ({node['target'][0]}) {node.get('failureSummary', '')}"
        for one in answer["violations"]
        if one["impact"] in WORTH_IT
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    ("person", "scheme", "rules"), [("ada", "light", ()), ("ada", "dark", COLOURS), ("audrey", "dark", ())]
)
def test_nothing_keeps_anybody_from_reading_a_page(
    windows: Windows, pages_of: dict[str, list[str]], person: str, scheme: str, rules: Sequence[str]
) -> None:
    """A scheme changes nothing but colours: what was read by all rules in one is read by those in the other."""
    page = windows.open(person, color_scheme=scheme, bypass_csp=True)
    found = {}
    for path in pages_of[person]:
        page.goto(path)
        found[path] = _serious(page, rules)

    assert {path: serious for path, serious in found.items() if serious} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_from_signing_in(windows: Windows, scheme: str) -> None:
    page = windows.open(color_scheme=scheme, bypass_csp=True)
    page.goto("/accounts/login/")

    assert _serious(page) == []


def test_what_cannot_be_read_is_found(windows: Windows) -> None:
    page = windows.open("ada", bypass_csp=True)
    page.goto("/")
    page.evaluate("document.querySelector('[data-theme-switch]').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('h1').style.color = '#bbb'")

    assert [line for line in _serious(page) if line.startswith("button-name")]
    assert [line for line in _serious(page, COLOURS) if line.startswith("color-contrast")]


@pytest.mark.parametrize("person", ["ada", "audrey"])
def test_no_page_is_wider_than_a_phone(windows: Windows, pages_of: dict[str, list[str]], person: str) -> None:
    page = windows.open(person, viewport=PHONE)
    found = {}
    for path in pages_of[person]:
        page.goto(path)
        found[path] = page.evaluate(TOO_WIDE)

    assert {path: pixels for path, pixels in found.items() if pixels} == {}
    assert len(found) > len(("home", "environments", "environment", "change", "approvals", "catalogue"))


def test_a_page_that_runs_foreign_script_is_heard(windows: Windows) -> None:
    page = windows.open("ada")
    page.goto("/")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")

    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in windows.complaints)
    windows.complaints.clear()
