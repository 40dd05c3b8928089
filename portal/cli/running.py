"""An application run with what it has to know: `stackyard run --env hello-erlang/dev -- make start`.

The command takes the place of this one, so that signals, the terminal and the exit code are its own. It is given the
environment's configuration and nothing of this command's: neither its token nor any other of its settings.
"""

import os
import signal
import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.configuration import Wanted, configuration_options, read_values
from portal.cli.failures import Exit, Failure
from portal.cli.where import APP, where_of

OWN = "STACKYARD_"  # what this command's settings begin with
# Python ignores them, and what it ignores stays ignored in what takes its place.
_IGNORED = ("SIGPIPE", "SIGXFSZ")


@click.command(cls=Command, context_settings={"allow_interspersed_args": False})
@click.option("--env", "environment", required=True, metavar="APP/ENV", help="Run it with this one's configuration.")
@click.option("--app", metavar="APP", envvar=APP, help="The application, where ENV stands alone.")
@configuration_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGUMENTS]")
@pass_session
def run(session: Session, *, environment: str, app: str | None, command: tuple[str, ...], wanted: Wanted) -> NoReturn:
    """Run a command with the configuration of an environment.

    The configuration goes before variables of the same name; nothing is written to a file. Ends as the command ends;
    with 126 or 127 where it cannot be run, or is not there.
    """
    values = read_values(session, where_of(environment, app), wanted)["values"]
    _become(command, given(os.environ, values))


def given(around: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """The variables of the command: those around, without this command's own, and the configuration."""
    return {name: value for name, value in around.items() if not name.startswith(OWN)} | dict(values)


def _become(command: tuple[str, ...], variables: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    for name in _IGNORED:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, variables)  # noqa: S606  the person's own command, without a shell
    except FileNotFoundError as error:
        raise Failure(Exit.NO_COMMAND, f"There is no command {command[0]}.") from error
    except OSError as error:
        raise Failure(Exit.NOT_RUN, f"{command[0]} cannot be run: {error.strerror}.") from error
