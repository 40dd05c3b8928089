"""Environments: `stackyard env list|create|show|update|park|wake|delete|extend|connect …`."""

from typing import Any

import click

from portal.cli.asking import (
    ENVIRONMENT,
    Asked,
    Parameters,
    ask,
    confirmed,
    moment,
    placed,
    request_options,
    said,
    value_options,
)
from portal.cli.choosing import completed
from portal.cli.command import Group, Session, pass_session
from portal.cli.costs import amount
from portal.cli.following import finish
from portal.cli.lists import list_options, nothing, show_list
from portal.cli.looking import activity, look_again
from portal.cli.outputs import outputs
from portal.cli.prices import Usage, show_price, usage_options
from portal.cli.recovering import recover, stuck
from portal.cli.shown import Facts, Lines, Shown, Table, Tone, Word, status, when
from portal.cli.where import APP, Where, environment_words, where_of

_NONE = "There is no environment yet. Create one: stackyard env create APP ENV. For APP, see stackyard apps list"
DELETIONS = {
    "compute": ("delete_compute", "This deletes the compute stack of {}; its tables stay."),
    "data-stack": ("delete_data_stack", "This deletes the data stack of {}; its tables and their items stay."),
    "data": ("delete_data", "This deletes the tables of {} with all their items, after a backup."),
}


@click.group(cls=Group)
def env() -> None:
    """Environments: what there is, and asking for changes of it."""


for _one in (outputs, look_again, activity, stuck, recover):
    env.add_command(_one)


@env.command("list")
@click.option("--app", default="", envvar=APP, help="Of this application.")
@click.option("--stage", default="", help="Of this stage: dev, staging or prod.")
@click.option("--status", "state", default="", help="With this status; any also has those that are removed.")
@click.option("--owner", default="", help="Of this person.")
@click.option("-q", "words", default="", metavar="WORDS", help="With these words in names and owners.")
@list_options
@pass_session
def list_environments(
    session: Session, *, app: str, stage: str, state: str, owner: str, words: str, limit: int, cursor: str
) -> None:
    """List environments."""
    query = {"application": app, "stage": stage, "status": state, "owner": owner, "q": words, "cursor": cursor}
    found = session.client.pages("/environments", query=query, most=limit or None)
    show_list(
        session,
        found,
        lambda: Table(
            ["Environment", "Stage", "Status", "Owner", "#Month", "Ends", "Changed"],
            [_row(one) for one in found["items"]],
            empty=nothing(query, "There is no such environment.", _NONE),
        ),
    )


@env.command("create")
@click.argument("application", metavar="APP")
@click.argument("name", metavar="ENV", required=False)
@value_options
@click.option("--stack", type=click.Choice(["data", "compute"]), help="Create this stack only.")
@click.option("--expires", metavar="TIME", help="When it ends: 3d (from now), or 2030-01-31.")
@click.option("--price", "only_priced", is_flag=True, help="Show what it would cost a month, and ask for nothing.")
@usage_options
@request_options
@pass_session
def create(
    session: Session,
    *,
    application: str,
    name: str | None,
    given: Parameters,
    stack: str | None,
    expires: str | None,
    only_priced: bool,
    usage: Usage | None,
    asked: Asked,
) -> None:
    """Create an environment.

    \b
    stackyard env create hello-erlang dev-alice

    What is not set has the stage's defaults, and the network, key and image that the form starts with; `stackyard apps
    show APP` lists what can be set.
    """
    where = where_of(name or application, application if name else None)
    values = placed(session, where.app, given, stack or "")
    body = _new_environment(session, where, asked, parameters=values, stack=stack, expires=expires) | (
        {"usage": usage} if usage else {}
    )
    if only_priced:
        show_price(session, "/applications/{app}", body, app=where.app)
    else:
        _create(session, asked, body)


@env.command("show")
@environment_words
@pass_session
def show(session: Session, where: Where) -> None:
    """Show an environment with its stacks."""
    found = session.client.get(ENVIRONMENT, app=where.app, name=where.name)
    session.show(found, lambda: environment_shown(found))


@env.command("update")
@environment_words
@value_options
@click.option("--stack", type=click.Choice(["data", "compute"]), help="Update this stack only.")
@click.option("--price", "only_priced", is_flag=True, help="Show what it would cost a month, and ask for nothing.")
@usage_options
@request_options
@pass_session
def update(
    session: Session,
    *,
    where: Where,
    given: Parameters,
    stack: str | None,
    only_priced: bool,
    usage: Usage | None,
    asked: Asked,
) -> None:
    """Bring an environment to its blueprint, with what is set; the rest stays as it is."""
    told = {
        "parameters": placed(session, where.app, given, stack or ""),
        "stacks": [stack] if stack else [],
        "usage": usage,
    }
    body = {name: value for name, value in told.items() if value}
    if only_priced:
        show_price(session, ENVIRONMENT, body, app=where.app, name=where.name)
    else:
        ask(session, where, asked, kind="update", **body)


def _plain(kind: str, said: str) -> None:
    """A command for a kind of change that needs no more than a reason."""

    @env.command(kind, help=said)
    @environment_words
    @request_options
    @pass_session
    def run(session: Session, where: Where, asked: Asked) -> None:
        ask(session, where, asked, kind=kind)


_plain("park", "Take the compute stack away; the data stays, and waking brings compute back as it was.")
_plain("wake", "Bring the compute stack of a parked environment back.")
_plain("protect", "Switch the protection of its data on.")
_plain("unprotect", "Switch the protection of its data off. Needs a reason.")


