"""Networks, keys and images that nobody named: those that the request form starts with."""

from typing import Any

from portal.cli.asking import Parameters
from portal.cli.command import Session
from portal.cli.failures import Exit, Failure

Choices = list[dict[str, Any]]
_VPC, _SUBNETS = "vpc", "subnets"


def completed(session: Session, app: str, given: Parameters, stack: str | None) -> Parameters:
    """What was given, and what a request needs besides, of both stacks or of one. Says what it took. What the server
    cannot suggest stays out, and is refused with its name."""
    try:
        found = _choices(session, app, given, stack)
    except Failure as failure:
        if failure.exit_code not in {Exit.OLDER, Exit.CONFLICT}:
            raise
        # The request itself says better what is wrong, or goes through without this.
        session.note(f"Nothing is suggested for what was not set: {failure.sentence}")
        return given
    values = {kind: dict(named) for kind, named in given.items()}
    taken = []
    for one in found:
        named = values.setdefault(one["stack"], {})
        if one["required"] and one["preferred"] and one["name"] not in named:
            named[one["name"]] = one["preferred"]
            taken.append(f"{one['stack']}.{one['name']}={one['preferred']}")
    if taken:
        session.note(f"Taken, as the form does: {', '.join(taken)}")
    return {kind: named for kind, named in values.items() if named}


def _choices(session: Session, app: str, given: Parameters, stack: str | None) -> Choices:
    """The choices for the network that was named, or that the named subnets are of."""
    found = _read(session, app, stack, _named(given, _read(session, app, stack, ""), _VPC))
    subnets = _named(given, found, _SUBNETS)
    if not subnets or _named(given, found, _VPC):
        return found
    wanted = {one.strip() for one in subnets.split(",")}
    for network in _options(found, _VPC):
        there = _read(session, app, stack, network)
        if wanted <= set(_options(there, _SUBNETS)):
            return [{**one, "preferred": network} if one["kind"] == _VPC else one for one in there]
    return [{**one, "preferred": ""} if one["kind"] == _VPC else one for one in found]


def _read(session: Session, app: str, stack: str | None, vpc: str) -> Choices:
    items: Choices = session.client.get("/applications/{app}/choices", query={"vpc": vpc}, app=app)["items"]
    return [one for one in items if stack in (None, one["stack"])]


def _named(given: Parameters, found: Choices, kind: str) -> str:
    return next(
        (
            given[one["stack"]][one["name"]]
            for one in found
            if one["kind"] == kind and one["name"] in given.get(one["stack"], {})
        ),
        "",
    )


def _options(found: Choices, kind: str) -> list[str]:
    return [option["value"] for one in found if one["kind"] == kind for option in one["options"]]
