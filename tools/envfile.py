"""The `.env` file of the checkout: KEY=VALUE lines that fill in what the environment does not say."""

import re
from collections.abc import Mapping
from pathlib import Path

from tools.terminal import CommandError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def read_env_file(path: Path) -> dict[str, str]:
    """The settings in a `.env` file; {} when there is none.

    Blank lines and lines starting with # are skipped, one pair of quotes around a value is taken off, and
    ` #` starts a comment after an unquoted value.

    Raises CommandError naming the line that is not KEY=VALUE.
    """
    if not path.is_file():
        return {}
    settings = {}
    for number, raw in enumerate(path.read_text().splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise CommandError(f"Line {number} of {path} is not KEY=VALUE: correct it or put a # before it.")
        settings[match[1]] = _value(match[2].strip())
    return settings


def with_env_file(environment: Mapping[str, str], path: Path) -> dict[str, str]:
    """The environment, completed by the file: what the environment says wins, even when it is empty."""
    return read_env_file(path) | dict(environment)


def _value(text: str) -> str:
    quoted = re.match(r"""(["'])(.*?)\1\s*(?:#.*)?$""", text)
    if quoted:
        return quoted[2]
    return re.sub(r"(^|\s+)#.*$", "", text)
