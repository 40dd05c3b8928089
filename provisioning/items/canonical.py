"""One way of writing for items that are the same to DynamoDB: numbers by what they are worth, sets in order (16)."""

import hashlib
import json
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from provisioning.items.values import MOST_DIGITS, Value

_EXACT = Context(prec=MOST_DIGITS)


def canonical(item: Mapping[str, Value]) -> bytes:
    """The item, or key, as bytes that are equal exactly for what `same_item` calls the same."""
    parts = {name: _value(value) for name, value in item.items()}
    return json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()


def image_digest(item: Mapping[str, Value]) -> str:
    """A short name of what an item was, 32 characters, for asking later whether it still is so."""
    return hashlib.blake2b(canonical(item), digest_size=16).hexdigest()


def _value(value: Value) -> Any:
    ((kind, content),) = value.items()
    if kind == "N":
        return {"N": _number(content)}
    if kind == "NS":
        return {"NS": sorted(_number(member) for member in content)}
    if kind == "SS":
        return {"SS": sorted(content)}
    if kind == "B":
        return {"B": bytes(content).hex()}
    if kind == "BS":
        return {"BS": sorted(bytes(member).hex() for member in content)}
    if kind == "M":
        return {"M": {name: _value(part) for name, part in content.items()}}
    if kind == "L":
        return {"L": [_value(part) for part in content]}
    return value


def _number(text: str) -> str:
    number = Decimal(text.strip()).normalize(_EXACT)
    return str(number) if number else "0"  # of zero there is one: no sign, no exponent
