"""Naming an environment on the command line: APP/ENV, or ENV with --app."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

APP = "STACKYARD_APP"


@dataclass(frozen=True)
class Where:
    """One environment of one application."""

    app: str
    name: str

    def __str__(self) -> str:
        return f"{self.app}/{self.name}"


def where_of(environment: str, app: str | None) -> Where:
    """What was named. Raises click.UsageError where a part is missing or said twice."""
    first, slash, rest = environment.partition("/")
    if slash and app and app != first:
        raise click.UsageError(f"{environment} is of {first}, and --app says {app}.")
    found = Where(first, rest) if slash else Where(app or "", environment)
    if not found.app or not found.name or "/" in found.name:
        raise click.UsageError(f"Name the environment as APP/ENV, or as ENV with --app APP. This was: {environment!r}")
    return found


def environment_argument(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `where`, the environment that it is about, from its first argument and --app."""

    @wraps(run)
    def located(*args: Any, environment: str, app: str | None, **kwargs: Any) -> Any:
        return run(*args, where=where_of(environment, app), **kwargs)

    option = click.option("--app", metavar="APP", envvar=APP, help="The application, where ENV stands alone.")
    return click.argument("environment", metavar="APP/ENV")(option(located))
