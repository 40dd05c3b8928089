"""What a job reads, and what it will take, in words."""

from decimal import Decimal

from django.template.defaultfilters import filesizeformat

from portal.tables.action import units_text, usd_text
from portal.templatetags.stackyard import duration_text
from provisioning.actions.exporting import Estimate
from provisioning.engine.jobs.chunks import Purpose
from provisioning.engine.jobs.deleting import FREEZE
from provisioning.engine.jobs.importing import CHECK
from provisioning.items.operators import OPERATORS
from provisioning.items.query import Condition, Query, Shape
from provisioning.lifecycle import JobKind
from provisioning.models import ItemJob

Row = dict[str, object]


PUT_BACK, DRY_RUN, LIST = "Put back", "Dry run", "List to delete"


_PHASES = {PUT_BACK: "Put items of {} back", DRY_RUN: "Dry run of an import into {}", LIST: "List to delete from {}"}
_HEADINGS = {
    JobKind.EXPORT: "Export {}",
    JobKind.IMPORT: "Import into {}",
    JobKind.DELETE: "Delete items of {}",
    JobKind.COPY: "Copy a sample into {}",
    JobKind.COUNT: "Count {}",
    JobKind.COMPARE: "Compare {}",
}


def label_of(job: ItemJob) -> str:
    """What a job does, in a word or two."""
    if job.goal.get("purpose") == Purpose.UNDO:
        return PUT_BACK
    return {CHECK: DRY_RUN, FREEZE: LIST}.get(job.goal.get("phase", ""), JobKind(job.kind).label)


def heading_of(job: ItemJob) -> str:
    """What a job does, and to which table."""
    label = label_of(job)
    headings = {
        PUT_BACK: "Put items of {} back",
        DRY_RUN: "Dry run of an import into {}",
        LIST: "List to delete from {}",
    }
    return headings.get(label, _HEADINGS[JobKind(job.kind)]).format(job.table)


def query_rows(query: Query, shape: Shape) -> list[Row]:
    """A query as facts: what is read, and by what."""
    view = shape.view(query.index) or shape.itself
    whole = f"The index {query.index}" if query.index else "The whole table"
    if query.partition is None:
        rows: list[Row] = [{"label": "Reads", "value": f"{whole}, by a scan"}]
    else:
        rows = [
            {"label": "Reads", "value": f"One partition of {query.index or 'the table'}, by a query"},
            {"label": "Partition key", "value": f"{view.partition} = {query.partition}"},
        ]
    if query.sort is not None:
        rows.append({"label": "Sort key", "value": _condition(query.sort, view.sort)})
    rows += [{"label": "Filter", "value": _condition(one, one.path)} for one in query.filters]
    if query.attributes:
        rows.append({"label": "Attributes", "value": ", ".join(query.attributes)})
    if query.descending:
        rows.append({"label": "Order", "value": "Descending"})
    if query.consistent:
        rows.append({"label": "Consistency", "value": "Strong, at twice the price"})
    return rows


def _condition(condition: Condition, name: str) -> str:
    operator = OPERATORS[condition.operator]
    operands = [text for text in (condition.value, condition.upper) if text]
    return " ".join([name, operator.label, " and ".join(operands)]).strip()


def takes(estimate: Estimate) -> str:
    """All that a job takes at most, in one sentence, before the click."""
    word = estimate.word.lower()
    if not estimate.size_bytes:
        return (
            f"What this {word} takes is not known: DynamoDB counts every six hours or so, and has counted nothing in"
            f" here yet. It is read at {rate_text(estimate.rate)} at most."
        )
    price = _price(estimate.usd)
    took = f"about {duration_text(estimate.seconds)}" if estimate.seconds > 1 else "a second or so"
    return (
        f"This {word} reads ≤ {filesizeformat(estimate.size_bytes)} ≈ {units_text(estimate.units)}{price}, {took}"
        f" at {rate_text(estimate.rate)}."
    )


def _price(usd: Decimal | None) -> str:
    if usd is None:
        return ""
    text = usd_text(usd)
    return f", {text}" if text.startswith("<") else f" ≈ {text}"


def rate_text(rate: int) -> str:
    """Capacity units a second."""
    return f"{rate:,} unit{'' if rate == 1 else 's'} a second"


def expected_rows(job: ItemJob) -> list[Row]:
    """What was said before the click, as facts."""
    expected, rows = job.expected, list[Row]()
    if expected.get("items"):
        rows.append({"label": "Items", "value": f"≈ {int(expected['items']):,}"})
    if expected.get("size_bytes"):
        rows.append({"label": "Size", "value": f"≤ {filesizeformat(expected['size_bytes'])}"})
    if expected.get("units"):
        price = _price(Decimal(expected["usd"]) if expected.get("usd") else None)
        rows.append({"label": "Capacity", "value": f"≤ {units_text(Decimal(expected['units']))}{price}"})
    if job.rate:
        rows.append({"label": "Rate", "value": f"{rate_text(job.rate)} at most"})
    return rows
