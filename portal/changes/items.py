"""Items of a plan as reviewers read them: per item its key, per attribute before and after, masked for whoever looks.

Nothing of an item leaves this module before the table's mask is on it, save where somebody has it revealed, which is
an act with a reason (pitfall 41).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.changes.plans import PlannedResource, PropertyLine
from portal.item_jobs.words import PUT_BACK
from portal.tables.plain import plain_text
from provisioning.items.masking import Mask, mask_for
from provisioning.items.sealing import NotSealedError
from provisioning.items.values import HIDDEN, TYPES, Item, Value, dumps, same
from provisioning.lifecycle import JobKind, JobStatus, WriteVerb
from provisioning.models import Change, Environment, ItemJob, Table
from provisioning.planning.item_plans import Leg, opened

MOST = 2_000  # characters of a value that a plan shows
HIDDEN_CHANGES = "Hidden here; its value changes"
UNREADABLE = "What is planned cannot be shown any more: Stackyard's secret key has changed since."
_ACTIONS = {
    WriteVerb.CREATE: ("add", "New"),
    WriteVerb.EDIT: ("change", "Edited"),
    WriteVerb.DELETE: ("delete", "Deleted"),
    WriteVerb.COPY: ("import", "To another key"),
    WriteVerb.UNDO: ("change", "Put back"),
}
_ODD = frozenset({"SS", "NS", "BS", "B"})  # of these plain text does not say the type


@dataclass(frozen=True)
class PlannedJob:
    """The work on many items that a plan is about; `expected` are facts in words, `status` how it is now."""

    job: ItemJob | None
    label: str
    expected: tuple[tuple[str, str], ...]
    status: JobStatus | None


@dataclass(frozen=True)
class PlannedItems:
    """The plan's part about items. `masked` when something of them is hidden from the reader, `revealed` when they
    have just had it shown; `price` is US dollars, None where capacity is paid for anyway."""

    table: str
    known: bool
    rows: tuple[PlannedResource, ...]
    units: str
    price: Decimal | None
    job: PlannedJob | None
    masked: bool
    revealed: bool
    problem: str = ""


def items_view(change: Change, plan: Mapping[str, Any], *, revealed: bool = False) -> PlannedItems | None:
    """The items of a plan for one page; None for a plan that is not about items."""
    part: Mapping[str, Any] | None = plan.get("items")
    if not part:
        return None
    name = part["table"]["name"]
    row = _row(change.environment, name)
    mask = Mask(everything=True) if row is None else mask_for(change.environment, row)
    problem, rows = "", tuple[PlannedResource, ...]()
    try:
        rows = tuple(_row_of(write, Mask() if revealed else mask) for write in part["writes"])
    except NotSealedError:
        problem = UNREADABLE
    return PlannedItems(
        table=name,
        known=row is not None,
        rows=rows,
        units=part["units"],
        price=None if part.get("price") is None else Decimal(part["price"]),
        job=_job(part.get("job")),
        masked=not revealed and not mask.is_empty and bool(rows),
        revealed=revealed,
        problem=problem,
    )


def legs_view(verb: WriteVerb, legs: Sequence[Leg], mask: Mask) -> PlannedResource:
    """One write as the page shows it. Keys are shown whatever is masked: they say which item it is."""
    action, word = _ACTIONS[verb]
    lines, same_count = _lines(legs, mask)
    return PlannedResource(
        action=action,
        name=_key_text(legs[-1].key),
        type="item",
        note=_note(verb, legs, same_count),
        properties=lines,
        said=word,
    )


def readable(change: Change, plan: Mapping[str, Any], *, revealed: bool = False) -> dict[str, Any]:
    """The plan for a file: what is sealed in it in typed JSON, masked, unless somebody has just had it `revealed`."""
    part: Mapping[str, Any] | None = plan.get("items")
    if not part:
        return dict(plan)
    row = _row(change.environment, part["table"]["name"])
    mask = Mask(everything=True) if row is None else mask_for(change.environment, row)
    mask = Mask() if revealed else mask
    writes = [{**write, "content": _content(write, mask)} for write in part["writes"]]
    return {**plan, "items": {**part, "writes": writes}}


def _row(environment: Environment, name: str) -> Table | None:
    return Table.objects.filter(environment=environment, account=environment.account, name=name).first()


def _content(write: Mapping[str, Any], mask: Mask) -> list[dict[str, Any]] | None:
    try:
        legs = opened(write)
    except NotSealedError:
        return None
    return [
        {"key": dumps(leg.key), "before": _masked_text(leg.before, mask), "after": _masked_text(leg.after, mask)}
        for leg in legs
    ]


def _masked_text(item: Item | None, mask: Mask) -> str | None:
    return None if item is None else dumps(mask.apply(item))


def _row_of(write: Mapping[str, Any], mask: Mask) -> PlannedResource:
    return legs_view(WriteVerb(write["verb"]), opened(write), mask)


def _lines(legs: Sequence[Leg], mask: Mask) -> tuple[tuple[PropertyLine, ...], int]:
    """The attributes that change, keys first where the item moves; and how many do not."""
    moving = len(legs) > 1
    before = next((leg.before for leg in legs if leg.before is not None), None)
    after = next((leg.after for leg in legs if leg.after is not None and not leg.stays), None)
    names = list(dict.fromkeys([*(before or {}), *(after or {})]))
    changed = [name for name in names if not same((before or {}).get(name), (after or {}).get(name))]
    keys = set(legs[0].key) if moving else set()
    lines = [_line(name, before, after, mask) for name in sorted(changed, key=lambda one: (one not in keys, one))]
    return tuple(lines), len(names) - len(changed)


def _line(name: str, before: Item | None, after: Item | None, mask: Mask) -> PropertyLine:
    was, will = (_shown(name, item, mask) for item in (before, after))
    hidden = any(value is not None and _has_hidden(value) for value in (was, will))
    return PropertyLine(name, _text(was), _text(will), unknown=False, because=HIDDEN_CHANGES if hidden else "")


def _shown(name: str, item: Item | None, mask: Mask) -> Value | None:
    """One value as it may be shown: the mask goes by the whole item, because its keys are never hidden."""
    return mask.apply(item).get(name) if item is not None and name in item else None


def _has_hidden(value: Value) -> bool:
    ((kind, content),) = value.items()
    inner: Iterable[Value] = content.values() if kind == "M" else content if kind == "L" else ()
    return kind == HIDDEN or any(_has_hidden(one) for one in inner)


def _text(value: Value | None) -> str | None:
    if value is None:
        return None
    ((kind, _),) = value.items()
    text = plain_text(value)
    text = text if len(text) <= MOST else f"{text[:MOST]}… {len(text) - MOST:,} more characters"
    return f"{TYPES[kind]}: {text}" if kind in _ODD else text


def _key_text(key: Item) -> str:
    return ", ".join(f"{name} {plain_text(value)}" for name, value in key.items())


def _note(verb: WriteVerb, legs: Sequence[Leg], same_count: int) -> str:
    notes = []
    if verb is WriteVerb.COPY:
        stays = "stays where it is besides" if legs[-1].stays else "leaves its old key"
        notes.append(f"goes to {_key_text(legs[0].key)} and {stays}")
    if same_count and verb in {WriteVerb.EDIT, WriteVerb.UNDO}:
        notes.append(
            f"{same_count} other attribute{'' if same_count == 1 else 's'} stay{'s' if same_count == 1 else ''}"
        )
    return "; ".join(notes)


def _job(part: Mapping[str, Any] | None) -> PlannedJob | None:
    if part is None:
        return None
    job = ItemJob.objects.filter(pk=part["id"]).first()
    facts = tuple((name.replace("_", " ").capitalize(), _fact(value)) for name, value in part["expected"].items())
    status = None if job is None else JobStatus(job.status)
    label = PUT_BACK if part.get("back") else JobKind(part["kind"]).label
    return PlannedJob(job, label, facts, status)


def _fact(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
