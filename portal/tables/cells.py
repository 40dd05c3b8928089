"""Values as cells of a table: exact, compact, with more of it on demand.

Every cell says its type in `data-t`. Where its text is not the value itself, `data-j` has the value as typed JSON; the
script that filters and copies reads nothing else. They are put together here and not in a template, because a page has
thousands of them.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from html import escape
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString, mark_safe

from portal.tables.plain import FALSE_WORD, TRUE_WORD, plain_text, word
from portal.templatetags.stackyard import when
from provisioning.items.values import HIDDEN, TYPES, Item, Value, dumps, json_text

CUT = 48  # characters of a text that stand in a cell
MOST = 8_000  # characters of a value that a page carries; the page of the item has all of it
NOT_PROJECTED = "The index does not carry this attribute. Open the item to see it."
_PREVIEW = 3  # names or members that stand for a map, a list or a set
_BYTES = 9  # bytes of binary content that are shown, which are 12 characters
_MARKUP = re.compile("[&<>\"']")
_ODD = re.compile(r"[&<>\"'\\\x00-\x1f]")  # what HTML or JSON write in another way
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_TIME_WORDS = frozenset(
    {"at", "created", "date", "deleted", "epoch", "expires", "expiry", "modified", "on", "seen", "since", "time"}
    | {"timestamp", "ts", "ttl", "until", "updated"}
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_FORGOTTEN = timedelta(days=5 * 365)


@dataclass(frozen=True)
class Look:
    """How items are shown: with their types or plain, which attribute they expire by (empty for none), the time now,
    and whether what is read carries an attribute."""

    typed: bool
    ttl: str
    now: datetime
    carries: Callable[[str], bool]


def escaped(text: str) -> str:
    """As `escape`, at once for the many texts that have nothing to escape."""
    return escape(text) if _MARKUP.search(text) else text


def _quoted(text: str) -> str:
    """A text as JSON has it, escaped; at once for the many that are the same in both."""
    return escape(json_text(text)) if _ODD.search(text) else f"&quot;{text}&quot;"


def _markup(pattern: str, *parts: object) -> SafeString:
    """As Django's format_html, five times as fast for want of lazy texts: whatever is not markup yet is escaped."""
    return SafeString(pattern.format(*[part if isinstance(part, SafeString) else escaped(str(part)) for part in parts]))


_TAGS = {kind: _markup('<span class="tag" title="{}">{}</span>', label, kind) for kind, label in TYPES.items()}
_ABSENT = mark_safe('<td class="absent"></td>')


def cell(name: str, item: Mapping[str, Value], look: Look, *, heads: bool = False) -> SafeString:
    """The cell of one attribute; `heads` makes it the head of its row. An attribute that is not there is blank, one
    that the index does not carry says so (pitfall 26)."""
    value = item.get(name)
    if value is None:
        if look.carries(name):
            return _ABSENT
        return _markup('<td class="absent"><span class="chip" title="{}">not projected</span></td>', NOT_PROJECTED)
    ((kind, content),) = value.items()
    inner, own = _inner(name, kind, content, look)
    if look.typed:
        inner, own = f"{_TAGS.get(kind, '')}{inner}", False
    data = "" if own else _typed_json(kind, content)
    number = ' class="number"' if kind == "N" else ""
    begin, end = ('th scope="row"', "th") if heads else ("td", "td")
    return SafeString(f"<{begin}{number} data-t={kind}{data}>{inner}</{end}>")


def row_of_cells(names: Sequence[str], item: Mapping[str, Value], look: Look) -> str:
    """The cells of these attributes, the first as the head of their row."""
    cells: list[str] = [cell(name, item, look) for name in names[1:]]
    return "".join((cell(names[0], item, look, heads=True), *cells)) if names else ""


def _typed_json(kind: str, content: Any) -> str:
    if kind == HIDDEN:
        return ""
    if type(content) is str and not _ODD.search(content):  # as nearly every value is: nothing of it is written anew
        text, length = f"{{&quot;{kind}&quot;:&quot;{content}&quot;}}", len(kind) + len(content) + len('{"":""}')
    else:
        plain = dumps({kind: content})
        text, length = escape(plain), len(plain)
    return f' data-j="{text}"' if length <= MOST else " data-big"


def _inner(name: str, kind: str, content: Any, look: Look) -> tuple[str, bool]:
    """What stands in the cell, as markup, and whether its text is the value itself."""
    if kind == "S":
        return _text(content, look)
    if kind == "N":
        return _number(name, content, look)
    if kind == "BOOL":
        return TRUE_WORD if content else FALSE_WORD, False
    if kind == "NULL":
        return '<span class="chip">null</span>', False
    if kind == HIDDEN:
        return _hidden(content), False
    if kind == "B":
        return _binary(content), False
    return _parts(kind, content, look), False


