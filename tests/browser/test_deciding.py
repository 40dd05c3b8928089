"""Prod: whoever asked cannot approve, somebody else does, and it runs."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from .chromium import PATIENCE, Windows


def test_somebody_else_approves(windows: Windows) -> None:
    alice = windows.open("alice")
    alice.goto("/catalogue/hello-erlang/")
    alice.get_by_role("link", name="Prod", exact=True).click()
    expect(alice.get_by_text("Needs 1 approval by admins")).to_be_visible()
    alice.get_by_role("button", name="Request prod environment").click()
    alice.wait_for_url("**/changes/*/")
    path = urlsplit(alice.url).path

    approve = alice.get_by_role("button", name="Approve and run now")
    expect(approve).to_be_disabled(timeout=5 * PATIENCE)
    expect(alice.get_by_text("You asked for this change, so somebody else decides.")).to_be_visible()
    expect(alice.get_by_text("Production")).to_be_visible()

    ada = windows.open("ada")
    ada.goto("/approvals/")
    waiting = ada.get_by_role("article").filter(has_text="hello-erlang/prod")
    waiting.get_by_role("link", name="Review").click()
    ada.wait_for_url(f"**{path}")
    expect(ada.get_by_role("heading", name="2 tables are created, none is touched.")).to_be_visible()
    expect(ada.get_by_text("0 of 1")).to_be_visible()
    expect(ada.get_by_text("If nobody has decided by then, it ends and nothing is altered.")).to_be_visible()
    ada.get_by_label("Comment").fill("Read every line.")
    ada.get_by_role("button", name="Approve and run now").click()

    for page in (ada, alice):  # alice has only been watching
        expect(page.get_by_text("hello-erlang/prod was created.")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("Read every line.")).to_be_visible()
    expect(approve).to_have_count(0)
    assert urlsplit(alice.url).path == path
