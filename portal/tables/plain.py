"""Values as plain text, and when plain text would lie about them (pitfalls 12 and 18)."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping

from provisioning.items.values import HIDDEN, SAFE_INTEGER, Item, Value, json_text

SETS = frozenset({"SS", "NS", "BS"})
NULL_WORD, TRUE_WORD, FALSE_WORD, HIDDEN_WORD = "null", "true", "false", "hidden"
_CANONICAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_SAFE_DIGITS = 15  # of a fraction, which programs that use floats give back unchanged
_STEP = "  "


def is_plain_number(text: str) -> bool:
    """Whether a number is written the usual way, and is the same number in programs that use floats (pitfall 12)."""
    if not _CANONICAL.fullmatch(text) or text == "-0":
        return False
    if "." not in text:
        return abs(int(text)) <= SAFE_INTEGER
    return len(text.lstrip("-").replace(".", "").lstrip("0")) <= _SAFE_DIGITS


def why_not_plain(value: Value) -> str:
    """What of a value plain text would lose, such as "a set"; empty when nothing is lost."""
    ((kind, content),) = value.items()
    if kind in SETS:
        return "is a set"
    if kind == "B":
        return "is binary"
    if kind == "N":
        return "" if is_plain_number(content) else _why_not_number(content)
    if kind in {"M", "L"}:
        parts = content.values() if kind == "M" else content
        inner = next((why for why in map(why_not_plain, parts) if why), "")
        return f"holds a value that {inner}" if inner and not inner.startswith("holds") else inner
    return ""


def _why_not_number(text: str) -> str:
    if _CANONICAL.fullmatch(text) and "." not in text and text != "-0":
        return "is a number beyond 2^53"
    return "is a number with more digits than most programs keep, or written in another way than usual"


def lies(items: Iterable[Item]) -> dict[str, str]:
    """Attributes that plain text would lie about, with why; each of them once."""
    found: dict[str, str] = {}
    for item in items:
        for name, value in item.items():
            if name not in found and (why := why_not_plain(value)):
                found[name] = why
    return found


def plain_text(value: Value) -> str:
    """A value as plain text over several lines: JSON, whose numbers are exact, whose sets are lists, and whose binary
    content is base64."""
    return "\n".join(_lines(value, ""))


def _lines(value: Value, lead: str) -> Iterator[str]:
    """The lines of a value; the first has no indentation, so that a name can stand before it."""
    ((kind, content),) = value.items()
    if kind == "M" and content:
        yield "{"
        yield from _parts(((f"{json_text(name)}: ", part) for name, part in content.items()), lead, len(content))
        yield f"{lead}}}"
    elif kind == "L" and content:
        yield "["
        yield from _parts((("", part) for part in content), lead, len(content))
        yield f"{lead}]"
    elif kind in SETS:
        yield f"[{', '.join(word({kind[0]: member}, quoted=True) for member in content)}]"
    else:
        yield word(value, quoted=True)


def _parts(parts: Iterable[tuple[str, Value]], lead: str, count: int) -> Iterator[str]:
    for place, (name, part) in enumerate(parts, 1):
        first, *rest = _lines(part, lead + _STEP)
        lines = [f"{lead}{_STEP}{name}{first}", *rest]
        if place < count:
            lines[-1] += ","
        yield from lines


def word(value: Value, *, quoted: bool = False) -> str:
    """A value in one word or line: a map or a list by what is in it."""
    ((kind, content),) = value.items()
    if kind == "S":
        return json_text(content) if quoted else str(content)
    if kind == "N":
        return str(content)
    if kind == "BOOL":
        return TRUE_WORD if content else FALSE_WORD
    if kind == "NULL":
        return NULL_WORD
    if kind == HIDDEN:
        return HIDDEN_WORD
    if kind == "B":
        coded = base64.b64encode(content).decode()
        return json_text(coded) if quoted else coded
    if kind == "M":
        return "{}" if not content else f"{{{', '.join(content)}}}"
    return "[]" if not content else f"{len(content)}"


def types_of(items: Iterable[Mapping[str, Value]]) -> dict[str, set[str]]:
    """The types that each attribute has, by name, in the order in which they are met."""
    found: dict[str, set[str]] = {}
    for item in items:
        for name, value in item.items():
            found.setdefault(name, set()).update(value)
    return found
