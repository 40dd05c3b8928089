"""Logging in and out: `stackyard login`, `logout`, `whoami`."""

import os
import sys
from dataclasses import replace
from typing import Any

import click

from portal.cli.command import Command, Session, pass_session
from portal.cli.failures import Exit, Failure
from portal.cli.settings import Profile, Target, address, profile_name, usable_token, write_config
from portal.cli.shown import Facts, some, when


@click.command(cls=Command)
@click.argument("url", required=False)
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input instead of asking for it.")
@pass_session
def login(session: Session, url: str | None, *, token_stdin: bool) -> None:
    """Keep the address of a server and a token for it.

    Asks for what is not given. The token is made on your account page, under API tokens; it is shown nowhere and is
    never part of a command line. Both are kept once the server knows the token.
    """
    name = profile_name(session.flags.profile or session.config.default)
    known = session.config.profiles.get(name)
    given = url or session.flags.server or os.environ.get("STACKYARD_URL") or (known.url if known else "")
    if not url and not token_stdin and sys.stdin.isatty():
        given = click.prompt("Address of Stackyard", default=given or None, err=True)
    if not given:
        raise Failure(Exit.USAGE, "Say where Stackyard is: stackyard login https://stackyard.example.com")
    there = address(given, os.environ)
    token = usable_token(_token(there, from_stdin=token_stdin), where="that")
    found = session.client_of(Target(there, token, name)).get("/me")
    profiles = {**session.config.profiles, name: Profile(there, token)}
    # The first one that is made is the one that is meant where none is named.
    default = session.config.default if session.config.profiles else name
    write_config(replace(session.config, default=default, profiles=profiles))
    session.note(f"Logged in at {there} as {found['username']}. Kept in {session.config.path}")
    session.show(found, lambda: _person(found, there, name))
    if name != default:
        session.note(f"Without --profile {name}, or STACKYARD_PROFILE={name}, {default} is asked as.")


@click.command(cls=Command)
@pass_session
def logout(session: Session) -> None:
    """Forget the token of a profile. It stays usable until it is revoked on your account page."""
    name = profile_name(session.flags.profile or session.config.default)
    known = session.config.profiles.get(name)
    if known is None or not known.token:
        session.note("You are not logged in.")
        return
    write_config(replace(session.config, profiles={**session.config.profiles, name: replace(known, token="")}))
    session.note(f"Forgotten. Whoever else has the token can use it until you revoke it: {known.url}/accounts/tokens/")


@click.command(cls=Command)
@pass_session
def whoami(session: Session) -> None:
    """Show in whose name this asks, and what the token may."""
    found = session.client.get("/me")
    session.show(found, lambda: _person(found, session.target.url, session.target.profile))


def _token(there: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise Failure(Exit.USAGE, "Nobody can be asked here. Give the token by a pipe, with --token-stdin.")
    return str(click.prompt(f"Token for {there}", hide_input=True, err=True)).strip()


def _person(found: dict[str, Any], url: str, profile: str) -> Facts:
    token = found["token"]
    return Facts(
        [
            ("Person", found["username"]),
            ("Groups", some(found["groups"])),
            ("Token", token["name"]),
            ("May", some(token["scopes"])),
            ("Ends", when(token["expires_at"]) or "not by itself"),
            ("Server", url),
            ("Profile", profile or "none: the environment's variables"),
        ]
    )
