"""Every page: readable for everybody, as wide as a phone, silent in the console, and within the content policy."""

from collections.abc import Callable, Mapping

import pytest

from bench.running import Running
from bench.scene import APPLICATION, BY_HAND, KEPT, Scene
from bench.visitor import Visitor

from . import troubles
from .addresses import addresses
from .chromium import Windows
from .plans import CHANGES, path_of
from .sights import AXE, COLOURS, PHONE, Sight, against, in_scheme, look

Looks = Mapping[str, Sight]
SCHEMES = {"ada": ("light", "dark"), "audrey": ("dark",)}


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


@pytest.fixture(scope="module")
def _seen() -> dict[str, Looks]:
    return {}


@pytest.fixture
def looks(windows: Windows, pages_of: dict[str, list[str]], _seen: dict[str, Looks]) -> Callable[[str], Looks]:
    """Every page of a person by its address, looked at once for all that is asked about it."""

    def of(person: str) -> Looks:
        if person not in _seen:
            page = windows.open(person, viewport=PHONE)
            page.add_init_script(AXE)
            _seen[person] = {path: look(page, path, SCHEMES[person]) for path in pages_of[person]}
        return _seen[person]

    return of


@pytest.mark.parametrize(("person", "scheme"), [("ada", "light"), ("ada", "dark"), ("audrey", "dark")])
def test_nothing_keeps_anybody_from_reading_a_page(looks: Callable[[str], Looks], person: str, scheme: str) -> None:
    found = {path: sight.against[scheme] for path, sight in looks(person).items()}

    assert {path: serious for path, serious in found.items() if serious} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_from_signing_in(windows: Windows, scheme: str) -> None:
    page = windows.open(color_scheme=scheme)
    page.add_init_script(AXE)
    page.goto("/accounts/login/")

    assert against(page) == []


def test_what_cannot_be_read_is_found(windows: Windows) -> None:
    page = windows.open("ada", color_scheme="light")
    page.add_init_script(AXE)
    page.goto("/")
    page.evaluate("document.querySelector('[data-theme-switch]').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('h1').style.color = 'light-dark(#bbb, #bbb)'")

    assert [line for line in against(page) if line.startswith("button-name")]
    assert [line for line in against(page, COLOURS) if line.startswith("color-contrast")]
    in_scheme(page, "dark")
    assert against(page, COLOURS) == []
    page.evaluate("document.querySelector('h1').style.color = 'light-dark(#bbb, #333)'")
    assert [line for line in against(page, COLOURS) if line.startswith("color-contrast")]


@pytest.mark.parametrize("person", ["ada", "audrey"])
def test_no_page_is_wider_than_a_phone(looks: Callable[[str], Looks], person: str) -> None:
    found = {path: sight.too_wide for path, sight in looks(person).items()}

    assert {path: pixels for path, pixels in found.items() if pixels} == {}
    assert len(found) > len(("home", "environments", "environment", "change", "approvals", "catalogue"))


def test_a_page_that_runs_foreign_script_is_heard(windows: Windows) -> None:
    page = windows.open("ada")
    page.goto("/")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")

    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in complaint for complaint in windows.complaints)
    windows.complaints.clear()
