"""What reading, comparing and copying items takes, before it is done: the numbers that stand beside the buttons."""

from django.http import HttpRequest
from ninja import Path, Query, Router
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.item_jobs import counterpart_named, destination, rate_of
from portal.api.item_price_shapes import ComparePriceShape, CopyPriceShape, ReadPriceShape, write_price
from portal.api.item_queries import QuestionWanted
from portal.api.item_shapes import Amount, amount
from portal.api.operations import operation
from portal.api.tables import Where, table_of
from portal.api.text import Name
from provisioning.actions.actor import require_change_right
from provisioning.actions.comparing_items import LARGEST_SAMPLE, Corner, price_of, why_not_compare
from provisioning.actions.copying import MOST_ITEMS, Sample, copy_cost, is_masked
from provisioning.actions.exporting import RATES, estimate_of
from provisioning.actions.refusals import Refusal
from provisioning.items.allowed import why_not_read
from provisioning.items.prices import price_before
from provisioning.items.query import Query as Asked
from provisioning.models import Environment
from provisioning.planning.policy import writes_need_change

router = Router(tags=["Items"])
_TABLE = "/environments/{app}/{name}/tables/{table}"


class PriceWanted(QuestionWanted):
    """A question, and at how many units a second a job would read; left out, as many as it would take by itself."""

    rate: int | None = Field(None, ge=1, le=RATES[-1])


class ComparePriceWanted(PriceWanted):
    """A question, and what it is asked of besides; `sample`: so many items of each side."""

    against: Name
    sample: int | None = Field(None, ge=1, le=LARGEST_SAMPLE)


class CopyPriceWanted(PriceWanted):
    """A question, and how many of its items go where."""

    into: Name
    count: int = Field(ge=1, le=MOST_ITEMS)


@operation(
    router, "GET", f"{_TABLE}/price", scope=Scope.READ, page="table_price", answers=ReadPriceShape,
    summary="Price a query or scan",
)  # fmt: skip
def price_items(request: HttpRequest, where: Path[Where], wanted: Query[PriceWanted]) -> ReadPriceShape:
    """Of a page, of one request, and of everything, which a job reads. Nothing is read."""
    environment, row = table_of(request, where)
    query = wanted.query(row)
    price = price_before(row, query)
    estimate = estimate_of(row, query, rate_of(wanted.rate, row, estimate_of(row, query).rate))
    return ReadPriceShape(
        reads="scan" if query.is_scan else "query",
        why_not=why_not_read(environment, row, query),
        items=price.items,
        size_bytes=price.size_bytes,
        page=amount(price.page, price.page_usd),
        click=amount(price.click, price.click_usd),
        whole=amount(price.whole, price.whole_usd),
        provisioned=price.provisioned or None,
        rate=estimate.rate,
        seconds=estimate.seconds,
    )


@operation(
    router, "GET", f"{_TABLE}/comparisons/price", scope=Scope.READ, page="table_compare_price",
    answers=ComparePriceShape, summary="Price a comparison",
)  # fmt: skip
def price_comparison(request: HttpRequest, where: Path[Where], wanted: Query[ComparePriceWanted]) -> ComparePriceShape:
    """Both sides together. Nothing is read."""
    environment, row = table_of(request, where)
    here, there = Corner(environment, row), counterpart_named(environment, row, wanted.against)
    query = wanted.query(row)
    rate = rate_of(wanted.rate, row, price_of(here, there, query).rate)
    estimate = price_of(here, there, query, sample=wanted.sample, rate=rate)
    return ComparePriceShape(
        against=str(there.environment),
        why_not=why_not_compare(here, there, query),
        items=estimate.items,
        size_bytes=estimate.size_bytes,
        now=None if query.is_scan else _now(here, there, query),
        whole=amount(estimate.units, estimate.usd),
        rate=estimate.rate,
        seconds=estimate.seconds,
    )


@operation(
    router, "GET", f"{_TABLE}/copies/price", scope=Scope.READ, page="table_copy_items", answers=CopyPriceShape,
    summary="Price a copy of items",
)  # fmt: skip
def price_copy(request: HttpRequest, where: Path[Where], wanted: Query[CopyPriceWanted]) -> CopyPriceShape:
    """Of reading here and writing there. Nothing is read."""
    environment, row = table_of(request, where)
    query, into = wanted.query(row), destination(environment, row, wanted.into)
    sample = Sample(environment, row, query, wanted.count, random=False)
    rate = rate_of(wanted.rate, into.table, copy_cost(sample, into.table)[0].rate, of="write_capacity")
    cost, reads = copy_cost(sample, into.table, rate)
    return CopyPriceShape(
        **write_price(cost, reads).model_dump(),
        into=str(into.environment),
        why_not=why_not_read(environment, row, query) or _why_not_change(request, into.environment),
        stand_ins=is_masked(sample),
        asks=writes_need_change(into.environment.stage),
    )


def _now(here: Corner, there: Corner, query: Asked) -> Amount:
    both = [price_before(corner.table, query) for corner in (here, there)]
    usd = [price.click_usd for price in both if price.click_usd is not None]
    return amount(both[0].click + both[1].click, usd[0] + usd[1] if len(usd) == len(both) else None)


def _why_not_change(request: HttpRequest, environment: Environment) -> str:
    try:
        require_change_right(actor_of(request), environment)
    except Refusal as refusal:
        return refusal.sentence
    return ""
