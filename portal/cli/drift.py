"""What is not as the templates say: `stackyard drift show|detect|accept|repair`."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, STACKS, Asked, request_options, said
from portal.cli.command import Group, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import finish
from portal.cli.looking import Patience, patience_options, show_at_rest
from portal.cli.shown import Cell, Facts, Shown, Table, Tone, Word, some, when
from portal.cli.where import Where, environment_argument, environment_words

DRIFT = f"{ENVIRONMENT}/drift"
_TONES: dict[str, Tone] = {"IN_SYNC": "good", "DRIFTED": "attention"}
Found = dict[str, Any]


@click.group(cls=Group)
def drift() -> None:
    """Drift: what somebody changed in AWS. Taken as it is, or brought back to the template."""


@drift.command("show")
@environment_words
@pass_session
def show(session: Session, where: Where) -> None:
    """Show what differs, property by property, as of the last check."""
    found = _read(session, where)
    session.show(found, lambda: _whole(found))
    if not found["checking"] and not any(one["seen_at"] for one in found["stacks"]):
        session.note(f"Nobody has looked yet. Look: stackyard drift detect {where} --wait")


@drift.command("detect")
@environment_words
@click.option("--stack", type=click.Choice(STACKS), help="Look into this stack only.")
@patience_options
@pass_session
def detect(session: Session, *, where: Where, stack: str | None, patience: Patience) -> None:
    """Have CloudFormation compare the stacks with their templates. With --wait, show what it found."""
    body = {"stacks": [stack] if stack else list(STACKS)}
    found = session.client.send("POST", f"{DRIFT}/detections", body, app=where.app, name=where.name).data
    show_at_rest(session, found, patience, lambda: _read(session, where), _whole)


@drift.command("accept")
@environment_argument
@click.argument("properties", nargs=-1, metavar="[STACK.RESOURCE/PROPERTY]...")
@click.option("--all", "everything", is_flag=True, help="Everything that can be accepted.")
@request_options
@pass_session
def accept(session: Session, *, where: Where, properties: tuple[str, ...], everything: bool, asked: Asked) -> None:
    """Take what differs as it is.

    \b
    stackyard drift accept dev --app hello-erlang compute.Group/MaxSize

    The properties are named as `drift show` names them. One that has another value by then is not accepted.
    """
    if bool(properties) is everything:
        raise click.UsageError("Name properties, or say --all.")
    found = _read(session, where)
    session.draw_aside(_whole(found))
    picks = _picks(found, properties)
    told = session.client.send(
        "POST", f"{DRIFT}/acceptances", said(asked, {"picks": picks}), key=asked.key, app=where.app, name=where.name
    )
    finish(session, told.data, asked.waiting)


@drift.command("repair")
@environment_words
@click.option("--stack", type=click.Choice(STACKS), help="Repair this stack only.")
@request_options
@pass_session
def repair(session: Session, *, where: Where, stack: str | None, asked: Asked) -> None:
    """Bring what differs back to the templates. The plan shows every property first."""
    body = said(asked, {"stacks": [stack] if stack else None})
    told = session.client.send("POST", f"{DRIFT}/repairs", body, key=asked.key, app=where.app, name=where.name)
    finish(session, told.data, asked.waiting)


def _read(session: Session, where: Where) -> Found:
    found: Found = session.client.get(DRIFT, app=where.app, name=where.name)
    return found


def _open(found: Found) -> Iterator[tuple[str, Found, Found, Found]]:
    """Everything that differs: its name, its stack, its resource, and itself."""
    for stack in found["stacks"]:
        for resource in stack["resources"]:
            for line in resource["open"]:
                yield f"{stack['kind']}.{resource['logical_id']}{line['path']}", stack, resource, line


def _picks(found: Found, names: Sequence[str]) -> list[Found]:
    """The properties of these names as they were just read, or all that can be accepted. Raises Failure."""
    there = {
        name: {
            "stack": stack["kind"],
            "resource": resource["logical_id"],
            "path": line["path"],
            "actual": line["actual"],
        }
        for name, stack, resource, line in _open(found)
        if not resource["why_not_accept"]
    }
    unknown = [name for name in names if name not in there]
    if unknown:
        raise Failure(Exit.CONFLICT, f"{some(unknown)}: nothing of that name differs and can be accepted.")
    if not there:
        raise Failure(Exit.CONFLICT, found["why_not_accept"] or "Nothing differs that can be accepted.")
    return [there[name] for name in dict.fromkeys(names)] if names else list(there.values())


def _whole(found: Found) -> Shown:
    return [part for stack in found["stacks"] for part in _stack(found, stack)]


def _stack(found: Found, stack: Found) -> Iterator[Facts | Table]:
    by = f", asked for by {stack['asked_by']}" if stack["asked_by"] else ""
    yield Facts(
        [
            ("Stack", stack["name"]),
            ("Drift", _status(stack)),
            ("Checked", f"{when(stack['seen_at'])}{by}" if stack["seen_at"] else "never"),
            ("Problem", stack["problem"]),
            ("Skipped", some(stack["skipped"])),
            ("No check now", stack["why_not_detect"] if stack["there"] else ""),
            ("No repair now", stack["why_not_repair"]),
        ],
        title=f"{stack['kind'].capitalize()} stack",
    )
    rows: list[list[Cell]] = [
        [name, line["expected"] or _none(), line["actual"] or _none(), resource["why_not_accept"]]
        for name, of, resource, line in _open(found)
        if of is stack
    ]
    gone: list[list[Cell]] = [
        [f"{stack['kind']}.{one['logical_id']}", "", Word("gone", "bad"), one["why_not_accept"]]
        for one in stack["resources"]
        if one["status"] == "DELETED"
    ]
    settled: list[list[Cell]] = [
        [
            f"{stack['kind']}.{one['logical_id']}{line['path']}",
            line["expected"],
            line["actual"],
            Word("accepted", "good"),
        ]
        for one in stack["resources"]
        for line in one["accepted"]
    ]
    yield Table(["Property", "Template", "In AWS", ""], [*gone, *rows, *settled], empty="")


def _status(stack: Found) -> Word:
    if not stack["there"]:
        return Word("not there", "quiet")
    if stack["checking"]:
        return Word("a check runs", "busy")
    if stack["status"] == "DRIFTED" and not stack["differs"]:
        return Word("as accepted", "good")
    return Word(stack["status"].lower().replace("_", " "), _TONES.get(stack["status"], "quiet"))


def _none() -> Word:
    return Word("nothing", "quiet")