@env.command("delete")
@environment_words
@click.option(
    "--what", type=click.Choice(list(DELETIONS)), default="compute", show_default=True, help="How much of it."
)
@click.option("--confirm", metavar="ENV", help="The environment's name, where nobody can be asked.")
@request_options
@pass_session
def delete(
    session: Session,
    *,
    where: Where,
    what: str,
    confirm: str | None,
    asked: Asked,
) -> None:
    """Delete the compute of an environment, or its data stack, or its data.

    Each comes after the one before: compute, then the data stack, whose tables stay. Data goes by --what data only,
    with its protection off, and after a backup.
    """
    delete_some(session, where, asked, what, confirm)


def create_environment(
    session: Session,
    where: Where,
    asked: Asked,
    *,
    parameters: Parameters,
    stack: str | None,
    expires: str | None,
) -> None:
    """Ask for a new environment, or for one stack of it, and answer with the change."""
    body = _new_environment(session, where, asked, parameters=parameters, stack=stack, expires=expires)
    _create(session, asked, body)


def _new_environment(
    session: Session, where: Where, asked: Asked, *, parameters: Parameters, stack: str | None, expires: str | None
) -> dict[str, Any]:
    body = {
        "application": where.app,
        "name": where.name,
        "parameters": completed(session, where.app, parameters, stack),
        "stacks": [stack] if stack else None,
        "expires_at": moment(expires, "--expires") if expires else None,
    }
    return said(asked, body)


def _create(session: Session, asked: Asked, body: dict[str, Any]) -> None:
    finish(session, session.client.send("POST", "/environments", body, key=asked.key).data, asked.waiting)


def delete_some(session: Session, where: Where, asked: Asked, what: str, confirm: str | None) -> None:
    """Ask for a deletion once somebody said that they mean it, and answer with the change."""
    kind, happens = DELETIONS[what]
    ask(session, where, asked, kind=kind, confirm=confirmed(session, where, confirm, happens.format(where)))


@env.command("extend")
@environment_words
@click.option("--days", type=click.IntRange(1, 365), required=True, help="How many more days.")
@pass_session
def extend(session: Session, where: Where, days: int) -> None:
    """Give an environment more time. Its end is the one that is there now; sent twice, it is moved once."""
    seen = session.client.get(ENVIRONMENT, app=where.app, name=where.name)["expires_at"]
    body = {"days": days, "seen": seen}
    found = session.client.send("POST", f"{ENVIRONMENT}/extend", body, app=where.app, name=where.name).data
    session.show(found, lambda: Lines([f"{where} lasts until {when(found['expires_at'])}."]))


@env.command("connect")
@environment_words
@pass_session
def connect(session: Session, where: Where) -> None:
    """Show what an application has to know to run here, and how to give it that. Secrets are not in it."""
    found = session.client.get(f"{ENVIRONMENT}/outputs", query={"format": "json"}, app=where.app, name=where.name)
    session.show(found, lambda: _connection(where, found))
    if found["problem"]:
        session.note(found["problem"])


def environment_shown(found: dict[str, Any]) -> Shown:
    """An environment with its stacks, their parameters and their outputs."""
    about = Facts(
        [
            ("Environment", f"{found['application']}/{found['name']}"),
            ("Stage", found["stage"]),
            ("Status", status(found["status"])),
            ("Owner", found["owner"]),
            ("Region", found["region"]),
            ("Data protected", "yes" if found["protected"] else "no"),
            ("A month", _money(found["monthly_cost"])),
            ("Ends", when(found["expires_at"]) or "stays"),
            ("Open change", found["open_change"]),
        ]
    )
    return [about, *(part for stack in found["stacks"] for part in stack_shown(stack))]


def stack_shown(stack: dict[str, Any]) -> list[Facts | Table]:
    """One stack as last seen, with its outputs."""
    there = stack["status"] and stack["status"] != "DELETE_COMPLETE"
    about = Facts(
        [
            ("Stack", stack["name"]),
            ("Status", _stack_status(stack["status"])),
            ("Because", stack["status_reason"]),
            ("Outside", stack["outside"]),
            ("Blueprint", stack["blueprint_version"] if there else ""),
            *((name, value) for name, value in sorted(stack["parameters"].items()) if there),
        ],
        title=f"{stack['kind'].capitalize()} stack",
    )
    return [about, outputs_shown(stack)] if stack["outputs"] else [about]


def outputs_shown(stack: dict[str, Any]) -> Table:
    """The outputs of a stack."""
    rows = [[one["key"], one["value"], one["export"]] for one in stack["outputs"]]
    return Table(["Output", "Value", "Export"], rows, empty=f"The {stack['kind']} stack has no outputs.")


def _stack_status(text: str) -> Word:
    if text.endswith("_IN_PROGRESS"):
        return Word(text, "busy")
    tone: Tone = "bad" if "FAILED" in text else "quiet" if not text or text == "DELETE_COMPLETE" else "good"
    return Word(text or "not there", tone)


def _row(one: dict[str, Any]) -> list[Any]:
    return [
        f"{one['application']}/{one['name']}",
        one["stage"],
        status(one["status"]),
        one["owner"],
        _money(one["monthly_cost"]),
        when(one["expires_at"]),
        when(one["changed_at"]),
    ]


def _money(monthly: str | None) -> str:
    return f"{amount(monthly)} USD" if monthly else ""


def _connection(where: Where, found: dict[str, Any]) -> Shown:
    rows = [[name, value] for name, value in found["values"].items()]
    missing = [[name, Word(why, "attention")] for name, why in found["missing"].items()]
    return [
        Table(["Variable", "Value"], [*rows, *missing], empty="It has nothing to know."),
        Lines(
            [
                Word("As a file:", "quiet"),
                f"  stackyard env outputs {where} --format dotenv -o .env",
                Word("Into a command, without a file:", "quiet"),
                f"  stackyard run --env {where} -- make start",
            ]
        ),
    ]
