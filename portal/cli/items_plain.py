"""JSON without losing anything: plain items as typed ones, numbers with every digit, each name once."""

import json
from typing import Any

Json = dict[str, Any]


class _Digits(str):
    """A number as it was written."""

    __slots__ = ()


def typed_of(text: str) -> Json:
    """The typed item of an object in plain JSON. Raises ValueError."""
    found = json.loads(
        text, parse_float=_Digits, parse_int=_Digits, parse_constant=_no_constant, object_pairs_hook=_once
    )
    if not isinstance(found, dict):
        raise ValueError("an item is an object")  # noqa: TRY004  told as what is wrong with the text
    return {name: _typed(value) for name, value in found.items()}


def exact(text: str) -> Any:
    """Any JSON, each of its names once. Raises ValueError."""
    return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)


def _typed(value: Any) -> Json:
    if isinstance(value, _Digits):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, dict):
        return {"M": {name: _typed(part) for name, part in value.items()}}
    return {"L": [_typed(part) for part in value]}


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found
