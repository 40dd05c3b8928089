"""Two templates against each other: which resources and which other parts differ, and the lines of the text. Pure."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.blueprints.shapes import Template
from provisioning.planning.changes import HIDDEN

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
AROUND = 3  # lines that stay, shown around those that differ


@dataclass(frozen=True)
class ChangedPart:
    """A resource, parameter or output that one of two templates lacks, or has otherwise. `type` is a resource's."""

    section: str
    name: str
    how: str
    type: str = ""


@dataclass(frozen=True)
class TextLine:
    """A line of the text. `sign` is "-" for one that goes, "+" for one that comes, " " for one around them, and "@" for
    where in both texts the lines below it stand."""

    sign: str
    text: str


@dataclass(frozen=True)
class TemplateDifference:
    """How `after` differs from `before`. Texts that differ in comments alone have lines and no parts."""

    parts: tuple[ChangedPart, ...]
    lines: tuple[TextLine, ...]


def template_difference(before: Template, after: Template) -> TemplateDifference:
    """What differs, resources first. Defaults of hidden parameters are in neither text (P3)."""
    return TemplateDifference(tuple(_parts(before, after)), tuple(_lines(before, after)))


def _parts(before: Template, after: Template) -> Iterator[ChangedPart]:
    yield from _section("Resources", before.resources, after.resources)
    yield from _section("Parameters", before.parameters, after.parameters)
    yield from _section("Conditions", before.conditions, after.conditions)
    yield from _section("Mappings", before.mappings, after.mappings)
    yield from _section("Outputs", before.outputs, after.outputs)


def _section(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ChangedPart]:
    for name in sorted({*before, *after}):
        was, will = before.get(name), after.get(name)
        if was == will:
            continue
        how = ADDED if name not in before else REMOVED if name not in after else CHANGED
        yield ChangedPart(section, name, how, _type(will if name in after else was))


def _type(part: object) -> str:
    return str(part.get("Type", "")) if isinstance(part, Mapping) else ""


def _lines(before: Template, after: Template) -> Iterator[TextLine]:
    secrets = sorted({*_hidden(before), *_hidden(after)}, key=len, reverse=True)
    found = difflib.unified_diff(
        _without(before.body, secrets).splitlines(), _without(after.body, secrets).splitlines(), lineterm="", n=AROUND
    )
    for number, line in enumerate(found):
        if number < 2:  # the names of the two files, of which there are none
            continue
        yield TextLine(line[:1], line[1:].rstrip() if line[:1] != "@" else line.strip("@ "))


def _hidden(template: Template) -> Iterable[str]:
    return (one.default for one in template.parameters.values() if one.no_echo and one.default)


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text
