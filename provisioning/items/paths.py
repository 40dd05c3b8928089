"""Paths into items as people write them: `address.lines[0]`, and `"a.b"."x y"` for names with signs of their own.

A name stands as it is unless it has a dot, a bracket, a quotation mark, or a space at an end; then it stands in
quotation marks, as JSON writes a text. The empty name is no attribute (pitfall 22).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from provisioning.items.values import DEEPEST, BadValueError, Value

Step = str | int

_STEP = re.compile(r'(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<place>\[\d{1,6}\])|(?P<plain>[^."\[\]]+)', re.DOTALL)
_PLAIN = re.compile(r'[^."\[\]]+', re.DOTALL)


def steps_of(path: str) -> tuple[Step, ...]:
    """The steps of a path: names as texts, places in lists as numbers. Raises BadValueError, saying what is wrong."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or (not steps and found["place"]):
            raise BadValueError("This is no path. It looks like a.b[0]; a name with dots stands in quotation marks.")
        steps.append(_step(found))
        at = found.end()
        if path[at : at + 1] == ".":
            at += 1
            if path[at : at + 1] in {"", "[", "."}:
                raise BadValueError("A name is missing after a dot.")
        elif at < len(path) and path[at] != "[":
            raise BadValueError("Between two names stands a dot.")
    if not steps:
        raise BadValueError("Name an attribute.")
    if len(steps) > DEEPEST:
        raise BadValueError(f"A path goes {DEEPEST} levels deep at most.")
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["place"]:
        return int(found["place"][1:-1])
    if found["plain"]:
        return found["plain"]
    try:
        name: str = json.loads(found["quoted"], strict=False)
    except json.JSONDecodeError:
        raise BadValueError("A name in quotation marks is written as JSON writes a text.") from None
    if not name:
        raise BadValueError("The name of an attribute is not empty.")
    return name


def path_of(steps: Iterable[Step]) -> str:
    """The path of these steps, as `steps_of` reads it."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += ("." if path else "") + (step if _is_plain(step) else json.dumps(step, ensure_ascii=False))
    return path


def _is_plain(name: str) -> bool:
    """Whether a name needs no quotation marks; spaces at its ends would be lost in a form."""
    return bool(_PLAIN.fullmatch(name)) and name.strip() == name


def value_at(item: Mapping[str, Value], steps: Sequence[Step]) -> Value | None:
    """What an item has there, None for nothing."""
    here: Value | None = {"M": dict(item)}
    for step in steps:
        here = _below(here, step) if here else None
    return here


def _below(value: Value, step: Step) -> Value | None:
    if isinstance(step, str):
        found: Value | None = value["M"].get(step) if "M" in value else None
        return found
    inside = value.get("L", [])
    return inside[step] if step < len(inside) else None
