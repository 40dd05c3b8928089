"""What every command shares: the session it works in, the options it takes, and how it ends."""

import errno
import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TextIO, TypeVar, cast

import click

from portal.cli.failures import Exit, Failure
from portal.cli.settings import Config, Flags, Target, config_path, read_config, target
from portal.cli.shown import Shown, plain

if TYPE_CHECKING:
    from portal.cli.client import Client

Ran = TypeVar("Ran")
Takes = ParamSpec("Takes")
RETRIES = "STACKYARD_RETRIES"
# What the API calls otherwise than the option that says it. A `key` is an item's there, and an idempotency key here.
_SENT_AS = {"start_at": "start", "typed": "confirm", "status": "state"}


@dataclass
class Session:
    """One run of the command: what was asked of all commands, the way to the server and to the person, and what the
    options of the command that runs are called, by their names within."""

    flags: Flags = field(default_factory=Flags)
    json: bool = False
    options: dict[str, str] = field(default_factory=dict)

    @cached_property
    def config(self) -> Config:
        """What the config file says. Raises Failure."""
        return read_config(config_path(os.environ))

    @cached_property
    def target(self) -> Target:
        """Where the server is, and the token for it. Raises Failure."""
        return target(self.flags, os.environ, self.config)

    @cached_property
    def client(self) -> "Client":
        """What asks the API. Raises Failure where nobody said which."""
        return self.client_of(self.target)

    def client_of(self, there: Target, seconds: float | None = None) -> "Client":
        """What asks that server with that token; with `seconds` once, no longer than that, and without a word."""
        # Loaded when something is asked: HTTP takes longer to load than `--help` may take.
        client, transport = import_module("portal.cli.client"), import_module("portal.cli.transport")
        if seconds is None:
            made = transport.Transport(there.url, self.note, _tries(transport.TRIES))
        else:
            made = transport.Transport(there.url, lambda _: None, 1, seconds)
        return cast("Client", client.Client(there, made))

    def show(self, data: object, shown: Callable[[], Shown]) -> None:
        """Answer: with --json exactly `data`, otherwise what a person reads."""
        if not self.json:
            self.draw(shown())
            return
        ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=ascii_only) + "\n")

    def draw(self, shown: Shown) -> None:
        """Show something to a person, on standard output."""
        import_module("portal.cli.rendering").draw(sys.stdout, shown)

    def draw_aside(self, shown: Shown) -> None:
        """Show something to a person that is no answer, on standard error."""
        import_module("portal.cli.rendering").draw(sys.stderr, shown)

    def note(self, sentence: str) -> None:
        """Tell a person something that is no answer, on standard error."""
        say(sentence)

    def ask(self, question: str) -> str:
        """What a person types, on standard error and with a terminal only. Raises Failure without one."""
        if not sys.stdin.isatty():
            raise Failure(Exit.USAGE, f"{question} Nobody can be asked here: there is no terminal.")
        return str(click.prompt(question, prompt_suffix=" ", default="", show_default=False, err=True))


def say(sentence: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"{plain(sentence)}\n")
    sys.stderr.flush()


def pass_session(run: Callable[..., Ran]) -> Callable[..., Ran]:
    """Give a command its session as the first argument."""
    return click.make_pass_decorator(Session)(run)


def _session(context: click.Context) -> Session:
    return context.ensure_object(Session)


def _take_json(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001  as click calls it
    if value:
        _session(context).json = True


def _take_flag(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        session = _session(context)
        session.flags = replace(session.flags, **{str(parameter.name): value})


def shared_options() -> list[click.Parameter]:
    """The options of every command, which also stand before it: `stackyard --json env list`. They are read before the
    others: a word may be looked up on the server while the rest is read."""
    return [
        click.Option(
            ["--json"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_take_json,
            help="Answer the API's JSON, alone.",
        ),
        *(
            click.Option([name], metavar=metavar, is_eager=True, expose_value=False, callback=_take_flag, help=said)
            for name, metavar, said in (
                ("--server", "URL", "Ask this server."),
                ("--profile", "NAME", "Ask as this profile says."),
            )
        ),
    ]


def _summary(command: click.Command) -> str:
    """What a command is for, in a sentence, without an example of it."""
    first = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    return f"{first.partition('. ')[0].partition(': stackyard ')[0].rstrip('.')}."


class Command(click.Command):
    """A command with the shared options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += shared_options()

    def get_short_help_str(self, limit: int = 45) -> str:
        """What lists of commands say of it: lines are broken, and nothing is cut off."""
        return _summary(self)

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and remember what its options are called: what was refused is told by their names."""
        _session(ctx).options = {
            str(one.name): one.opts[0] for one in self.params if isinstance(one, click.Option) and one.name != "key"
        }
        return super().invoke(ctx)


class Group(click.Group):
    """Several commands under one word."""

    command_class = Command
    group_class = type  # groups within are of this class too

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += shared_options()

    def get_short_help_str(self, limit: int = 45) -> str:
        """What lists of commands say of it: lines are broken, and nothing is cut off."""
        return _summary(self)


class Root(Group):
    """The whole command: it ends with an exit code of ours, and a sentence beside it."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """A run of its own, with a session of its own."""
        extra.setdefault("obj", Session())
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and write out what was said while it can still be noticed that nobody reads it."""
        try:
            found = super().invoke(ctx)
            sys.stdout.flush()
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            _let_go(sys.stdout)
            ctx.exit(Exit.PIPE_CLOSED)
        return found

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002  as click calls it
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002  click names it
        **extra: Any,
    ) -> NoReturn:
        """Run and exit, whoever calls, and by whatever name."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a character that the terminal cannot show is no reason to fail
                stream.reconfigure(errors="backslashreplace")
        session = extra.setdefault("obj", Session())
        try:
            code = super().main(args, "stackyard", "_STACKYARD_COMPLETE", standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            sys.exit(Exit.USAGE)
        except click.Abort:
            say("Interrupted.")
            sys.exit(Exit.INTERRUPTED)
        except Failure as failure:
            _tell(failure, session.options)
            sys.exit(failure.exit_code)
        except Exception:  # what nobody expected is told as it is, and is no failed change
            traceback.print_exc()
            sys.exit(Exit.UNEXPECTED)
        sys.exit(code if isinstance(code, int) else Exit.DONE)


def _tell(failure: Failure, options: Mapping[str, str]) -> None:
    for line in failure.told(lambda field: options.get(_SENT_AS.get(field, field), "")):
        say(line)


def _let_go(stream: TextIO) -> None:
    """Give what is still to be written to nobody, so that Python does not try again at its end."""
    with open(os.devnull, "w") as nobody:
        os.dup2(nobody.fileno(), stream.fileno())


def _tries(usual: int) -> int:
    text = os.environ.get(RETRIES, "")
    return int(text) + 1 if text.isascii() and text.isdecimal() and int(text) <= 20 else usual
