"""Template tags for the small pieces that look the same everywhere: icons, badges, times, money, ids, people.

Use `{% load stackyard %}`. Every tag escapes what it is given and takes None for "not known". The styles are
in `static/css/pieces.css`, the icons in `static/icons.svg`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

TONES = frozenset({"good", "busy", "attention", "bad", "quiet"})
STAGES = frozenset({"dev", "staging", "prod"})
UNKNOWN = mark_safe('<span class="quiet">—</span>')

MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
CENT = Decimal("0.01")
MINUS = "\N{MINUS SIGN}"


@register.simple_tag
@lru_cache(maxsize=512, typed=True)  # a page has dozens of them; a label that is markup is another one
def icon(name: str, label: str = "") -> SafeString:
    """The icon `name` of the sprite; decoration unless `label` gives it a name of its own."""
    href = f"{static('icons.svg')}#{name}"
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon icon-{}" width="16" height="16" focusable="false" {}><use href="{}"></use></svg>',
        name,
        said,
        href,
    )


@register.simple_tag
def badge(status: object) -> SafeString:
    """A dot and a word for what has `.label` and `.tone` (good, busy, attention, bad, quiet); "" for None."""
    if status is None or status == "":
        return SafeString("")
    tone = str(getattr(status, "tone", "quiet"))
    return format_html(
        '<span class="badge badge-{}"><span class="dot"></span>{}</span>',
        tone if tone in TONES else "quiet",
        getattr(status, "label", status),
    )


@register.simple_tag
def stage_badge(stage: object) -> SafeString:
    """A small badge for a stage, given as text or as anything with `.value` or `.name`; "" for None."""
    if stage is None or stage == "":
        return SafeString("")
    named = stage if isinstance(stage, str) else getattr(stage, "name", stage)
    name = str(getattr(stage, "value", named))
    return format_html(
        '<span class="stage stage-{}">{}</span>',
        name if name in STAGES else "dev",
        name,
    )


@register.simple_tag
def when(moment: datetime | None, *, exact: bool = False) -> SafeString:
    """A `<time>`: "3 min ago", "in 5 min", a date after a week; with `exact` the day and minute.

    UTC in its title; the text is UTC as well until the browser makes it local. No zone is taken as UTC.
    """
    if moment is None:
        return UNKNOWN
    utc = (moment.replace(tzinfo=UTC) if timezone.is_naive(moment) else moment).astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}" data-when="{}">{}</time>',
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        f"{utc:%Y-%m-%d %H:%M} UTC",
        "exact" if exact else "relative",
        f"{utc.day} {utc:%b %Y, %H:%M} UTC" if exact else relative_text(utc),
    )


def relative_text(utc: datetime, now: datetime | None = None) -> str:
    """How long ago or ahead, as text: "3 min ago", "in 5 min", a date after a week. Who tells many gives `now`."""
    apart = ((now or timezone.now()) - utc).total_seconds()
    seconds = int(abs(apart))
    if seconds >= WEEK:
        return f"{utc.day} {utc:%b %Y}"
    if seconds < 10:
        return "just now" if apart >= 0 else "in a moment"
    if seconds < HOUR:
        unit, size = ("s", 1) if seconds < MINUTE else ("min", MINUTE)
    else:
        unit, size = ("h", HOUR) if seconds < DAY else ("d", DAY)
    # What is past has lasted so long already; what is to come is told to the nearest.
    return f"{seconds // size} {unit} ago" if apart >= 0 else f"in {(seconds + size // 2) // size} {unit}"


@register.simple_tag
def duration(length: float | timedelta | None) -> SafeString:
    """A length of time from seconds or a timedelta, in its two largest units: "1 min 15 s", "3 d 4 h"."""
    if length is None or length == "":
        return UNKNOWN
    total = length.total_seconds() if isinstance(length, timedelta) else float(length)
    return format_html('<span class="duration">{}</span>', duration_text(total))


def duration_text(seconds: float) -> str:
    """Seconds as words, in the two largest units that are not zero: "45 s", "2 h 5 min"."""
    left = abs(round(seconds))
    parts = []
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s")):
        count, left = divmod(left, size)
        parts.append((count, unit))
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    words = " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)
    return (MINUS if round(seconds) < 0 else "") + (words or "0 s")


@register.simple_tag
def money(amount: Decimal | float | str | None, *, approx: bool = False, currency: str = "USD") -> SafeString:
    """An amount in `currency` with two decimals; "≈" before an estimate; "< $0.01" for a trace of money."""
    try:
        text = money_text(Decimal(str(amount)), currency)
    except InvalidOperation:  # None, no number, NaN, infinity, or beyond any price
        return UNKNOWN
    return format_html('<span class="money">{}{}</span>', "≈ " if approx else "", text)


def money_text(amount: Decimal, currency: str = "USD") -> str:
    """`amount` as plain text: "$1,234.50", "EUR 2.00", "< $0.01"; a minus sign comes first."""
    mark = "$" if currency == "USD" else f"{currency}\N{NO-BREAK SPACE}"
    if 0 < abs(amount) < CENT / 2:
        return f"{f'> {MINUS}' if amount < 0 else '< '}{mark}0.01"
    rounded = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    return f"{MINUS if rounded < 0 else ''}{mark}{abs(rounded):,}"


@register.simple_tag
def mono(text: object, *, copy: bool = True, limit: int = 40) -> SafeString:
    """An id or ARN in monospace, cut in its middle beyond `limit` characters; the title has it whole."""
    if text is None or text == "":
        return UNKNOWN
    whole = str(text)
    short = _cut_middle(whole, limit)
    title = format_html(' title="{}"', whole) if short != whole else ""
    button = copy_button(whole) if copy else ""
    return format_html('<span class="mono"><code{}>{}</code>{}</span>', title, short, button)


@register.simple_tag
def copy_button(text: object) -> SafeString:
    """A small button that copies `text`; hidden where there is no JavaScript."""
    whole = str(text)
    return format_html(
        '<button type="button" class="copy needs-js" data-copy="{}" aria-label="Copy {}">'
        '<span class="copied">{}</span>{}</button>',
        whole,
        _cut_middle(whole, 80),
        icon("check"),
        icon("copy"),
    )


def _cut_middle(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


@register.simple_tag
def person(user: object, none: str = "Stackyard") -> SafeString:
    """Initials and name of a user (or of a name as text); `none` is the name where there is no user."""
    name = person_name(user) or none
    return format_html(
        '<span class="person"><span class="initials" aria-hidden="true">{}</span>'
        '<span class="person-name">{}</span></span>',
        initials(name),
        name,
    )


def person_name(user: object) -> str:
    """The full name of a user, else the user name; text stays text; "" for nobody."""
    if user is None:
        return ""
    full_name = getattr(user, "get_full_name", None)
    username = getattr(user, "get_username", None)
    return str((full_name() if callable(full_name) else "") or (username() if callable(username) else user))


def initials(name: str) -> str:
    """One or two capitals: of the first and the last word, where dots, dashes and @ divide words too."""
    words = re.findall(r"[^\W_]+", name.partition("@")[0])
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


@register.simple_tag(takes_context=True)
def sort_header(context: template.Context, label: str, field: str, *, default: str = "", css: str = "") -> SafeString:
    """A `<th>` that sorts by `field`: links to `?sort=field`, or to `-field` when that is the order already.

    Keeps the filters of the request's query and drops `page`. `default` is the order without a `sort`; `css`
    adds classes such as "number" or "minor".
    """
    request = context.get("request")
    query: QueryDict = request.GET.copy() if request else QueryDict(mutable=True)
    current = query.get("sort") or default
    query.pop("page", None)
    query["sort"] = f"-{field}" if current == field else field
    order = {field: "ascending", f"-{field}": "descending"}.get(current)
    return format_html(
        '<th scope="col" class="sort {}"{}><a href="?{}">{} {}</a></th>',
        css,
        format_html(' aria-sort="{}"', order) if order else "",
        query.urlencode(),
        label,
        icon("down"),
    )
