"""Deploying, releases, promoting: `stackyard deploy`, `stackyard releases list|show|diff|back`, `stackyard promote`."""

from typing import Any

import click

from portal.cli.asking import ENVIRONMENT, Asked, ask, request_options, said
from portal.cli.command import Command, Group, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.following import finish
from portal.cli.lists import list_options, show_list
from portal.cli.shown import Cell, Facts, Lines, Shown, Table, Tone, Word, some, when
from portal.cli.where import Where, environment_argument, environment_words

RELEASES = f"{ENVIRONMENT}/releases"
DIGEST = 12  # characters of a template's digest that are shown
_SIGNS: dict[str, Tone] = {"-": "bad", "+": "good", "@": "quiet"}
Release = dict[str, Any]


@click.command(cls=Command)
@environment_words
@click.option("--artifact", default="", metavar="REF", help="What to deploy: an image, an s3://…; left out, what runs.")
@request_options
@pass_session
def deploy(session: Session, where: Where, artifact: str, asked: Asked) -> None:
    """Deploy an artifact.

    \b
    stackyard deploy dev --app hello-erlang --artifact s3://releases/hello-1.4.2.tar.gz --wait

    Without --artifact what runs is started anew, with the values that are stored now. Where it fails, the last good
    release is put back by itself, and the exit code is 1.
    """
    if artifact:
        ask(session, where, asked, kind="deploy", artifact=artifact)
    else:
        ask(session, where, asked, kind="redeploy")


@click.group(cls=Group)
def releases() -> None:
    """Releases: what ran together, two of them compared, and the way back to any."""


@releases.command("list")
@environment_words
@click.option("--good", is_flag=True, help="Only those that were proved good.")
@click.option("--artifact", default="", metavar="REF", help="Only those that ran this.")
@list_options
@pass_session
def list_releases(session: Session, *, where: Where, good: bool, artifact: str, limit: int, cursor: str) -> None:
    """List what ran in an environment, the newest first."""
    query = {"good": "true" if good else "", "artifact": artifact, "cursor": cursor}
    query = {name: value for name, value in query.items() if value}
    found = session.client.pages(RELEASES, query=query, most=limit or None, app=where.app, name=where.name)
    show_list(
        session,
        found,
        lambda: Table(
            ["#Release", "When", "By", "Proof", "Artifact", "Template", "Of"],
            [_row(one) for one in found["items"]],
            empty="Nothing was deployed yet.",
        ),
    )


@releases.command("show")
@environment_argument
@click.argument("release", type=click.IntRange(1))
@pass_session
def show(session: Session, where: Where, release: int) -> None:
    """Show what ran together in a release, and what was seen of it."""
    found = _release(session, where, release)
    session.show(found, lambda: _whole(found))


@releases.command("diff")
@environment_argument
@click.argument("before", type=click.IntRange(1))
@click.argument("after", type=click.IntRange(1))
@pass_session
def diff(session: Session, where: Where, before: int, after: int) -> None:
    """Compare two releases: artifact, template, and parameters. Secrets are told by a keyed hash only."""
    path = f"{RELEASES}/{{before}}/diff/{{after}}"
    found = session.client.get(path, app=where.app, name=where.name, before=str(before), after=str(after))
    session.show(found, lambda: _difference(found))


@releases.command("back")
@environment_argument
@click.argument("release", type=click.IntRange(1), required=False)
@request_options
@pass_session
def back(session: Session, where: Where, release: int | None, asked: Asked) -> None:
    """Put a good release back: artifact, template, and the values of that time.

    Without RELEASE it is the last good one that differs from what runs. Prod wants a --reason.
    """
    ask(session, where, asked, kind="roll_back", release=release)


@click.command(cls=Command)
@environment_words
@click.option("--to", required=True, metavar="ENV", help="The environment of a higher stage that it goes to.")
@click.option("--release", type=click.IntRange(1), help="Which one; the newest good one unless said.")
@request_options
@pass_session
def promote(session: Session, *, where: Where, to: str, release: int | None, asked: Asked) -> None:
    """Deploy what ran well in one environment in the next.

    \b
    stackyard promote fileshare/staging --to prod

    It is the very same artifact. The plan says where it ran, how long and how well, and in what the two differ.
    """
    body = {"release": release or _newest_good(session, where), "to": to}
    path = f"{ENVIRONMENT}/promotions"
    told = session.client.send("POST", path, said(asked, body), key=asked.key, app=where.app, name=where.name)
    finish(session, told.data, asked.waiting)


