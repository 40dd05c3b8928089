"""A new price book out of the old one and what the files say, or why not: whole, or not at all."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO

from provisioning.costs.book import Price, PriceBook
from provisioning.costs.refreshing import stream
from provisioning.costs.refreshing.finding import Candidates, Found, NotOneError, Selector, pick, selectors

# A price that moves further than this is rather a wrong row than a new price.
LARGEST_MOVE = 5
PLACES = Decimal("0.0000000001")

Opener = Callable[[str], IO[str]]


class RefusedError(Exception):
    """The book is not renewed; `problems` says everything that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Renewed:
    """A new book, and how it differs: a line for each price that moved."""

    book: PriceBook
    moved: tuple[str, ...]


def renew(old: PriceBook, open_service: Opener, *, today: date, region: str, source: str) -> Renewed:
    """Find every price of the old book in the files. `open_service` opens the file of a service from its beginning, and
    is called several times for each; `source` says where they are from. Raises RefusedError; OSError as it comes."""
    known = selectors()
    problems = [f"{key}: there is no selector for it." for key in old.prices if key not in known]
    found: dict[str, tuple[Found, date]] = {}
    for service in dict.fromkeys(known[key].service for key in old.prices if key in known):
        wanted = tuple(known[key] for key in old.prices if key in known and known[key].service == service)
        try:
            found |= _of_service(wanted, partial(open_service, service), problems)
        except stream.PriceFileError as wrong:
            problems.append(f"{service}: {wrong}")
    prices = {
        key: _renewed(old.prices[key], *found[key], region=region, source=source) for key in old.prices if key in found
    }
    problems += [_too_far(old.prices[key], one) for key, one in prices.items() if _moves_too_far(old.prices[key], one)]
    if problems:
        raise RefusedError(problems)
    new = replace(old, published=today, region=region, prices=prices)
    return Renewed(new, tuple(_line(old.prices[key], one) for key, one in prices.items() if _differs(old, one)))


def _of_service(
    wanted: tuple[Selector, ...], open_file: Callable[[], IO[str]], problems: list[str]
) -> dict[str, tuple[Found, date]]:
    candidates = Candidates(wanted)
    with open_file() as file:
        published = _published(stream.facts(file))
    with open_file() as file:
        for sku, product in stream.products(file):
            candidates.look_at(sku, product)
    with open_file() as file:
        terms = {sku: offers for sku, offers in stream.on_demand(file) if sku in candidates.wanted}
    found = {}
    for selector in wanted:
        try:
            found[selector.key] = pick(selector, candidates.skus.get(selector.key, ()), terms), published
        except NotOneError as wrong:
            problems.append(str(wrong))
    return found


def _published(facts: Mapping[str, str]) -> date:
    try:
        return date.fromisoformat(facts.get("publicationDate", "")[:10])
    except ValueError:
        raise stream.PriceFileError("The file does not say when it was published.") from None


def _renewed(old: Price, found: Found, published: date, *, region: str, source: str) -> Price:
    amount = (found.rate * old.per).quantize(PLACES).normalize()
    return replace(old, amount=amount, sku=found.sku, published=published, region=region, source=source)


def _moves_too_far(old: Price, new: Price) -> bool:
    return not old.amount / LARGEST_MOVE <= new.amount <= old.amount * LARGEST_MOVE


def _too_far(old: Price, new: Price) -> str:
    return (
        f"{old.key}: {old.amount:f} would become {new.amount:f}, more than {LARGEST_MOVE} times apart ({new.sku}). "
        "Look at its selector."
    )


def _differs(old: PriceBook, new: Price) -> bool:
    return old.prices[new.key].amount != new.amount


def _line(old: Price, new: Price) -> str:
    moved = (new.amount - old.amount) / old.amount * 100
    return f"{old.key}: {old.amount:f} -> {new.amount:f} per {old.per:f} {old.unit} ({moved:+.1f} %, {new.sku})"


def as_json(book: PriceBook) -> str:
    """A book as its file has it."""
    prices = {
        key: {
            "sku": one.sku,
            "service": one.service,
            "unit": one.unit,
            "per": f"{one.per:f}",
            "price": f"{one.amount:f}",
            "region": one.region,
            "published": one.published.isoformat() if one.published else None,
            "source": one.source,
        }
        for key, one in book.prices.items()
    }
    head = {"published": book.published.isoformat(), "currency": book.currency, "region": book.region}
    return json.dumps({**head, "prices": prices}, indent=2, ensure_ascii=False) + "\n"


def write(book: PriceBook, path: Path) -> None:
    """Replace the file of a book as a whole: whoever reads it meanwhile has the old one or the new one."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(as_json(book))
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(draft, path.stat().st_mode & 0o777)
        os.replace(draft, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        raise
