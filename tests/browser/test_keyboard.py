"""Hands on the keyboard: the way past the rail, a visible focus everywhere, and the search one key away."""

from playwright.sync_api import Page, expect

from bench.scene import READY, Scene

from .chromium import Windows

ENOUGH = 150
FOCUSED = """() => {
  const at = document.activeElement;  // the link of a table's row shows its focus on the whole row
  const shown = [at, at.closest('tr')].some(one => one && getComputedStyle(one).outlineStyle !== 'none');
  const name = (at.getAttribute('aria-label') || at.textContent || at.name || '').trim().replace(/\\s+/g, ' ');
  return at === document.body ? null : [name, shown];
}"""


def _tabs(page: Page) -> list[tuple[str, bool]]:
    """What Tab reaches, in order, and whether it can be seen to be there."""
    found: list[tuple[str, bool]] = []
    for _ in range(ENOUGH):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None or found[:1] == [tuple(here)]:
            break
        found.append((here[0], here[1]))
    return found


def test_the_skip_link_comes_first_and_skips(windows: Windows) -> None:
    page = windows.open("alice")
    page.goto("/catalogue/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()

    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_tab_goes_through_the_page_as_it_is_read(windows: Windows, scene: Scene) -> None:
    page = windows.open("alice")
    page.goto(f"/environments/?q={READY}")  # by name: among all that other tests make, it may be on another page
    order = _tabs(page)
    names = [name for name, _ in order]

    assert [name for name, shown in order if not shown] == []
    expected = ["Skip to the content", "Home", "Environments", "Approvals", "Catalogue", "Create environment", READY]
    places = [names.index(name) for name in expected]
    assert places == sorted(places)


def test_slash_searches(windows: Windows, scene: Scene) -> None:
    page = windows.open("alice")
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type(READY)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/search/?q={READY}")

    expect(page.get_by_role("main").get_by_role("link", name=READY, exact=True).first).to_be_visible()


def test_slash_is_only_a_slash_in_a_field(windows: Windows) -> None:
    page = windows.open("alice")
    page.goto("/request/hello-erlang/")
    reason = page.get_by_label("Reason")
    reason.focus()
    page.keyboard.type("and/or")

    expect(reason).to_have_value("and/or")


def test_escape_closes_the_menu_and_gives_the_focus_back(windows: Windows) -> None:
    page = windows.open("alice")
    page.goto("/")
    person = page.locator("summary", has_text="Alice Archer")
    person.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    page.keyboard.press("Tab")
    page.keyboard.press("Escape")

    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(person).to_be_focused()
