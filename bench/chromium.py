"""Chromium in front of a running Stackyard, as tests and screenshots start it."""

import os

from playwright.sync_api import Browser, Page, Playwright

from bench.visitor import PASSWORD

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--no-opt --no-maglev",  # no page here lives long enough to make up for compiling its scripts again
)


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium that CHROMIUM_PATH names. Raises KeyError when nothing names one."""
    return playwright.chromium.launch(
        executable_path=os.environ["CHROMIUM_PATH"],
        args=_ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],  # people have it
    )


def sign_in(page: Page, username: str) -> None:
    """Sign in as people do; ends on the home page."""
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
