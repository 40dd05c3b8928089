"""A configuration for the steps of a GitHub workflow: lines of the file that `$GITHUB_ENV` names, and what the log
has to be told before, so that it shows no secret.

The grammar is that of the runner: `NAME=value`, or `NAME<<MARK`, lines, `MARK`. It has no comments.
"""

from collections.abc import Iterable

from portal.connecting.text import elsewhere
from provisioning.actions.delivering import Configuration, Setting

_ESCAPES = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def github(configuration: Configuration) -> str:
    """Lines to append to the file. Values of several lines stand between two marks that are none of them."""
    return "".join(_entry(one, one.value) for one in elsewhere(configuration) if one.value is not None)


def masks(configuration: Configuration) -> tuple[str, ...]:
    """What to print in the workflow's log first: every secret, and every line of one, is shown as *** from then on."""
    hidden = {part: None for one in configuration.secrets if one.value for part in (one.value, *_lines(one.value))}
    return tuple(f"::add-mask::{_escaped(part)}" for part in hidden if part.strip())


def _entry(setting: Setting, value: str) -> str:
    if not set(value) & {"\n", "\r"}:
        return f"{setting.variable}={value}\n"
    mark = _mark(value.split("\n"))
    return f"{setting.variable}<<{mark}\n{value}\n{mark}\n"


def _mark(lines: Iterable[str]) -> str:
    """A line that the value does not have. The same for the same value, so that nothing seems to have changed."""
    taken, number = {line.rstrip("\r") for line in lines}, 0
    while (mark := f"STACKYARD_{number}") in taken:
        number += 1
    return mark


def _lines(value: str) -> list[str]:
    return value.replace("\r", "\n").split("\n")


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(one, one) for one in text)
