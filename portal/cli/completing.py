"""Shell completion: `stackyard completion bash|zsh|fish`, and names from the server, quickly or not at all."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

from portal.cli.command import Command, Session
from portal.cli.failures import Exit, Failure

if TYPE_CHECKING:
    from portal.cli.client import Client

_SECONDS = 1.5  # a person holds the key down
_MOST = 50
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


def _applications(client: "Client", _: str) -> Iterable[tuple[str, str]]:
    return [(one["slug"], one["title"]) for one in client.get("/applications")["items"]]


def _environments(client: "Client", word: str) -> Iterable[tuple[str, str]]:
    found = client.pages("/environments", query={"q": word}, most=_MOST)["items"]
    return [(f"{one['application']}/{one['name']}", one["status"]) for one in found]


def _changes(client: "Client", _: str) -> Iterable[tuple[str, str]]:
    found = client.pages("/changes", most=_MOST)["items"]
    return [(one["id"], f"{one['title']} {one['environment']}, {one['status']}") for one in found]


# By what arguments and options are called, wherever they are.
_NAMED: Mapping[str, Named] = {
    "app": Named(_applications),
    "application": Named(_applications),
    "environment": Named(_environments),
    "words": Named(_environments),
    "source": Named(_environments),
    "target": Named(_environments),
    "change": Named(_changes),
}


def complete_names(command: click.Command) -> None:
    """Have every argument and option that names an application, an environment or a change completed."""
    for parameter in command.params:
        if parameter.type in {click.STRING, click.UNPROCESSED}:
            parameter.type = _NAMED.get(str(parameter.name), parameter.type)
    if isinstance(command, click.Group):
        for one in command.commands.values():
            complete_names(one)
