"""One stack of an environment by itself, in the words of the scripts that came before:

    stackyard data-stack create dev --app hello-erlang
    stackyard compute-stack create dev --app hello-erlang --key-name my-key --subnets subnet-x,subnet-y

The same requests as `stackyard env`, for that stack only.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, Asked, Parameters, ask, placed, request_options, value_options
from portal.cli.command import Group, Session, pass_session
from portal.cli.env import create_environment, delete_some, outputs_shown, stack_shown
from portal.cli.failures import Exit, Failure
from portal.cli.where import APP, Where, environment_argument, where_of

_DELETES = {"data": "data-stack", "compute": "compute"}
_OPTION = re.compile(r"--(?P<name>[a-z][a-z0-9-]*)(?:=(?P<value>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Words:
    """A command line of its own: the environment, and options that are named like the template's parameters."""

    environment: str
    options: tuple[tuple[str, str], ...]


def read_words(words: Sequence[str]) -> Words:
    """What such a command line says. Raises click.UsageError."""
    left, named, options = iter(words), list[str](), list[tuple[str, str]]()
    for word in left:
        found = _OPTION.fullmatch(word)
        if found is None:
            named.append(word)
        else:
            options.append((found["name"], _value(found, left)))
    if len(named) != 1 or named[0].startswith("-"):
        raise click.UsageError(f"Name one environment. These were: {' '.join(named) or 'none'}")
    return Words(named[0], tuple(options))


def _value(found: re.Match[str], left: Iterator[str]) -> str:
    if found["value"] is not None:
        return found["value"]
    value = next(left, None)
    if value is None:
        raise click.UsageError(f"--{found['name']} needs a value.")
    return value


def spellings(name: str) -> set[str]:
    """How a parameter's name is written as an option: KeyName is --key-name, SubnetIds --subnet-ids or --subnets."""
    whole = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
    return {whole, re.sub(r"-id(s?)$", r"\1", whole)}


def named_by_options(session: Session, app: str, stack: str, options: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The parameters that options name. Raises Failure for one that the stack's template does not have."""
    if not options:
        return {}
    known = session.client.get("/applications/{app}", app=app)["parameters"]
    names = {written: one["name"] for one in known if one["stack"] == stack for written in spellings(one["name"])}
    found: dict[str, str] = {}
    for option, value in options:
        if option not in names:
            there = ", ".join(f"--{written}" for written in sorted(names)) or "none"
            raise Failure(Exit.USAGE, f"The {stack} stack of {app} has no parameter --{option}. It has: {there}.")
        if names[option] in found:
            raise Failure(Exit.USAGE, f"{names[option]} is set twice.")
        found[names[option]] = value
    return found


def _with_words(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `where`, and `options` that are named like parameters."""

    @wraps(run)
    def worded(*args: Any, words: tuple[str, ...], app: str | None, **kwargs: Any) -> Any:
        read = read_words(words)
        return run(*args, where=where_of(read.environment, app), options=read.options, **kwargs)

    option = click.option("--app", metavar="APP", envvar=APP, help="The application, where ENV stands alone.")
    argument = click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="ENV [--PARAMETER-NAME VALUE]...")
    return argument(option(worded))


_PARAMETERS: Mapping[str, Any] = {"ignore_unknown_options": True}


def _group(stack: str) -> click.Group:
    """The commands of one stack."""

    @click.group(f"{stack}-stack", cls=Group, help=f"The {stack} stack of an environment, by itself.")
    def group() -> None:
        """One stack."""

    _add_changes(group, stack)
    _add_reading(group, stack)
    return group


def _add_changes(group: click.Group, stack: str) -> None:
    about = "Every parameter of its template is an option: KeyName is --key-name, SubnetIds is --subnets."

    @group.command("create", context_settings=_PARAMETERS, help=f"Create the {stack} stack. {about}")
    @_with_words
    @value_options
    @request_options
    @pass_session
    def create(session: Session, *, where: Where, options: Any, given: Parameters, asked: Asked) -> None:
        values = _values(session, where, stack, options, given)
        create_environment(session, where, asked, parameters=values, stack=stack, expires=None)

    @group.command("update", context_settings=_PARAMETERS, help=f"Update the {stack} stack. {about}")
    @_with_words
    @value_options
    @request_options
    @pass_session
    def update(session: Session, *, where: Where, options: Any, given: Parameters, asked: Asked) -> None:
        values = _values(session, where, stack, options, given)
        ask(session, where, asked, kind="update", parameters=values, stacks=[stack])

    kept = "Its tables and their items stay." if stack == "data" else "The data stack and its tables stay."

    @group.command("delete", help=f"Delete the {stack} stack. {kept}")
    @environment_argument
    @click.option("--confirm", metavar="ENV", help="The environment's name, where nobody can be asked.")
    @request_options
    @pass_session
    def delete(session: Session, *, where: Where, confirm: str | None, asked: Asked) -> None:
        delete_some(session, where, asked, _DELETES[stack], confirm)


def _add_reading(group: click.Group, stack: str) -> None:
    @group.command("status", help=f"Show how the {stack} stack stands.")
    @environment_argument
    @pass_session
    def show_status(session: Session, where: Where) -> None:
        found = _there(session, where, stack)
        session.show(found, lambda: stack_shown(found)[0])

    @group.command("outputs", help=f"Show what the {stack} stack tells others.")
    @environment_argument
    @pass_session
    def outputs(session: Session, where: Where) -> None:
        found = _there(session, where, stack)
        session.show({"items": found["outputs"]}, lambda: outputs_shown(found))


def _values(
    session: Session, where: Where, stack: str, options: Sequence[tuple[str, str]], given: Parameters
) -> Parameters:
    named = named_by_options(session, where.app, stack, options)
    values = placed(session, where.app, given, stack)
    twice = sorted(named.keys() & values.get(stack, {}).keys())
    if twice:
        raise Failure(Exit.USAGE, f"{twice[0]} is set twice.")
    return {**values, **({stack: {**values.get(stack, {}), **named}} if named else {})}


def _there(session: Session, where: Where, stack: str) -> dict[str, Any]:
    """The stack as last seen. Raises Failure where there is none."""
    stacks = session.client.get(ENVIRONMENT, app=where.app, name=where.name)["stacks"]
    found: dict[str, Any] | None = next((one for one in stacks if one["kind"] == stack and _is_there(one)), None)
    if found is None:
        raise Failure(Exit.NOT_FOUND, f"{where} has no {stack} stack now.")
    return found


def _is_there(stack: dict[str, Any]) -> bool:
    return stack["status"] not in {"", "DELETE_COMPLETE"}


data_stack, compute_stack = _group("data"), _group("compute")
