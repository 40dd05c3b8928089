"""Without JavaScript everything can still be asked for, and read by loading the page again."""

from playwright.sync_api import expect

from bench.running import until

from .chromium import Windows


def test_an_environment_is_created_and_followed(windows: Windows) -> None:
    page = windows.open("bob", java_script_enabled=False)
    page.goto("/request/hello-erlang/")
    page.get_by_label("Name", exact=True).fill("dev-plain")
    vpc = page.get_by_label("VPC")
    other = str(vpc.locator("option:not(:checked)").first.get_attribute("value"))
    vpc.select_option(other)
    page.get_by_role("button", name="Update names, choices and price").click()

    expect(page.get_by_text("hello-erlang-data-dev-plain", exact=True)).to_be_visible()
    expect(page.get_by_label("VPC")).to_have_value(other)
    boxes = page.get_by_role("group", name="Subnets").get_by_role("checkbox")
    for number in range(boxes.count()):
        boxes.nth(number).check()
    page.get_by_role("button", name="Create dev environment").click()
    page.wait_for_url("**/changes/*/")

    def created() -> bool:
        page.reload()
        return page.get_by_text("hello-erlang/dev-plain was created.").is_visible()

    until(created, "the page says that it was created", seconds=300, pause=0.5)
    expect(page.get_by_role("list", name="Progress")).to_contain_text("Verify, done")
    page.get_by_role("link", name="Open the environment").click()
    expect(page.get_by_role("heading", name="hello-erlang/dev-plain")).to_be_visible()


def test_a_filter_is_a_plain_form(windows: Windows) -> None:
    page = windows.open("bob", java_script_enabled=False)
    page.goto("/environments/")
    page.get_by_label("Text").fill("nothing-is-called-so")
    page.get_by_role("button", name="Filter").click()

    expect(page.get_by_text("No environment fits")).to_be_visible()
