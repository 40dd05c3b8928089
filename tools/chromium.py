"""A Chromium for the browser tier: the system's, else one that can be installed here."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.terminal import say

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ASK_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright as start\n"
    "with start() as playwright: print(playwright.chromium.executable_path)"
)


def find_chromium(environment: Mapping[str, str], python: Path) -> str:
    """The path of a Chromium; "" when there is none and none could be installed.

    CHROMIUM_PATH wins. `python` is the one that has Playwright.
    """
    return (
        _existing(environment.get("CHROMIUM_PATH", ""))
        or _of_the_system()
        or _of_playwright(python)
        or _from_packages()
        or _downloaded(python)
    )


def _existing(path: str) -> str:
    return path if path and os.access(path, os.X_OK) else ""


def _of_the_system() -> str:
    return next((path for path in map(shutil.which, _NAMES) if path), "")


def _of_playwright(python: Path) -> str:
    command = [str(python), "-c", _ASK_PLAYWRIGHT]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return _existing(answer.stdout.strip())


def _from_packages() -> str:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return ""
    say("Installing Chromium …")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
        if subprocess.run([apt, "-qq", *arguments], env=quiet, capture_output=True, check=False).returncode:  # noqa: S603
            return ""
    return _of_the_system()


def _downloaded(python: Path) -> str:
    say("Downloading Chromium …")
    command = [str(python), "-m", "playwright", "install", "chromium"]
    subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return _of_playwright(python)
