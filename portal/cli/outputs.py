"""The configuration of an environment as a file: `stackyard env outputs APP/ENV --format dotenv -o .env`."""

import json

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.configuration import Wanted, configuration_options, read_text, read_values
from portal.cli.exact import write_file, write_out
from portal.cli.where import Where, environment_words

JSON, GITHUB = "json", "github"
FORMATS = ("dotenv", "shell", GITHUB, "erlang", "ecs", "kubernetes", JSON)


@click.command(cls=Command)
@environment_words
@click.option("--format", "form", type=click.Choice(FORMATS), help="How it is written.  [default: dotenv]")
@click.option("-o", "--output", "path", metavar="FILE", help="Write it there, for nobody else to read.")
@configuration_options
@pass_session
def outputs(session: Session, *, where: Where, form: str | None, path: str | None, wanted: Wanted) -> None:
    """Write what an application has to know to run here.

    For the steps of a GitHub workflow: --format github -o "$GITHUB_ENV", which is added to that file. Secrets come with
    --secrets only; there the lines that hide them in the log go to standard output first.
    """
    if session.json and form not in {None, JSON}:
        raise click.UsageError("--json is a format of its own: leave --format out.")
    form, path = JSON if session.json else form or "dotenv", None if path == "-" else path
    if form == GITHUB and wanted.secrets and path is None:
        raise click.UsageError('Standard output is for what hides the secrets: add -o "$GITHUB_ENV".')
    if form == JSON:
        text = json.dumps(read_values(session, where, wanted), indent=2, ensure_ascii=False) + "\n"
    else:
        text, log = read_text(session, where, form, wanted)
        write_out("".join(f"{line}\n" for line in log))
    if path is None:
        write_out(text)
    else:
        # Others have written to the file of a workflow before, and the runner reads all of it.
        write_file(path, text, append=form == GITHUB)
        session.note(f"Written into {path}.")