def _hidden(kind: str) -> SafeString:
    return _markup(
        '<span class="chip" title="{}, hidden here by the blueprint. Its own page can reveal it.">hidden</span>',
        TYPES.get(kind, "A value"),
    )


def _text(text: str, look: Look) -> tuple[str, bool]:
    if not text:
        return '<span class="chip">empty text</span>', False
    shown = json_text(text) if look.typed else text
    if len(shown) <= CUT and "\n" not in text:
        exact = not _UNSEEN.search(text) and text == text.strip()
        told = _quoted(text) if look.typed else escaped(text)
        return told if exact else f'<span class="odd">{told}</span>', exact
    return _fold(escaped(shown[: CUT - 1].rstrip() + "…"), shown), False


def _fold(head: str, whole: str) -> str:
    """A line of markup that unfolds to the whole."""
    more = f"\n… {len(whole) - MOST:,} more characters. Open the item to see them." if len(whole) > MOST else ""
    return (
        f'<details class="fold"><summary>{head}</summary>'
        f'<pre class="whole" tabindex="0">{escaped(whole[:MOST])}{more}</pre></details>'
    )


def _number(name: str, text: str, look: Look) -> tuple[str, bool]:
    if name == look.ttl and (expires := moment_of(text)):
        return _markup("{} {}{}", text, when(expires), _expired(expires, look.now)), False
    hint, told = time_hint(name, text), escaped(text)
    return f'<span title="{hint}">{told}</span>' if hint else told, True


def _expired(expires: datetime, now: datetime) -> SafeString:
    """T6: an item stays for up to two days after it expired, and for ever when that was five years ago."""
    if expires > now:
        return SafeString("")
    if expires < now - _FORGOTTEN:
        why = "More than five years ago, which DynamoDB takes for a mistake: the item stays."
    else:
        why = "DynamoDB deletes it within about two days of that; until then it is still found."
    return _markup(' <span class="badge badge-attention" title="{}"><span class="dot"></span>expired</span>', why)


def moment_of(text: str) -> datetime | None:
    """The time of a number of seconds since 1970, as time to live counts; None when it is none."""
    try:
        return datetime.fromtimestamp(int(text), UTC) if int(text) > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def time_hint(name: str, text: str) -> str:
    """What a number would be if it were a time. Only a hint, only for an attribute that is called so and only for a
    number that is a time between 2000 and 2050: ids and telephone numbers have nine digits too (pitfall 19)."""
    if not text.isdecimal() or len(text) not in {9, 10, 12, 13} or not _is_called_a_time(name):
        return ""
    seconds, thousandth = (int(text), "") if len(text) < 12 else (int(text) // 1000, "thousandths of ")
    moment = datetime.fromtimestamp(seconds, UTC)
    if not 2000 <= moment.year < 2050:
        return ""
    return f"{moment.isoformat(' ')[:16]} UTC, if it counts {thousandth}seconds since 1970"


@lru_cache(maxsize=1024)  # a column has one name and many numbers
def _is_called_a_time(name: str) -> bool:
    return not _TIME_WORDS.isdisjoint(found.lower() for found in _WORDS.findall(name))


def _binary(content: bytes) -> str:
    start = base64.b64encode(content[:_BYTES]).decode()
    size = filesizeformat(len(content)).replace("\xa0", " ")
    head = _markup('<span class="chip">{}</span> {}{}', size, start, "…" if len(content) > _BYTES else "")
    return head if len(content) <= _BYTES else _fold(head, base64.b64encode(content[: MOST + 2]).decode())


def _parts(kind: str, content: Any, look: Look) -> str:
    if kind == "M":
        count, preview = f"{{{len(content)}}}", list(content)[:_PREVIEW]
    elif kind == "L":
        count, preview = f"[{len(content)}]", [_short(part) for part in content[:_PREVIEW]]
    else:
        count = f"{len(content)} in set"
        preview = [_short({kind[0]: member}) for member in content[:_PREVIEW]]
    line = ", ".join(preview) + (", …" if len(content) > len(preview) else "")
    head = f'<span class="chip part">{count}</span> {escaped(line)}'
    if not content:
        return head
    value = {kind: content}
    return _fold(head, dumps(value, pretty=True) if look.typed else plain_text(value))


def _short(value: Value) -> str:
    ((kind, content),) = value.items()
    if kind in {"M", "L"}:
        return f"{{{len(content)}}}" if kind == "M" else f"[{len(content)}]"
    text = word(value, quoted=kind == "S")
    return text if len(text) <= 16 else f"{text[:15]}…"


def key_words(item: Item, names: tuple[str, ...]) -> str:
    """A key in words, for the name of a link: `user_id alice, timestamp 3`."""
    return ", ".join(f"{name} {word(item[name])[:60]}" for name in names if name in item)
