"""The whole command: its help, its exit codes, and the one list of what it can do."""

import click

from portal.cli import VERSION
from portal.cli.adopting import adopt
from portal.cli.apps import apps
from portal.cli.audit import audit
from portal.cli.budgets import budgets
from portal.cli.changes import changes
from portal.cli.command import Root
from portal.cli.completing import complete_names, completion
from portal.cli.cost_source import cost_refresh, cost_source
from portal.cli.costs import costs
from portal.cli.deploying import deploy, promote, releases
from portal.cli.drift import drift
from portal.cli.engine import engine
from portal.cli.env import env
from portal.cli.flags import flags
from portal.cli.items import items
from portal.cli.items_jobs import jobs
from portal.cli.kept import kept
from portal.cli.login import login, logout, whoami
from portal.cli.running import run
from portal.cli.savings import savings
from portal.cli.search import home, search
from portal.cli.stacks import compute_stack, data_stack
from portal.cli.tables import tables
from portal.cli.tokens import tokens

# Every command under what it is about, in the order of the help. A new one is a module and a word here.
COMMANDS: tuple[tuple[str, tuple[click.Command, ...]], ...] = (
    ("To begin with", (login, logout, whoami, tokens, home, search, completion)),
    ("Environments", (apps, env, changes, drift, adopt, kept, data_stack, compute_stack)),
    ("What runs in them", (deploy, releases, promote, run, flags)),
    ("Data", (tables, items, jobs)),
    ("Money", (costs, cost_source, cost_refresh, savings, budgets)),
    ("Stackyard itself", (audit, engine)),
)

_EXITS = """\b
Exit codes:
  0  done
  1  the change failed, or ended without being done
  2  the command line, a setting or a value is wrong; nothing was done
  3  not logged in, or not allowed
  4  not there
  5  not as things stand, or somebody was quicker
  6  the server, or AWS behind it, does not answer as it should
  7  the server is older than this command
  8  the change waits for somebody
  9  waited as long as was asked; the change goes on
`stackyard run` ends as its command does; with 126 or 127 where that cannot be run.
`stackyard items compare` ends with 1 where both sides differ.
"""


class InOrder(Root):
    """Lists its commands as they are told, under what they are about, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Their sections in the help."""
        for title, commands in COMMANDS:
            with formatter.section(title):
                formatter.write_dl([(str(one.name), one.get_short_help_str()) for one in commands])


@click.group(cls=InOrder, epilog=_EXITS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="stackyard")
def main() -> None:
    """Environments on AWS, planned before they run.

    Log in once with `stackyard login`, or set STACKYARD_URL and STACKYARD_TOKEN. A flag goes before a variable, a
    variable before the config file.
    """


for _, _commands in COMMANDS:
    for _one in _commands:
        main.add_command(_one)
complete_names(main)