def _release(session: Session, where: Where, number: int) -> Release:
    found: Release = session.client.get(f"{RELEASES}/{{number}}", app=where.app, name=where.name, number=str(number))
    return found


def _newest_good(session: Session, where: Where) -> int:
    query = {"good": "true", "limit": "1"}
    found = session.client.get(RELEASES, query=query, app=where.app, name=where.name)["items"]
    if not found:
        raise Failure(Exit.CONFLICT, f"Nothing was proved good in {where} yet, so nothing goes further from there.")
    number: int = found[0]["number"]
    session.note(f"Release {number}: {found[0]['artifact'] or 'nobody knows what it ran'}")
    return number


def _row(one: Release) -> list[Cell]:
    return [
        str(one["number"]),
        when(one["at"]),
        one["by"],
        _proof(one),
        one["artifact"],
        (one["template"] or "")[:DIGEST],
        _of(one),
    ]


def _proof(one: Release) -> Word:
    return Word("good", "good") if one["good"] else Word("failed", "bad")


def _of(one: Release) -> str:
    if one["promoted_from"]:
        return _named(one["promoted_from"])
    return f"puts {one['restores']} back" if one["restores"] else (one["kind"] or "").replace("_", " ")


def _named(one: Release) -> str:
    return f"release {one['release']} of {one['environment']}"


def _whole(found: Release) -> Shown:
    proof = found["proof"]
    rows = [
        [one["key"], _value(one), f"v{one['version']}", "flag" if one["flag"] else ""] for one in found["parameters"]
    ]
    stack = [[name, value] for name, value in sorted(found["stack_parameters"].items())]
    return [
        Facts(
            [
                ("Release", str(found["number"])),
                ("Environment", found["environment"]),
                ("Artifact", found["artifact"]),
                ("Template", found["template"]),
                ("Brought up", f"{when(found['at'])}{' by ' + found['by'] if found['by'] else ''}"),
                ("Change", found["change"]),
                ("Proof", _proof(found)),
                ("Seen", some([*proof["lines"], *proof["blind"]])),
                ("Of", _of(found)),
                (
                    "Promoted to",
                    some(f"{one['environment']}, release {one['release']}" for one in found["promoted_to"]),
                ),
                ("May go to", some(found["may_go_to"])),
            ]
        ),
        Table(["Parameter", "Value then", "Version", ""], rows, empty="It has no parameters."),
        Table(["Of the compute stack", "Value"], stack, empty=""),
    ]


def _value(one: Release | None) -> Cell:
    if one is None:
        return Word("not there", "quiet")
    return str(one["value"]) if one["value"] is not None else Word(f"hidden #{one['hash']}", "quiet")


def _difference(found: Release) -> Shown:
    rows: list[list[Cell]] = [[found["artifact"]["name"], *_sides(found["artifact"])]] if found["artifact"] else []
    template = found["template"]
    rows += [["template", template["before"][:DIGEST], template["after"][:DIGEST]]] if template else []
    rows += [[one["name"], *_sides(one)] for one in found["stack_parameters"]]
    rows += [[one["key"], _versioned(one["before"]), _versioned(one["after"])] for one in found["parameters"]]
    columns = ["What", f"Release {found['before']}", f"Release {found['after']}"]
    compared = Table(columns, rows, empty="Both ran the same.")
    return [compared, *(_template(template) if template else ())]


def _sides(one: Release) -> list[Cell]:
    missing = Word("not there", "quiet")
    return [missing if one[side] is None else str(one[side]) for side in ("before", "after")]


def _versioned(one: Release | None) -> Cell:
    cell = _value(one)
    if one is None or isinstance(cell, Word):
        return cell
    return f"{cell} (v{one['version']})"


def _template(template: Release) -> list[Table | Lines]:
    parts = [[one["name"], one["section"], one["how"], one["type"]] for one in template["parts"]]
    lines = [Word(line, _SIGNS.get(line[:1], "")) for line in template["lines"]]
    return [
        Table(["Part", "Of", "What happens", "Type"], parts, empty=template["problem"]),
        Lines(lines),
    ]
