"""What differs within a property that is a whole document, such as the containers of a task definition: value by value,
so that a reviewer reads the one image that changes and not the page around it twice."""

import json
from collections.abc import Iterator
from typing import Any

MOST = 12  # values; more than that is read as a whole
NOT_SET = "not set"
_NAMED_BY = ("Name", "Key", "Id", "Sid")


def differences(before: str | None, after: str | None) -> list[tuple[str, str, str]]:
    """(path, before, after) of each value that differs between two JSON documents, by path. Empty where they are none,
    where nothing differs, and where that is no shorter than the whole."""
    one, other = _document(before), _document(after)
    if one is None or other is None or type(one) is not type(other):
        return []
    found = list(_differing("", one, other))
    return found if 0 < len(found) <= MOST else []


def _document(text: str | None) -> Any:
    """A JSON list or object; None for anything else."""
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    return found if isinstance(found, list | dict) else None


def _differing(path: str, one: Any, other: Any) -> Iterator[tuple[str, str, str]]:
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):  # to Python, 1 is True
        return
    mine, theirs = _parts(one), _parts(other)
    if mine is None or theirs is None or not (mine or theirs) or type(one) is not type(other):
        yield path, _text(one), _text(other)
        return
    for name in dict.fromkeys((*mine, *theirs)):
        within = f"{path}.{name}" if path else name
        if name not in mine:
            yield within, NOT_SET, _text(theirs[name])
        elif name not in theirs:
            yield within, _text(mine[name]), NOT_SET
        else:
            yield from _differing(within, mine[name], theirs[name])


def _parts(value: Any) -> dict[str, Any] | None:
    """What a container holds, by name: elements of a list by the name they carry, else by their place."""
    if isinstance(value, dict):
        return {str(name): part for name, part in value.items()}
    if not isinstance(value, list):
        return None
    return _by_name(value) or {str(place): part for place, part in enumerate(value)}


def _by_name(value: list[Any]) -> dict[str, Any]:
    for key in _NAMED_BY:
        names = [part.get(key) if isinstance(part, dict) else None for part in value]
        if all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names):
            return {str(name): part for name, part in zip(names, value, strict=True)}
    return {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
