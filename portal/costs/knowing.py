"""How costs are known: what reading them has cost, what AWS changed later, and which tags they can be split by."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from provisioning.costs.spend import Line, variants
from provisioning.engine.costing.ledger import cap, spent
from provisioning.engine.costing.reading import UNDER_WAY
from provisioning.lifecycle import RefreshStatus
from provisioning.models import Account, CostCall, CostRefresh, CostRevision, CostTag, FoundStack, Stack

NEEDED = ("Application", "Environment")  # the tags that costs are split by
ACTIVE = "Active"
SHOWN = 50
LATEST = 10


@dataclass(frozen=True)
class TagHealth:
    """One tag that costs are split by: `problem` says why they cannot be and whom to ask, empty when they can be.
    `listed` is whether AWS says anything of tags to us at all."""

    key: str
    active: bool
    listed: bool
    problem: str
    last_used_on: date | None
    seen_at: datetime | None


@dataclass(frozen=True)
class Untagged:
    """A stack without some of the tags, so that what it costs is nobody's. `ours`: Stackyard made or adopted it."""

    name: str
    missing: tuple[str, ...]
    ours: bool


@dataclass(frozen=True)
class Reading:
    """A reading of Cost Explorer with its status in words, and how many pages it asked for."""

    refresh: CostRefresh
    status: RefreshStatus
    pages: int


@dataclass(frozen=True)
class Knowing:
    """The page about where the numbers come from."""

    there: bool
    spent: Decimal
    cap: Decimal
    pages: int
    readings: Sequence[Reading]
    tags: Sequence[TagHealth]
    variants: Sequence[tuple[str, tuple[str, ...]]]
    untagged: Sequence[Untagged]
    revisions: Sequence[CostRevision]
    revised: int


@dataclass(frozen=True)
class Notes:
    """What the costs page says about its numbers in passing. `there`: there is a Cost Explorer. `moving` is a reading
    under way, `problem` why the last one did not end; `tags` have one; `revised` counts, by month, the amounts of
    settled days that AWS changed since the first of this one."""

    there: bool
    moving: CostRefresh | None
    problem: str
    tags: Sequence[TagHealth]
    revised: Mapping[str, int]

    @property
    def revised_words(self) -> str:
        """The sentence about what was changed."""
        parts = [f"{count} amount{'s' if count > 1 else ''} of {month}" for month, count in self.revised.items()]
        return f"AWS changed {' and '.join(parts)} since."


def read_notes() -> Notes:
    """The notes, in three queries."""
    newest = list(CostRefresh.objects.order_by("-pk")[:1]) if settings.COST_EXPLORER else []
    moving = newest[0] if newest and newest[0].status in UNDER_WAY else None
    problem = newest[0].problem if newest and newest[0].status != RefreshStatus.DONE else ""
    since = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    days = sorted(CostRevision.objects.filter(at__gte=since).values_list("day", flat=True))
    months = Counter(f"{day:%B}" for day in days)
    tags = [tag for tag in tag_health() if tag.problem and tag.listed] if settings.COST_EXPLORER else []
    return Notes(settings.COST_EXPLORER, moving, problem, tags, months)


def read_knowing(account: Account | None, lines: Iterable[Line], *, whole: bool) -> Knowing:
    """The page. `whole` is whether this person may see everybody's amounts, and with them what was changed."""
    now = timezone.now()
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    latest = CostRefresh.objects.select_related("asked_by").annotate(pages=Count("calls")).order_by("-pk")[:LATEST]
    revisions = CostRevision.objects.order_by("-at", "-day", "pk") if whole else CostRevision.objects.none()
    return Knowing(
        there=settings.COST_EXPLORER,
        spent=spent(account, now) if account else Decimal(0),
        cap=cap(),
        pages=CostCall.objects.filter(at__gte=month).count(),
        readings=[Reading(one, RefreshStatus(one.status), one.pages) for one in latest],
        tags=tag_health(),
        variants=_variants(lines),
        untagged=_untagged(),
        revisions=list(revisions[:SHOWN]),
        revised=revisions.count(),
    )


def tag_health() -> list[TagHealth]:
    """Whether costs can be split by the tags that they are split by (pitfall 9)."""
    known = {tag.key: tag for tag in CostTag.objects.select_related("account")}
    return [_health(key, known) for key in NEEDED]


def _health(key: str, known: dict[str, CostTag]) -> TagHealth:
    tag = known.get(key)
    if tag is not None and tag.status == ACTIVE:
        return TagHealth(key, active=True, listed=True, problem="", last_used_on=tag.last_used_on, seen_at=tag.seen_at)
    if tag is not None:
        problem = (
            f"{key} is not activated for costs, as of {tag.seen_at:%-d %B %Y}: what it marks counts as untagged. "
            "Ask whoever manages the payer account to activate it under Cost allocation tags; that takes a day."
        )
        return TagHealth(
            key, active=False, listed=True, problem=problem, last_used_on=tag.last_used_on, seen_at=tag.seen_at
        )
    if not known:
        problem = (
            f"Whether {key} is activated for costs is not known: only the payer account may say. "
            "Ask whoever manages it, if what you look for counts as untagged."
        )
    else:
        problem = (
            f"AWS does not list {key} as a tag for costs. It does a day after something that carries it first ran; "
            "then whoever manages the payer account can activate it."
        )
    return TagHealth(key, active=False, listed=bool(known), problem=problem, last_used_on=None, seen_at=None)


def _variants(lines: Iterable[Line]) -> list[tuple[str, tuple[str, ...]]]:
    """Keys and values that differ in case only; each is another one to AWS, and none is merged here (pitfall 10)."""
    lines = list(lines)
    keys = variants([*CostTag.objects.values_list("key", flat=True), *NEEDED])
    named = [("Key", one) for one in keys]
    named += [("Application", one) for one in variants(line.application for line in lines)]
    by_application: dict[str, set[str]] = {}
    for line in lines:
        by_application.setdefault(line.application, set()).add(line.environment)
    return named + [
        (f"Environment of {application or 'no application'}", one)
        for application, names in sorted(by_application.items())
        for one in variants(names)
    ]


def _untagged() -> list[Untagged]:
    """Stacks that are there and lack a tag, as last seen."""
    there = Stack.objects.exclude(status__in=("", "DELETE_COMPLETE")).exclude(observed_at=None)
    lacking = Q()
    for key in NEEDED:
        lacking |= ~Q(tags__has_key=key)
    rows = [
        (name, tags, True) for name, tags in there.filter(lacking).order_by("name").values_list("name", "tags")[:SHOWN]
    ]
    rows += [(one.name, one.tags, False) for one in FoundStack.objects.filter(lacking).order_by("name")[:SHOWN]]
    return [Untagged(name, tuple(key for key in NEEDED if key not in tags), ours) for name, tags, ours in rows]
