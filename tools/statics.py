"""The checks that read the code instead of running it, plus Django's own."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tools.children import Command
from tools.installing import CHECKOUT
from tools.lanes import Job
from tools.results import Result

_TYPED = ("manage.py", "bench", "portal", "provisioning", "tests", "tools")


@dataclass(frozen=True)
class Check:
    """A command that must end with 0: its name for people, argv with a program of `.venv`, own settings, and how many
    seconds it takes, roughly."""

    name: str
    argv: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    seconds: int = 5


def checks() -> list[Check]:
    """Every check."""
    templates = sorted(str(path.relative_to(CHECKOUT)) for path in _templates())
    return [
        Check("types", ("python", "-m", "mypy", *_TYPED), seconds=90),
        Check("lint", ("python", "-m", "ruff", "check", ".")),
        Check("format", ("python", "-m", "ruff", "format", "--check", ".")),
        Check("templates", ("djade", "--check", "--target-version", "5.2", *templates)),
        Check("migrations", ("python", "manage.py", "makemigrations", "--check", "--dry-run")),
        Check("deployment", ("python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"), _deployment()),
    ]


def check_jobs(python: Path, environment: Mapping[str, str]) -> list[Job]:
    """Every check as a job; what a failed one says goes to the terminal."""
    return [_job(check, python, environment) for check in checks()]


def _job(check: Check, python: Path, environment: Mapping[str, str]) -> Job:
    argv = (str(python.with_name(check.argv[0])), *check.argv[1:])
    command = Command(check.name, argv, dict(environment) | dict(check.settings))
    return Job(command, partial(_result, check.name), check.seconds, quiet=True)


def _result(name: str, code: int, seconds: float) -> Result:
    return Result(name, failed=1, seconds=seconds, note="see above") if code else Result(name, seconds=seconds)


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
