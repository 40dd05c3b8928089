"""What happened to an environment, to be put beside what it cost on that day: deployments and other changes, values
that were set, scans, and jobs on items. From rows alone; values are never told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.urls import reverse

from portal.charts import Mark
from provisioning.engine.costing.budgeting import VERB as BUDGET_VERB
from provisioning.lifecycle import ChangeKind, ChangeStatus, JobKind, ParameterVerb
from provisioning.models import AuditEntry, Change, Environment, ItemJob, ParameterVersion

MARKS = 2
MOST = 200  # of each kind that are read: more of them make no timeline
ENDED = (ChangeStatus.SUCCEEDED, ChangeStatus.FAILED)
READS = "read_items"
SCANS = frozenset({JobKind.COUNT, JobKind.COMPARE})
KINDS: Mapping[str, tuple[str, str]] = {
    "change": ("change", "changes"),
    "flag": ("value set", "values set"),
    "scan": ("scan", "scans"),
    "job": ("job on items", "jobs on items"),
    "budget": ("budget notice", "budget notices"),
}


@dataclass(frozen=True)
class Happening:
    """One thing that happened; `kind` is one of KINDS, `who` a name or empty for Stackyard."""

    at: datetime
    kind: str
    label: str
    who: str
    url: str

    @property
    def day(self) -> date:
        """The day (UTC) that its cost is on."""
        return self.at.astimezone(UTC).date()


def happenings(environment: Environment, first: date, last: date) -> list[Happening]:
    """Everything from `first` to `last` (both in), oldest first."""
    span = (datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC))
    found = [
        *_changes(environment, span),
        *_values(environment, span),
        *_jobs(environment, span),
        *_entries(environment, span),
    ]
    return sorted(found, key=lambda one: one.at)


def marks(found: Sequence[Happening], anchor: str) -> tuple[Mark, ...]:
    """The marks of one bar, two at most because more find no place: each leads to what happened, or to the list."""
    by_kind: dict[str, list[Happening]] = {}
    for one in sorted(found, key=lambda one: list(KINDS).index(one.kind)):
        by_kind.setdefault(one.kind, []).append(one)
    if len(by_kind) > MARKS:
        return (Mark(", ".join(_counted(kind, several) for kind, several in by_kind.items()), f"#{anchor}"),)
    return tuple(_mark(kind, several, anchor) for kind, several in by_kind.items())


def _mark(kind: str, several: Sequence[Happening], anchor: str) -> Mark:
    if len(several) == 1:
        return Mark(several[0].label, several[0].url)
    return Mark(f"{_counted(kind, several)}: {_names(several)}", f"#{anchor}")


def _counted(kind: str, several: Sequence[Happening]) -> str:
    return f"{len(several)} {KINDS[kind][len(several) > 1]}"


def _names(several: Sequence[Happening]) -> str:
    labels = list(dict.fromkeys(one.label for one in several))
    return ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "")


def _changes(environment: Environment, span: tuple[datetime, datetime]) -> Iterator[Happening]:
    rows = Change.objects.filter(environment=environment, status__in=ENDED, finished_at__range=span)
    rows = rows.exclude(kind=ChangeKind.SET_PARAMETERS).exclude(finished_at=None)
    columns = ("pk", "kind", "status", "finished_at", "requested_by__username")
    for pk, kind, status, at, who in rows.order_by("-finished_at").values_list(*columns)[:MOST]:
        if at is not None:
            failed = " (failed)" if status == ChangeStatus.FAILED else ""
            yield Happening(at, "change", f"{ChangeKind(kind).label}{failed}", who, reverse("change", args=[pk]))


def _values(environment: Environment, span: tuple[datetime, datetime]) -> Iterator[Happening]:
    rows = ParameterVersion.objects.filter(parameter__environment=environment, at__range=span)
    rows = rows.exclude(verb__in=(ParameterVerb.FOUND, ParameterVerb.STACK))
    columns = ("parameter__key", "verb", "at", "by__username", "who", "change_id")
    for key, verb, at, who, outside, change in rows.order_by("-at").values_list(*columns)[:MOST]:
        url = reverse("change", args=[change]) if change else _of(environment, "environment_activity")
        yield Happening(at, "flag", f"{key}: {ParameterVerb(verb).label.lower()}", who or outside, url)


def _jobs(environment: Environment, span: tuple[datetime, datetime]) -> Iterator[Happening]:
    rows = ItemJob.objects.filter(environment=environment, asked_at__range=span)
    columns = ("pk", "kind", "table", "capacity", "asked_at", "asked_by__username")
    for pk, kind, table, capacity, at, who in rows.order_by("-asked_at").values_list(*columns)[:MOST]:
        used = f", {capacity:,.0f} capacity units" if capacity else ""
        url = reverse("item_job", args=[environment.application, environment.name, table, pk])
        mark = "scan" if kind in SCANS else "job"
        yield Happening(at, mark, f"{JobKind(kind).label} of {table}{used}", who, url)


def _entries(environment: Environment, span: tuple[datetime, datetime]) -> Iterator[Happening]:
    """Scans that left an entry, and thresholds that were passed."""
    rows = AuditEntry.objects.filter(environment=environment, at__range=span, verb__in=(READS, BUDGET_VERB))
    columns = ("verb", "summary", "detail", "at", "by__username")
    for verb, summary, detail, at, who in rows.order_by("-at").values_list(*columns)[:MOST]:
        if verb == BUDGET_VERB:
            yield Happening(at, "budget", summary, "", reverse("budgets"))
        elif isinstance(detail, dict) and detail.get("scan"):
            yield Happening(at, "scan", summary, who or "", _of(environment, "environment_activity"))


def _of(environment: Environment, name: str) -> str:
    return reverse(name, args=[environment.application, environment.name])
