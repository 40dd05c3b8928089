"""What moving items takes, and what came of it, in words."""

from decimal import Decimal

from django.template.defaultfilters import filesizeformat

from portal.item_jobs.words import rate_text
from portal.tables.action import units_text, usd_text
from portal.templatetags.stackyard import duration_text
from provisioning.actions.importing import NOTATIONS
from provisioning.actions.moves import WriteCost
from provisioning.costs.book import book
from provisioning.items.prices import ON_DEMAND
from provisioning.items.values import Item
from provisioning.lifecycle import JobKind
from provisioning.models import ItemJob, Table

LOOKED_UP = 10_000
__all__ = [
    "NOTATIONS",
    "checked_rows",
    "cost_text",
    "count_text",
    "dry_run_price",
    "key_text",
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


def back_verb(done: ItemJob) -> str:
    """What putting back does, after a deletion or after an import."""
    if done.kind == JobKind.DELETE:
        return "Creates again what was deleted. Where an item has been made under the same key since, it stays."
    return "Puts the items back that were written over. One that was changed since stays as it is."
