"""What the page shows: the reading that was asked for, as rows and a line of facts, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from portal.tables.action import units_text
from portal.tables.asked import Asked
from provisioning.actions.actor import Actor
from provisioning.actions.browsing import PageOfItems, do_read
from provisioning.actions.refusals import Refusal
from provisioning.models import Environment, Table

FIELD_CODES = frozenset({"bad-query", "hidden"})  # what is wrong is told field by field
HELD_BACK, BAD_CURSOR, OTHER_KEYS = "held-back", "bad-cursor", "other-keys"
_TITLES: Mapping[str, str] = {HELD_BACK: "Not now", BAD_CURSOR: "These results cannot be turned to that page"}
_FIELDS: Mapping[str, tuple[str, str]] = {
    "index": ("index", "Table or index"),
    "pk": ("pk", "Partition key"),
    "sk": ("sk", "Sort key"),
    "sk_op": ("sk", "Sort key"),
    "attribute": ("fetch", "Only these attributes"),
    "size": ("size", "A page"),
    "consistent": ("consistent", "Consistent"),
    "filters": ("filters", "Filters"),
}


@dataclass(frozen=True)
class Trouble:
    """Why nothing was read: a notice with the way on."""

    title: str
    text: str
    tone: str
    url: str
    link_label: str


@dataclass(frozen=True)
class ProblemLine:
    """One line of the summary of what is to be corrected."""

    anchor: str
    label: str
    sentence: str


@dataclass(frozen=True)
class Reading:
    """What came of it: a page, or what is wrong (`asked.problems`), or trouble, or none of them while nothing was
    asked."""

    asked: Asked
    page: PageOfItems | None = None
    trouble: Trouble | None = None


def read(actor: Actor, environment: Environment, row: Table, asked: Asked, *, runs: bool) -> Reading:
    """Read what was asked, when it is to be read now."""
    if not runs or asked.query is None:
        return Reading(asked)
    try:
        return Reading(asked, do_read(actor, environment, row, asked.query, asked.cursor))
    except Refusal as refusal:
        told = refusal.code in FIELD_CODES
        asked = asked.with_problems(refusal.fields)
        return Reading(asked, trouble=None if told else _trouble(refusal, asked))


def _trouble(refusal: Refusal, asked: Asked) -> Trouble:
    if refusal.code == OTHER_KEYS:
        return Trouble("Nothing was read", refusal.sentence, "attention", reverse("tables"), "Look again")
    again = "Begin at the first page" if refusal.code == BAD_CURSOR else "Try again"
    cursor = "" if refusal.code == BAD_CURSOR else asked.cursor
    waits = refusal.code in _TITLES or refusal.code.startswith(("busy-", "index-"))
    return Trouble(
        _TITLES.get(refusal.code, "Nothing was read"),
        refusal.sentence,
        "attention" if waits else "bad",
        asked.link(cursor=cursor),
        again,
    )


def problem_lines(problems: Mapping[str, str]) -> list[ProblemLine]:
    """Problems with the place in the form that each is about."""
    return [_line(name, sentence) for name, sentence in problems.items()]


def _line(name: str, sentence: str) -> ProblemLine:
    if name.startswith("filter."):
        number = name.removeprefix("filter.")
        return ProblemLine(f"filter-{number}", f"Filter {int(number) + 1}", sentence)
    anchor, label = _FIELDS.get(name, ("asking", name))
    return ProblemLine(anchor, label, sentence)


@dataclass(frozen=True)
class Facts:
    """A reading in numbers (pitfall 8): what it came to in words, how many of a hundred items that were read matched,
    its capacity, its calls, and how much of everything was read so far; empty when that is all, or nobody can say."""

    words: str
    efficiency: str
    capacity: str
    calls: int
    share: str


def facts_of(page: PageOfItems) -> Facts:
    """The line above the items. It never says that there is nothing while there is more to read (pitfall 1)."""
    more = page.next is not None
    if page.rows:
        words = f"{len(page.rows):,} returned, {page.scanned:,} read"
    else:
        words = f"0 matches in {page.scanned:,} read{', more to read' if more else ''}"
    share = _percent(page.share) if page.share is not None and more else ""
    efficiency = _percent(page.returned / page.scanned) if page.scanned else ""
    return Facts(words, efficiency, units_text(page.capacity), page.calls, share)


def _percent(part: float) -> str:
    """A part of a whole; a trace is not nothing, and nearly all is not all."""
    if 0 < part < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < part < 1 else f"{round(part * 100)} %"
