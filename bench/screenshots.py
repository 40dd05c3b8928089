"""The pictures of the README, taken of a demo that is started for them: `python -m bench.screenshots`.

Needs CHROMIUM_PATH.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from bench.chromium import launch, sign_in
from bench.running import Running, free_ports, launch_of
from bench.scene import APPLICATION, Scene, set_scene
from tools.installing import CHECKOUT
from tools.terminal import complain, say

FOLDER = CHECKOUT / "docs" / "screenshots"
SIZE: ViewportSize = {"width": 1280, "height": 800}


def _request(page: Page, _: Scene) -> None:
    page.goto(f"/request/{APPLICATION}/?name=dev-alice")
    expect(page.get_by_text("Compared with the account")).to_be_visible()


def _change(page: Page, scene: Scene) -> None:
    page.goto(scene.ready)
    page.get_by_role("list", name="Progress").wait_for()


PICTURES: dict[str, Callable[[Page, Scene], None]] = {"request": _request, "change": _change}


def take(address: str, scene: Scene, folder: Path) -> list[Path]:
    """Write every picture into the folder; returns where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_context(
            base_url=address, viewport=SIZE, color_scheme="light", reduced_motion="reduce"
        ).new_page()
        sign_in(page, "alice")
        for name, open_page in PICTURES.items():
            open_page(page, scene)
            taken.append(folder / f"{name}.png")
            page.screenshot(path=taken[-1])
        browser.close()
    return taken


def main() -> int:
    """Start a demo, set the scene, take the pictures, end it; 1 when there is nothing to take them with."""
    if not os.environ.get("CHROMIUM_PATH"):
        complain("CHROMIUM_PATH must name a Chromium to take pictures with.")
        return 1
    port, aws_port = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="stackyard-pictures-") as home:
        yard = Running(launch_of(Path(home), port, aws_port))
        try:
            yard.bring_up()
            for picture in take(yard.address, set_scene(yard), FOLDER):
                say(f"{picture.relative_to(CHECKOUT)}  {picture.stat().st_size // 1024} KiB")
        finally:
            yard.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
