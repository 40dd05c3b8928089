"""The `stackyard` command: what the API does, from a terminal or a script. It knows nothing else of Stackyard.

How to add a command:

1. Write `portal/cli/<noun>.py` with a click command: `@click.command(cls=Command)`, or for several under one word
   `@click.group(cls=Group)` and `@<group>.command("list")`. Both bring `--json`, `--server` and `--profile`.
2. Take `@pass_session`. `session.client` asks the API: `.get("/environments/{app}/{name}/costs", app=…, name=…,
   query={…})`, `.pages(…)` for lists with cursors, `.send("POST", path, body, …)`, `.download(path, file, …)`. What is
   refused raises a Failure, which ends the command with its sentence and exit code: do not catch it to say the same.
3. Answer with `session.show(data, lambda: Table(…))`: with `--json` exactly `data`, otherwise what is beside it
   (`portal.cli.shown`). `session.note(…)` is for people only and goes to standard error.
4. An environment is `@environment_argument` (APP/ENV, or ENV with --app), which gives `where: Where`.
5. What answers a change ends in `finish(session, told.data, waiting)` with `@waiting_options` (`portal.cli.following`).
6. Put it into COMMANDS in `portal/cli/main.py`, test it in `tests/pages/cli/`, describe it in `docs/cli.md`.

Starting must stay quick: import click and these modules at the top; never Django, `provisioning`, boto3, urllib3, rich.
"""

VERSION = "0.1.0"  # that of the package
API_VERSION = "1.2.0"  # the API's version that this command was written for
