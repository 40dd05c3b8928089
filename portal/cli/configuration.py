"""What an application has to know, as commands ask for it: with its secrets only where that is said, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Session
from portal.cli.failures import Exit, Failure
from portal.cli.where import Where

OUTPUTS = f"{ENVIRONMENT}/outputs"
MISSING = "configuration-missing"


@dataclass(frozen=True)
class Wanted:
    """Whether secrets are in it and why, and whether it is of use only when nothing is missing."""

    secrets: bool
    reason: str
    complete: bool


def configuration_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `wanted`."""

    @wraps(run)
    def wanting(*args: Any, secrets: bool, reason: str, complete: bool, **kwargs: Any) -> Any:
        if secrets and not reason.strip():
            raise click.UsageError("--secrets needs a --reason: it is kept in the audit.")
        if reason and not secrets:
            raise click.UsageError("--reason says why secrets are needed: add --secrets.")
        return run(*args, wanted=Wanted(secrets, reason, complete), **kwargs)

    told = click.option("--secrets", is_flag=True, help="With the values of secrets, for who may set them.")
    why = click.option("--reason", default="", metavar="TEXT", help="Why secrets are needed; kept in the audit.")
    whole = click.option("--complete", is_flag=True, help="Fail where a variable has no value.")
    return told(why(whole(wanting)))


def read_values(session: Session, where: Where, wanted: Wanted) -> dict[str, Any]:
    """The configuration as JSON. Raises Failure."""
    if wanted.secrets:
        told = session.client.send(
            "POST", OUTPUTS, {"format": "json", "reason": wanted.reason}, app=where.app, name=where.name
        ).data
    else:
        told = session.client.get(OUTPUTS, query={"format": "json"}, app=where.app, name=where.name)
    found: dict[str, Any] = told
    require(session, wanted, [f"{name}: {why}" for name, why in found["missing"].items()])
    return found


def read_text(session: Session, where: Where, form: str, wanted: Wanted) -> tuple[str, list[str]]:
    """The configuration as a file's text, and what a workflow's log has to be told before. Raises Failure."""
    if wanted.secrets:
        told = session.client.send(
            "POST", OUTPUTS, {"format": form, "reason": wanted.reason}, app=where.app, name=where.name
        ).data
        require(session, wanted, [f"{name}: {why}" for name, why in told["missing"].items()])
        return told["text"], told["log"]
    answer = session.client.ask("GET", OUTPUTS, query={"format": form}, app=where.app, name=where.name)
    require(session, wanted, [name for name in answer.headers.get(MISSING, "").split(", ") if name])
    return answer.text, []


def require(session: Session, wanted: Wanted, missing: list[str]) -> None:
    """Say what has no value. Raises Failure where everything was to have one."""
    if missing and wanted.complete:
        raise Failure(Exit.CONFLICT, "Not every variable has a value.", more=tuple(missing))
    for one in missing:
        session.note(f"Without a value: {one}")
