"""The checks that read the code instead of running it, plus Django's own."""

import secrets
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tools.installing import CHECKOUT
from tools.results import Result
from tools.terminal import say

_TYPED = ("manage.py", "bench", "portal", "provisioning", "tests", "tools")


@dataclass(frozen=True)
class Check:
    """A command that must end with 0: its name for people, argv with a program of `.venv`, own settings."""

    name: str
    argv: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)


def checks() -> list[Check]:
    """Every check, the slowest first so that the others run beside it."""
    templates = sorted(str(path.relative_to(CHECKOUT)) for path in _templates())
    return [
        Check("types", ("python", "-m", "mypy", *_TYPED)),
        Check("lint", ("python", "-m", "ruff", "check", ".")),
        Check("format", ("python", "-m", "ruff", "format", "--check", ".")),
        Check("templates", ("djade", "--check", "--target-version", "5.2", *templates)),
        Check("migrations", ("python", "manage.py", "makemigrations", "--check", "--dry-run")),
        Check("deployment", ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"), _deployment()),
    ]


def run_checks(python: Path, environment: Mapping[str, str]) -> list[Result]:
    """Run every check, two at a time; what a failed one said goes to the terminal."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda check: _run(check, python, environment), checks()))


def _run(check: Check, python: Path, environment: Mapping[str, str]) -> Result:
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603  our own argv, no shell
        [str(python.with_name(check.argv[0])), *check.argv[1:]],
        cwd=CHECKOUT,
        env=dict(environment) | dict(check.settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    if done.returncode == 0:
        return Result(check.name, seconds=seconds)
    say(f"\n{check.name} failed:\n{done.stdout.rstrip()}")
    return Result(check.name, failed=1, seconds=seconds, note="see above")


def _templates() -> list[Path]:
    folders = (CHECKOUT / "templates", CHECKOUT / "portal")
    return [path for folder in folders for path in folder.rglob("*.html")]


def _deployment() -> dict[str, str]:
    # What a deployment sets; the checks open no connection to any of it.
    return {
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "example.org",
        "DATABASE_URL": "postgres://stackyard:password@db.example.org:5432/stackyard",
        "CELERY_BROKER_URL": "redis://broker.example.org:6379/0",
    }
