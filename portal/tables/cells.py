"""Values as cells of a table: exact, compact, with more of it on demand.

Every cell says its type in `data-t`. Where its text is not the value itself, `data-j` has the value as typed JSON; the
script that filters and copies reads nothing else. They are put together here and not in a template, because a page has
thousands of them.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString, mark_safe

from portal.tables.plain import plain_text, word
from portal.templatetags.stackyard import when
from provisioning.items.values import HIDDEN, TYPES, Item, Value, dumps

CUT = 48  # characters of a text that stand in a cell
MOST = 8_000  # characters of a value that a page carries; the page of the item has all of it
NOT_PROJECTED = "The index does not carry this attribute. Open the item to see it."
_PREVIEW = 3  # names or members that stand for a map, a list or a set
_BYTES = 9  # bytes of binary content that are shown, which are 12 characters
_MARKUP = re.compile("[&<>\"']")
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


def _escaped(text: str) -> str:
    """As `escape`, at once for the many texts that have nothing to escape."""
    return escape(text) if _MARKUP.search(text) else text


def _markup(pattern: str, *parts: object) -> SafeString:
    """As Django's format_html, five times as fast for want of lazy texts: whatever is not markup yet is escaped."""
    return SafeString(
        pattern.format(*[part if isinstance(part, SafeString) else _escaped(str(part)) for part in parts])
    )


_TAGS = {kind: _markup('<span class="tag" title="{}">{}</span>', label, kind) for kind, label in TYPES.items()}


def cell(name: str, item: Mapping[str, Value], look: Look, *, heads: bool = False) -> SafeString:
    """The cell of one attribute; `heads` makes it the head of its row. An attribute that is not there is blank, one
    that the index does not carry says so (pitfall 26)."""
    value = item.get(name)
    if value is None:
        if look.carries(name):
            return mark_safe('<td class="absent"></td>')
        return _markup('<td class="absent"><span class="chip" title="{}">not projected</span></td>', NOT_PROJECTED)
    (kind,) = value
    inner, own = _inner(name, kind, value, look)
    tag = _TAGS.get(kind, "") if look.typed else ""
    data = "" if own and not look.typed else _typed_json(value)
    number = ' class="number"' if kind == "N" else ""
    begin, end = ('th scope="row"', "th") if heads else ("td", "td")
    return SafeString(f"<{begin}{number} data-t={kind}{data}>{tag}{inner}</{end}>")


def _typed_json(value: Value) -> SafeString:
    if HIDDEN in value:
        return SafeString("")
    text = dumps(value)
    return SafeString(f' data-j="{escape(text)}"') if len(text) <= MOST else SafeString(" data-big")


def _inner(name: str, kind: str, value: Value, look: Look) -> tuple[SafeString, bool]:
    """What stands in the cell, and whether its text is the value itself."""
    content = value[kind]
    if kind == "S":
        return _text(content, look)
    if kind == "N":
        return _number(name, content, look)
    if kind == "BOOL":
        return SafeString(word(value)), False
    if kind == "NULL":
        return mark_safe('<span class="chip">null</span>'), False
    if kind == HIDDEN:
        return _hidden(content), False
    if kind == "B":
        return _binary(content), False
    return _parts(kind, value, look), False


def _hidden(kind: str) -> SafeString:
    return _markup(
        '<span class="chip" title="{}, hidden here by the blueprint. Its own page can reveal it.">hidden</span>',
        TYPES.get(kind, "A value"),
    )


def _text(text: str, look: Look) -> tuple[SafeString, bool]:
    if not text:
        return mark_safe('<span class="chip">empty text</span>'), False
    shown = word({"S": text}, quoted=True) if look.typed else text
    exact = not _UNSEEN.search(text) and text == text.strip()
    if len(shown) <= CUT and "\n" not in text:
        told = _escaped(shown)
        return SafeString(told if exact else f'<span class="odd">{told}</span>'), exact and not look.typed
    return _fold(SafeString(_escaped(shown[: CUT - 1].rstrip() + "…")), shown), False


def _fold(head: SafeString, whole: str) -> SafeString:
    """A line that unfolds to the whole."""
    more = f"\n… {len(whole) - MOST:,} more characters. Open the item to see them." if len(whole) > MOST else ""
    return SafeString(
        f'<details class="fold"><summary>{head}</summary>'
        f'<pre class="whole" tabindex="0">{_escaped(whole[:MOST])}{more}</pre></details>'
    )


def _number(name: str, text: str, look: Look) -> tuple[SafeString, bool]:
    if name == look.ttl and (expires := moment_of(text)):
        return _markup("{} {}{}", text, when(expires), _expired(expires, look.now)), False
    hint = time_hint(name, text)
    return (_markup('<span title="{}">{}</span>', hint, text) if hint else SafeString(_escaped(text))), True


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
    if not text.isdecimal() or len(text) not in {9, 10, 12, 13} or not _TIME_WORDS & set(_words(name)):
        return ""
    seconds, thousandth = (int(text), "") if len(text) < 12 else (int(text) // 1000, "thousandths of ")
    moment = datetime.fromtimestamp(seconds, UTC)
    if not 2000 <= moment.year < 2050:
        return ""
    return f"{moment:%Y-%m-%d %H:%M} UTC, if it counts {thousandth}seconds since 1970"


def _words(name: str) -> list[str]:
    return [found.lower() for found in _WORDS.findall(name)]


def _binary(content: bytes) -> SafeString:
    start = base64.b64encode(content[:_BYTES]).decode()
    size = filesizeformat(len(content)).replace("\xa0", " ")
    head = _markup('<span class="chip">{}</span> {}{}', size, start, "…" if len(content) > _BYTES else "")
    return head if len(content) <= _BYTES else _fold(head, base64.b64encode(content[: MOST + 2]).decode())


def _parts(kind: str, value: Value, look: Look) -> SafeString:
    content = value[kind]
    if kind == "M":
        count, preview = f"{{{len(content)}}}", list(content)[:_PREVIEW]
    elif kind == "L":
        count, preview = f"[{len(content)}]", [_short(part) for part in content[:_PREVIEW]]
    else:
        count = f"{len(content)} in set"
        preview = [_short({kind[0]: member}) for member in content[:_PREVIEW]]
    line = ", ".join(preview) + (", …" if len(content) > len(preview) else "")
    head = _markup('<span class="chip part">{}</span> {}', count, line)
    if not content:
        return head
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
