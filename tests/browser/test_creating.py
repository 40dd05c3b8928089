"""An engineer creates a dev environment by hand, watches it come up, connects to it and parks it."""

from playwright.sync_api import Locator, Page, Route, expect

from bench.chromium import sign_in

from .chromium import PATIENCE, Windows

CHANGE = "**/changes/*/"
STOPS = ("Plan", "Data stack", "Compute stack", "Configuration", "Verify")
CLIPBOARD = ["clipboard-read", "clipboard-write"]
MARK = "document.documentElement.mark"  # gone when the page is loaded anew


def _stop(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Progress").get_by_role("listitem").filter(has_text=name)


def test_from_the_sign_in_to_a_parked_environment(windows: Windows) -> None:
    page = windows.open(permissions=CLIPBOARD)
    sign_in(page, "alice")
    page.get_by_role("link", name="Catalogue").click()
    card = page.get_by_role("article", name="Hello Erlang")
    card.get_by_role("link", name="Create dev environment").click()

    _names_follow_what_is_typed(page)
    _subnets_follow_the_vpc(page)
    _price_follows_the_values(page)
    page.get_by_label("Reason").fill("To see it come up.")
    page.get_by_role("button", name="Create dev environment").click()

    page.wait_for_url(CHANGE)
    page.evaluate(f"{MARK} = true")
    expect(page.get_by_text("hello-erlang/dev-seen was created.")).to_be_visible(timeout=5 * PATIENCE)
    for name in STOPS:
        expect(_stop(page, name)).to_contain_text(f"{name}, done")
    expect(page.get_by_role("status").filter(has_text="created")).not_to_have_count(0)
    assert page.evaluate(MARK) is True

    _connect(page)
    _park(page)


def _names_follow_what_is_typed(page: Page) -> None:
    name = page.get_by_label("Name", exact=True)
    names = page.locator("#names")
    name.fill("")
    name.press_sequentially("dev-seen")
    expect(names.get_by_text("hello-erlang-data-dev-seen", exact=True)).to_be_visible()
    expect(names.get_by_text("dev-seen-hello-erlang-messages", exact=True)).to_be_visible()
    name.press_sequentially("--")
    expect(names.get_by_role("paragraph").first).to_be_visible()
    expect(names.get_by_text("hello-erlang-data-dev-seen", exact=True)).to_be_hidden()
    name.press("Backspace")
    name.press("Backspace")
    expect(names.get_by_text("hello-erlang-data-dev-seen", exact=True)).to_be_visible()


def _subnets_follow_the_vpc(page: Page) -> None:
    vpc = page.get_by_label("VPC")
    boxes = page.get_by_role("group", name="Subnets").get_by_role("checkbox")
    before = boxes.evaluate_all("boxes => boxes.map(box => box.value)")
    other = vpc.locator("option:not(:checked)").first.get_attribute("value")
    vpc.select_option(other)
    expect(boxes.first).not_to_have_value(before[0])
    after = boxes.evaluate_all("boxes => boxes.map(box => box.value)")
    assert not set(before) & set(after)
    for number in range(len(after)):
        boxes.nth(number).check()


def _price_follows_the_values(page: Page) -> None:
    figure = page.locator("#price .figure")
    before = figure.inner_text()
    page.get_by_label("Machine size").select_option("t3.small")
    expect(figure).not_to_have_text(before)


def _connect(page: Page) -> None:
    page.get_by_role("link", name="Connect").click()
    page.get_by_role("button", name="Copy .env").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert page.evaluate("navigator.clipboard.readText()").split() == [
        "AWS_PROFILE=hello-erlang-dev",
        "AWS_REGION=us-east-1",
        "MESSAGES_TABLE=dev-seen-hello-erlang-messages",
        "SESSIONS_TABLE=dev-seen-hello-erlang-sessions",
    ]


def _park(page: Page) -> None:
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Park", exact=True).click()
    page.wait_for_url(CHANGE)
    expect(page.get_by_text("hello-erlang/dev-seen was parked")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name="Open the environment").click()
    expect(page.get_by_role("main").get_by_text("Parked", exact=True).first).to_be_visible()


def test_an_answer_about_an_earlier_name_never_comes_late(windows: Windows) -> None:
    page = windows.open("bob")
    held: list[Route] = []
    page.route("**/names/**", lambda route: route.continue_() if held else held.append(route))
    page.goto("/request/hello-erlang/")
    with page.expect_event("requestfailed", lambda request: request.url == held[0].request.url):
        page.get_by_label("Name", exact=True).fill("dev-typed")

    expect(page.locator("#names").get_by_text("hello-erlang-data-dev-typed", exact=True)).to_be_visible()


def test_what_is_typed_while_a_name_is_looked_at_stays(windows: Windows) -> None:
    page = windows.open("bob")
    held: list[Route] = []
    page.goto("/request/hello-erlang/?name=dev-typed")
    name, lasts, names = page.get_by_label("Name", exact=True), page.get_by_label("Lasts"), page.locator("#names")
    expect(names.get_by_text("Compared with the account just now.")).to_be_visible()
    page.route("**/names/**", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/names/**"):
        name.fill("dev-other")
    lasts.fill("5")
    held[0].continue_()
    expect(names.get_by_text("hello-erlang-data-dev-other", exact=True)).to_be_visible()
    expect(lasts).to_have_value("5")

    name.fill("prod")
    expect(lasts).to_have_count(0)
    name.fill("dev-back")
    expect(lasts).to_have_value("5")
    starts = page.get_by_label("Start at")
    name.fill("prod")
    starts.fill("2030-01-31T18:00")
    name.fill("dev-back")
    expect(starts).to_have_count(0)
    name.fill("prod")
    expect(starts).to_have_value("2030-01-31T18:00")
