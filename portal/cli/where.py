"""Naming an environment on the command line: APP/ENV, or ENV with --app."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

APP = "STACKYARD_APP"


@dataclass(frozen=True)
class Where:
    """One environment of one application."""

    app: str
    name: str

    def __str__(self) -> str:
        return f"{self.app}/{self.name}"


def where_of(environment: str, app: str | None) -> Where:
    """What was named. Raises click.UsageError where a part is missing or said twice, unless once by the variable, which
    is for names that stand alone."""
    first, slash, rest = environment.partition("/")
    if slash and app and app != first and not _is_by_variable():
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

    return click.argument("environment", metavar="APP/ENV")(_app_option(located))


def environment_if_any(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `where`, None where nobody named an environment, and `app`, empty where nobody said which."""

    @wraps(run)
    def located(*args: Any, environment: str | None, app: str | None, **kwargs: Any) -> Any:
        return run(*args, where=where_of(environment, app) if environment else None, app=app or "", **kwargs)

    return click.argument("environment", metavar="[APP/ENV]", required=False)(_app_option(located))


def environment_words(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same for commands that take no other argument, also as two words: APP ENV."""

    @wraps(run)
    def located(*args: Any, environment: tuple[str, ...], app: str | None, **kwargs: Any) -> Any:
        if len(environment) > 2:
            raise click.UsageError(f"Name one environment. These were: {' '.join(environment)}")
        first, *rest = environment
        where = where_of(rest[0], first) if rest else where_of(first, app)
        return run(*args, where=where, **kwargs)

    return click.argument("environment", nargs=-1, required=True, metavar="APP/ENV")(_app_option(located))


def _is_by_variable() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and context.get_parameter_source("app") is ParameterSource.ENVIRONMENT


def _app_option(run: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--app", metavar="APP", envvar=APP, help="The application, where ENV stands alone.")(run)
