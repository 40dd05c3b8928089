"""What there is to say about a page by looking at it: what keeps whom from reading it, and whether a phone shows it
whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
COLOURS = ("color-contrast",)
PHONE, DESK = {"width": 400, "height": 800}, {"width": 1280, "height": 720}
_RUN_AXE = "rules => axe.run({ resultTypes: ['violations'], ...(rules.length ? { runOnly: rules } : {}) })"
_WORTH_IT = frozenset({"serious", "critical"})
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Sight:
    """What axe holds against a page by colour scheme, and by how many pixels it is wider than a phone."""

    against: dict[str, list[str]]
    too_wide: int


def look(page: Page, path: str, schemes: Sequence[str]) -> Sight:
    """Load a page on a phone, then read it on a desk by all rules in the first scheme, and by those about colours in
    the other ones: a scheme changes nothing but colours. AXE is one of the page's init scripts."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict
    in_scheme(page, schemes[0])
    page.goto(path)
    too_wide: int = page.evaluate(_TOO_WIDE)
    page.set_viewport_size(DESK)  # type: ignore[arg-type]  # a plain dict
    found = {schemes[0]: against(page)}
    for scheme in schemes[1:]:
        in_scheme(page, scheme)
        found[scheme] = against(page, COLOURS)
    return Sight(found, too_wide)


def in_scheme(page: Page, scheme: str) -> None:
    """Show the page in a colour scheme, at once: a colour on its way to another one is neither."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # "light" or "dark"


def against(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe holds against a page that weighs enough: by all its rules, or by these."""
    answer: Any = page.evaluate(_RUN_AXE, list(rules))
    return [
        f"{one['id']}: {one['help']} ({node['target'][0]}) {node.get('failureSummary', '')}"
        for one in answer["violations"]
        if one["impact"] in _WORTH_IT
        for node in one["nodes"]
    ]
