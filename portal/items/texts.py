"""Values as texts in the fields of a form, and back, so that a field that nobody touched says exactly what was read.

A browser makes every line end of a text its own and leaves out what cannot stand in a page, so a text with such
characters is typed as JSON, in quotation marks (pitfall 18).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from provisioning.items.values import HIDDEN, TYPES, BadValueError, parsed

QUOTED = "SQ"
CHOICES: tuple[tuple[str, str], ...] = (
    ("S", TYPES["S"]),
    ("N", TYPES["N"]),
    ("BOOL", TYPES["BOOL"]),
    ("M", "Map, as typed JSON"),
    ("L", "List, as typed JSON"),
    ("SS", "Set of texts, as JSON"),
    ("NS", "Set of numbers, as JSON"),
    ("BS", "Set of binary, as JSON"),
    ("B", "Binary, as base64"),
    ("NULL", TYPES["NULL"]),
    (QUOTED, "Text, as JSON"),
)
CODES = frozenset(code for code, _label in CHOICES)
# What does not come back from a form as it was: control characters but tab and line feed, carriage returns among them,
# and what is no character. A line feed at the very start is left out by HTML.
_CHANGED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]|^\n")


def field_of(raw: Mapping[str, Any]) -> tuple[str, str]:
    """The type and the text of a field for a value, given as JSON has it."""
    ((kind, content),) = raw.items()
    if kind == "S":
        return (QUOTED, json.dumps(content)) if _CHANGED.search(content) else ("S", content)
    if kind == "BOOL":
        return kind, "true" if content else "false"
    if kind == "NULL":
        return kind, ""
    if kind in {"M", "L"}:
        return kind, json.dumps(content, ensure_ascii=False, indent=2)
    if kind in {"SS", "NS", "BS"}:
        return kind, json.dumps(content, ensure_ascii=False)
    return kind, str(content)


def value_of(code: str, text: str) -> dict[str, Any]:
    """The value of a field, as JSON has it, not yet checked further. Raises BadValueError."""
    text = with_line_feeds(text)
    if code == "S":
        return {"S": text}
    if code == QUOTED:
        quoted = parsed(text)
        if not isinstance(quoted, str):
            raise BadValueError('A text as JSON stands in quotation marks, as in "one\\ntwo".')
        return {"S": quoted}
    if code == "BOOL":
        if text.strip().lower() not in {"true", "false"}:
            raise BadValueError("Say true or false.")
        return {"BOOL": text.strip().lower() == "true"}
    if code == "NULL":
        return {"NULL": True}
    if code in {"N", "B"}:
        return {code: text.strip() if code == "N" else "".join(text.split())}
    if code not in CODES or code == HIDDEN:
        raise BadValueError("Choose a type.")
    return {code: parsed(text)}


def with_line_feeds(text: str) -> str:
    """A text with the line ends that it had before a browser sent it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
