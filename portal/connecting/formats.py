"""A configuration as the text of a file: `.env`, shell exports, an Erlang `sys.config`, what a workflow of GitHub
reads, what a container of ECS or Kubernetes is given. Pure text, no I/O.

A variable without a value becomes a comment that says why where the format has comments, and is left out elsewhere, so
that nothing starts with an empty name.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portal.connecting.containers import ecs, kubernetes
from portal.connecting.github import github
from portal.connecting.text import commented
from provisioning.actions.delivering import Configuration, Setting

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_AWKWARD = re.compile(
    r"['\r]|\\\\|\\\Z"
)  # what single quotes cannot hold as it is: quotes, doubled and last backslashes
_EXPANDED = re.compile(r"[$`]")
_ATOM = re.compile(r"[a-z][a-z0-9_]*")
_ERLANG_WORD = re.compile(
    "after|and|andalso|band|begin|bnot|bor|bsl|bsr|bxor|case|catch|cond|div|else|end|fun|if|let|maybe|not|of|or"
    "|orelse|receive|rem|try|when|xor"
)
_ERLANG_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class FileFormat:
    """One way to write a configuration: its name for people, the file's name, how to use it, and its text."""

    label: str
    filename: str
    use: str
    render: Callable[[Configuration], str]


def dotenv(configuration: Configuration) -> str:
    """`NAME=value` lines, quoted only where needed. Readers of `.env` files differ, so each value is written in the way
    that most of them take for the same."""
    lines = [
        f"{one.variable}={_dotenv_value(one.value)}" if one.value is not None else commented(one, "#")
        for one in configuration.settings
    ]
    return "\n".join(lines) + "\n"


def _dotenv_value(value: str) -> str:
    """In single quotes everything is itself, line ends too. What those cannot hold stands in double quotes, but where
    a shell would put something in its place, in single quotes with escapes, which shells alone do not read."""
    if _PLAIN.fullmatch(value):
        return value
    if not _AWKWARD.search(value):
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\")
    if _EXPANDED.search(value) and "\r" not in value:
        return "'" + escaped.replace("'", "\\'") + "'"
    return '"' + escaped.replace('"', '\\"').replace("\r", "\\r") + '"'


def shell(configuration: Configuration) -> str:
    """`export NAME=value` lines for any POSIX shell; a value means exactly itself, whatever is in it."""
    lines = [
        f"export {one.variable}={shlex.quote(one.value)}" if one.value is not None else commented(one, "#")
        for one in configuration.settings
    ]
    return "\n".join(lines) + "\n"


def erlang(configuration: Configuration) -> str:
    """A `sys.config`: the region under `aws`, every other variable in lower case under the application.

    AWS_PROFILE stays out: the AWS library reads it from the environment of the machine it runs on.
    """
    application = configuration.application.replace("-", "_")
    region = [one for one in configuration.settings if one.variable == "AWS_REGION"]
    rest = [one for one in configuration.settings if not one.variable.startswith("AWS_")]
    blocks = [
        _erlang_block(name, entries)
        for name, entries in (
            ("aws", [(one, "region") for one in region]),
            (application, [(one, one.variable.lower()) for one in rest]),
        )
        if entries
    ]
    return "[\n" + ",\n".join(blocks) + "\n].\n"


def _erlang_block(application: str, entries: list[tuple[Setting, str]]) -> str:
    given = [f"    {{{_atom(key)}, {_erlang_string(one.value)}}}" for one, key in entries if one.value is not None]
    comments = [f"    {commented(one, '%%')}" for one, _ in entries if one.value is None]
    inner = "\n".join([*comments, *([",\n".join(given)] if given else [])])
    return f"  {{{_atom(application)}, [\n{inner}\n  ]}}"


def _atom(name: str) -> str:
    if _ATOM.fullmatch(name) and not _ERLANG_WORD.fullmatch(name):
        return name
    return "'" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _erlang_string(value: str) -> str:
    return '"' + "".join(_erlang_character(one) for one in value) + '"'


def _erlang_character(one: str) -> str:
    if one in _ERLANG_ESCAPES:
        return _ERLANG_ESCAPES[one]
    return one if " " <= one <= "~" else f"\\x{{{ord(one):x}}}"


LOCAL = frozenset({"dotenv", "shell", "erlang"})  # for a developer's machine
NAMING = frozenset({"ecs", "kubernetes"})  # say where a secret is instead of what it is
FORMATS: Mapping[str, FileFormat] = {
    "dotenv": FileFormat(".env", ".env", "For docker compose and libraries that read .env files.", dotenv),
    "shell": FileFormat("Shell exports", "env.sh", "Load with . ./env.sh before starting the application.", shell),
    "erlang": FileFormat("sys.config", "sys.config", "Start the release with -config sys.config.", erlang),
    "github": FileFormat(
        "GitHub Actions",
        "github.env",
        'Append to the file that $GITHUB_ENV names: cat github.env >> "$GITHUB_ENV". A workflow has credentials of its'
        " own, so AWS_PROFILE is not in it.",
        github,
    ),
    "ecs": FileFormat(
        "ECS container",
        "container.json",
        "Part of a container definition. Parameters are named by their ARN, so that the container reads them when it"
        " starts and no secret is in its definition. AWS_PROFILE is not in it: a task has a role.",
        ecs,
    ),
    "kubernetes": FileFormat(
        "Kubernetes",
        "env.yaml",
        "The env of a container. Secrets refer to a Secret named after the application and the environment. AWS_PROFILE"
        " is not in it: a pod has a role.",
        kubernetes,
    ),
}
