"""The button and its price: what a click does, Query or Scan, and what it reads and costs, before anybody clicks."""

from dataclasses import dataclass
from decimal import Decimal

from portal.tables.asked import Asked
from portal.templatetags.stackyard import CENT, money_text
from provisioning.items.allowed import why_not_read
from provisioning.items.masking import PROD
from provisioning.items.prices import CALLS_OF_A_CLICK, PIECE_BYTES, ReadPrice, price_before
from provisioning.items.query import Query, Shape
from provisioning.models import Environment, Table

QUERY, SCAN = "Query", "Scan"
_TRACE = Decimal("0.00001")  # US dollars that are not worth a number
_CLICK_MB = CALLS_OF_A_CLICK * PIECE_BYTES // Decimal(1024 * 1024)


@dataclass(frozen=True)
class Action:
    """What the button says, and beside it the cost of one click; `why_not` says why it would not be done."""

    word: str
    cost: str = ""
    detail: str = ""
    why_not: str = ""


def action_of(environment: Environment, row: Table, shape: Shape, asked: Asked) -> Action:
    """The action for what stands in the form. Nothing is asked of AWS."""
    if asked.query is None:
        return Action(QUERY if asked.typed.pk else SCAN, why_not=next(iter(asked.problems.values()), ""))
    query = asked.query
    if environment.stage == PROD and query.is_scan:
        return Action(SCAN, why_not=why_not_read(environment, row, query))
    price = price_before(row, query)
    return Action(query.word, *(_of_scan(price, query) if query.is_scan else _of_query(price)))


def _of_query(price: ReadPrice) -> tuple[str, str]:
    """Filters do not come into it: they save nothing (pitfall 36)."""
    cost = f"≈ {units_text(price.page)} a page{_usd(price.page_usd)}"
    most = f"at most {units_text(price.click)}{_usd(price.click_usd)}" if price.click > price.page else ""
    return cost, " · ".join(part for part in (most, _provisioned(price)) if part)


def _of_scan(price: ReadPrice, query: Query) -> tuple[str, str]:
    whole = f"the whole {'index' if query.index else 'table'}"
    everything = f"{units_text(price.whole)}{_usd(price.whole_usd)}"
    if price.items and price.whole <= price.click:
        return f"this click may read {whole}, ≈ {everything}", _provisioned(price)
    cost = f"this click reads ≤ {_CLICK_MB:f} MB, ≤ {units_text(price.click)}{_usd(price.click_usd)}"
    rest = f"{whole} ≈ {everything}" if price.items else ""
    return cost, " · ".join(part for part in (rest, _provisioned(price)) if part)


def _provisioned(price: ReadPrice) -> str:
    return f"of {price.provisioned:,} a second that the application shares" if price.provisioned else ""


def units_text(units: Decimal) -> str:
    """Capacity units, such as "12.5 units"."""
    text = f"{units:,.0f}" if units >= 100 else f"{units:,.1f}".removesuffix(".0")
    return f"{text} unit{'' if text in {'1', '0.5'} else 's'}"


def _usd(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    text = usd_text(amount)
    return f", {text}" if text.startswith("<") else f" ≈ {text}"


def usd_text(amount: Decimal) -> str:
    """US dollars; below a cent with two digits that say something, such as $0.00006."""
    if amount >= CENT or not amount:
        return money_text(amount)
    return f"< ${_TRACE}" if amount < _TRACE else f"${Decimal(f'{amount:.1e}').normalize():f}"
