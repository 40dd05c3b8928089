"""What a statement would do, in words: said while it is typed, and before it runs."""

from dataclasses import dataclass
from decimal import Decimal

from portal.tables.action import units_text, usd_text
from provisioning.actions.actor import Actor
from provisioning.actions.stating import BadStatement, Judged
from provisioning.actions.writing_in_prod import why_not_ask
from provisioning.items.intents import WriteIntent, shown_path
from provisioning.items.masking import PROD
from provisioning.items.prices import price_before
from provisioning.items.query import Query
from provisioning.items.statement_tokens import place_of
from provisioning.items.statements import Select
from provisioning.lifecycle import WriteVerb
from provisioning.models import Environment, Table

ITEMS_OF_A_CLICK = 1000  # that are evaluated at most: the pieces of `actions/stating.py` together
_EXCERPT = 60  # characters of a line on either side of what is wrong with it


@dataclass(frozen=True)
class Fault:
    """What is wrong with a statement. With a place: its line and column, and that line cut in front of what is wrong
    and behind it."""

    sentence: str
    line: int = 0
    column: int = 0
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Verdict:
    """`button` is what the click does; `title` what that is, such as “Query on user-index”, `cost` what it takes.
    `why` explains a scan, `why_not` says why it is not run here. `reads_all` asks for consent."""

    button: str
    title: str = ""
    cost: str = ""
    why: str = ""
    why_not: str = ""
    reads_all: bool = False
    writes: bool = False
    in_prod: bool = False
    fault: Fault | None = None


def verdict_of(actor: Actor, environment: Environment, table: Table, judged: Judged) -> Verdict:
    """The words for a statement that was understood."""
    if judged.write is not None:
        return _of_write(actor, environment, judged.write)
    if judged.select is None:
        return Verdict("Run")
    select, price = judged.select, price_before(table, as_query(judged.select))
    if judged.why_not:
        return Verdict("Run", _title(select), why_not=judged.why_not)
    if select.is_scan:
        whole = "index" if select.index else "table"
        cost = (
            f"the whole {whole} ≈ {units_text(price.whole)}{_usd(price.whole_usd)}"
            if price.items
            else "of unknown size"
        )
        cost = f"{cost}; this click ≤ {units_text(price.click)}{_usd(price.click_usd)}"
        return Verdict("Scan", _title(select), cost, select.why, reads_all=True)
    return Verdict("Query", _title(select), f"≤ {units_text(price.click)}{_usd(price.click_usd)}")


def as_query(select: Select) -> Query:
    """A SELECT as a query that costs the same."""
    return Query(select.index, None if select.is_scan else "…", page_size=ITEMS_OF_A_CLICK)


def _title(select: Select) -> str:
    if select.is_scan:
        return f"Scan of the whole index {select.index}" if select.index else "Scan of the whole table"
    where = select.index or "the table"
    return f"Query on {where}" + (f", {select.partitions} partitions" if (select.partitions or 0) > 1 else "")


def _of_write(actor: Actor, environment: Environment, intent: WriteIntent) -> Verdict:
    title, button = _WRITES[intent.verb]
    in_prod = environment.stage == PROD
    why_not = "" if actor.may_change else "You may read everything here, but not change anything."
    why_not = why_not or (why_not_ask(actor, environment) if in_prod else "")
    changed = ", ".join(("sets " if edit.value else "removes ") + shown_path(edit.path) for edit in intent.patch)
    what = f"{title}: {changed}" if changed else title
    cost = (
        "in prod somebody else approves it first"
        if in_prod
        else "only if it is as it was read just before; can be taken back"
    )
    label = f"{button}…" if in_prod else button
    return Verdict(label, what, cost, why_not=why_not, writes=True, in_prod=in_prod)


_WRITES = {
    WriteVerb.CREATE: ("New item, if its key is free", "Insert item"),
    WriteVerb.EDIT: ("Changes one item", "Update item"),
    WriteVerb.DELETE: ("Deletes one item", "Delete item"),
}


def verdict_of_fault(text: str, bad: BadStatement) -> Verdict:
    """The words for a statement that was not understood, with the place that it is about."""
    return Verdict("Run", fault=fault_of(text, bad.sentence, bad.at))


def fault_of(text: str, sentence: str, at: int | None) -> Fault:
    """What is wrong, with the line that it is in."""
    if at is None or not text.strip():
        return Fault(sentence)
    line, column = place_of(text, at)
    whole = text.split("\n")[line - 1]
    before, after = whole[: column - 1], whole[column - 1 :]
    return Fault(sentence, line, column, before[-_EXCERPT:], after[:_EXCERPT] or " ")


def _usd(amount: Decimal | None) -> str:
    text = "" if amount is None else usd_text(amount)
    return text and (f" {text}" if text.startswith("<") else f" ≈ {text}")
