"""Shell completion: `stackyard completion bash|zsh|fish`, and names from the server, quickly or not at all; ids that
are typed in part."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from portal.cli.command import Command, Session
from portal.cli.failures import Exit, Failure

if TYPE_CHECKING:
    from portal.cli.client import Client

_SECONDS = 1.5  # a person holds the key down
_MOST = 50
_WHOLE = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.ASCII)
_PART = re.compile(r"[0-9a-f-]{4,35}", re.ASCII)
Read = Callable[["Client", str], Iterable[tuple[str, str]]]


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what completes stackyard's words in a shell.

    \b
    bash: eval "$(stackyard completion bash)"       in ~/.bashrc
    zsh:  eval "$(stackyard completion zsh)"        in ~/.zshrc
    fish: stackyard completion fish | source        in ~/.config/fish/config.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise Failure(Exit.USAGE, f"Nothing completes in {shell}.")
    made = found(context.find_root().command, {}, "stackyard", "_STACKYARD_COMPLETE")
    click.echo(made.source())


class Named(click.types.StringParamType):
    """A word that the server knows more of. Silent on every failure: the line that is being typed matters more."""

    def __init__(self, read: Read) -> None:
        self._read = read

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The words that begin so."""
        try:
            session = ctx.find_object(Session) or Session()
            found = self._read(session.client_of(session.target, seconds=_SECONDS), incomplete)
            return [CompletionItem(value, help=about) for value, about in found if value.startswith(incomplete)]
        except Exception:
            return []


class Id(Named):
    """An id of a change or a job, or as much of its beginning as only one has."""

    def __init__(self, read: Read, what: str, listed: str) -> None:
        super().__init__(read)
        self._what, self._listed = what, listed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The whole id. Raises Failure where it is none, or not of one alone."""
        text = str(value).strip().lower()
        if _WHOLE.fullmatch(text):
            return text
        session = ctx.find_object(Session) if ctx else None
        if not _PART.fullmatch(text) or session is None:
            raise Failure(Exit.NOT_FOUND, f"{value!r} is no id of a {self._what}. List them: {self._listed}")
        found = [one for one, _ in self._read(session.client, text) if one.startswith(text)]
        if len(found) != 1:
            how_many = f"More than one {self._what} has" if found else f"No {self._what} of the latest has"
            raise Failure(Exit.NOT_FOUND, f"{how_many} an id that begins with {text}. List them: {self._listed}")
        return found[0]


def _applications(client: "Client", _: str) -> Iterable[tuple[str, str]]:
    return [(one["slug"], one["title"]) for one in client.get("/applications")["items"]]


def _environments(client: "Client", word: str) -> Iterable[tuple[str, str]]:
    found = client.pages("/environments", query={"q": word}, most=_MOST)["items"]
    return [(f"{one['application']}/{one['name']}", one["status"]) for one in found]


def _changes(client: "Client", _: str) -> Iterable[tuple[str, str]]:
    found = client.pages("/changes", most=_MOST)["items"]
    return [(one["id"], f"{one['title']} {one['environment']}, {one['status']}") for one in found]


def _jobs(client: "Client", _: str) -> Iterable[tuple[str, str]]:
    found = client.pages("/jobs", query={"whose": "all"}, most=_MOST)["items"]
    return [(one["id"], f"{one['title']} {one['environment']}, {one['status']}") for one in found]


# By what arguments and options are called, wherever they are.
_NAMED: Mapping[str, Named] = {
    "app": Named(_applications),
    "application": Named(_applications),
    "environment": Named(_environments),
    "words": Named(_environments),
    "source": Named(_environments),
    "target": Named(_environments),
    "change": Id(_changes, "change", "stackyard changes list"),
    "job": Id(_jobs, "job", "stackyard jobs list"),
}


def complete_names(command: click.Command) -> None:
    """Have every argument and option that names an application, an environment, a change or a job completed."""
    for parameter in command.params:
        if parameter.type in {click.STRING, click.UNPROCESSED}:
            parameter.type = _NAMED.get(str(parameter.name), parameter.type)
    if isinstance(command, click.Group):
        for one in command.commands.values():
            complete_names(one)
