"""What moving items takes, and what came of it, in words."""

from decimal import Decimal

from django.template.defaultfilters import filesizeformat

from portal.item_jobs.words import rate_text
from portal.tables.action import units_text, usd_text
from portal.templatetags.stackyard import duration_text
from provisioning.actions.importing import NOTATIONS
from provisioning.actions.moves import WriteCost, look_units
from provisioning.costs.book import book
from provisioning.engine.jobs.chunks import Purpose
from provisioning.engine.jobs.undoing import Count
from provisioning.items.prices import ON_DEMAND
from provisioning.items.values import Item
from provisioning.lifecycle import JobKind
from provisioning.models import ItemJob, Table

LOOKED_UP = 10_000
__all__ = [
    "BACK_STAYS",
    "NOTATIONS",
    "back_lines",
    "checked_rows",
    "cost_text",
    "count_text",
    "dry_run_price",
    "key_text",
    "looks_text",
    "rate_label",
    "units_of",
]


def count_text(count: int, noun: str = "item") -> str:
    """A number of things."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def units_of(cost: WriteCost) -> str:
    """What writing takes, without its items and its time."""
    return f"{units_text(cost.units).replace('unit', 'write unit')}{_price(cost.usd)}"


def _price(usd: Decimal | None) -> str:
    """An amount behind units; nothing where it is paid for anyway."""
    if not usd:
        return ""
    text = usd_text(usd)
    return f", {text}" if text.startswith("<") else f" ≈ {text}"


def cost_text(cost: WriteCost, verb: str) -> str:
    """What a run takes, in one sentence, before the click. `verb` is what it does, such as "writes"."""
    took = f"about {duration_text(cost.seconds)}" if cost.seconds > 1 else "a second or so"
    shared = f" The table has {cost.provisioned:,} a second, which the application shares." if cost.provisioned else ""
    return (
        f"This {verb} {count_text(cost.items)} ≈ {units_of(cost)}, indexes included, {took} at {rate_text(cost.rate)}."
        f"{shared}"
    )


def rate_label(cost: WriteCost) -> str:
    """A rate as something to choose."""
    of_all = f" of the {cost.provisioned:,} provisioned" if cost.provisioned else ""
    took = f": about {duration_text(cost.seconds)}" if cost.seconds > 1 else ""
    return f"{rate_text(cost.rate)}{of_all}{took}"


def dry_run_price(table: Table) -> str:
    """What a dry run takes: it looks every key of the file up."""
    units = Decimal(LOOKED_UP) / 2
    price = ""
    if table.described.get("billing_mode") == ON_DEMAND:
        price = f", ≈ {usd_text(units * book().price('dynamodb.read').rate)}"
    return (
        f"The dry run writes nothing. It looks up every key of the file: half a read unit for each item of up to 4 KB,"
        f" so {units:,.0f} units{price} for {LOOKED_UP:,} small items."
    )


def checked_rows(checked: ItemJob) -> list[dict[str, object]]:
    """What a dry run found, as facts."""
    report = checked.report
    rows: list[dict[str, object]] = [
        {"label": "File", "value": checked.goal.get("name") or "—"},
        {"label": "Written as", "value": checked.goal.get("label", "")},
        {"label": "Lines", "value": f"{checked.scanned:,}"},
        {"label": "New", "value": f"{report.get('new', 0):,}"},
        {"label": "There already, different", "value": f"{report.get('exists', 0):,}"},
        {"label": "There already, the same", "value": f"{report.get('same', 0):,}"},
        {"label": "Wrong, left out", "value": f"{report.get('wrong', 0):,}"},
    ]
    if report.get("bytes"):
        rows.append({"label": "Size of the items", "value": filesizeformat(report["bytes"])})
    return rows


def key_text(key: Item) -> str:
    """A key on one line."""
    return " / ".join(_short(value) for value in key.values())


def _short(value: dict[str, object]) -> str:
    ((kind, content),) = value.items()
    text = content.hex() if isinstance(content, bytes) else str(content)
    return f"0x{text}" if kind == "B" else text


def looks_text(cost: WriteCost) -> str:
    """What is read first of items that are written only if they still are as they were."""
    return f"Each is looked at once more first: about {units_text(look_units(cost)).replace('unit', 'read unit')}."


def back_lines(done: ItemJob, kept: Count) -> list[str]:
    """What putting back does to the items that a job has kept, line by line."""
    lines = []
    if kept.put:
        both = done.goal.get("purpose") == Purpose.UNDO
        did = "deleted" if done.kind == JobKind.DELETE else "deleted or wrote over" if both else "wrote over"
        what = "is put back as it was" if kept.put == 1 else "are put back as they were"
        lines.append(f"{count_text(kept.put)} that the job {did} {what}")
    if kept.made:
        what = "is deleted" if kept.made == 1 else "are deleted"
        lines.append(f"{count_text(kept.made)} that the job made {what} again")
    return lines


BACK_STAYS = (
    "Each item that was changed since the job",
    "Each item that was made since under the key of a deleted one",
    "What is put over or deleted now, encrypted, for 7 days: this can be put back, too",
)
