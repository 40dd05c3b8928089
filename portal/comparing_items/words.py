"""What comparing takes, in words, before the click."""

from decimal import Decimal

from django.template.defaultfilters import filesizeformat

from portal.item_jobs.words import rate_text
from portal.tables.action import units_text, usd_text
from portal.templatetags.stackyard import duration_text
from provisioning.actions.comparing_items import CALLS, PIECE, Corner, price_of
from provisioning.actions.exporting import Estimate
from provisioning.items.prices import price_before
from provisioning.items.query import Query


def takes_now(here: Corner, there: Corner, query: Query) -> str:
    """What one click reads at most, both sides together."""
    both = [price_before(corner.table, query) for corner in (here, there)]
    units = sum((price.click for price in both), Decimal(0))
    return f"now: ≤ {units_text(units)}, {CALLS * PIECE:,} items of each side"


def takes_all(here: Corner, there: Corner, query: Query, sample: int | None = None) -> str:
    """What a job reads at most, both sides together."""
    estimate = price_of(here, there, query, sample=sample)
    if not estimate.size_bytes:
        return "What it takes is not known: DynamoDB has counted nothing in here yet."
    return f"Both sides together: ≤ {_figures(estimate)} at {rate_text(estimate.rate)}."


def _figures(estimate: Estimate) -> str:
    price = f" ≈ {usd_text(estimate.usd)}" if estimate.usd is not None else ""
    took = f", about {duration_text(estimate.seconds)}" if estimate.seconds > 1 else ""
    return f"{filesizeformat(estimate.size_bytes)}, {units_text(estimate.units)}{price}{took}"
