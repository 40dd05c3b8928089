"""A configuration as the text of a file: `.env`, shell exports, or an Erlang `sys.config`. Pure text, no I/O.

A variable without a value becomes a comment that says why, so that nothing starts with an empty name.
"""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioning.actions.delivering import Configuration, Setting

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_LITERAL = re.compile(r"[^'\\\n\r]*")
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
    """`NAME=value` lines. Quoted only where needed: in single quotes, which every reader takes literally, and
    in double quotes with escapes for what those cannot hold (quotes, backslashes, line ends)."""
    lines = [
        f"{one.variable}={_dotenv_value(one.value)}" if one.value is not None else _comment(one, "#")
        for one in configuration.settings
    ]
    return "\n".join(lines) + "\n"


def _dotenv_value(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if _LITERAL.fullmatch(value):
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r") + '"'


def shell(configuration: Configuration) -> str:
    """`export NAME=value` lines for any POSIX shell; a value means exactly itself, whatever is in it."""
    lines = [
        f"export {one.variable}={shlex.quote(one.value)}" if one.value is not None else _comment(one, "#")
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
    comments = [f"    {_comment(one, '%%')}" for one, _ in entries if one.value is None]
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


def _comment(setting: Setting, mark: str) -> str:
    return f"{mark} {setting.variable}: {' '.join(setting.missing.split())}"


FORMATS: Mapping[str, FileFormat] = {
    "dotenv": FileFormat(".env", ".env", "For docker compose and libraries that read .env files.", dotenv),
    "shell": FileFormat("Shell exports", "env.sh", "Load with . ./env.sh before starting the application.", shell),
    "erlang": FileFormat("sys.config", "sys.config", "Start the release with -config sys.config.", erlang),
}
