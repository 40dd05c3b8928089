"""A new price book from bulk price files: found by attributes, refused when in doubt, written whole."""

import io
import json
import stat
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from provisioning.costs.book import BOOK_FILE, PriceBook, book, read_book
from provisioning.costs.model import HOURS
from provisioning.costs.refreshing import stream
from provisioning.costs.refreshing.finding import selectors

Products = dict[str, dict[str, Any]]


class Files:
    """A folder of small files in AWS's form, with a price for everything in the book."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.published = "2027-01-15T20:04:12Z"
        self.products: dict[str, Products] = {}
        self.terms: dict[str, Products] = {}
        for number, (key, selector) in enumerate(selectors().items()):
            price = book().price(key)
            rate = price.rate / HOURS if selector.month_of else price.rate
            self.add(selector.service, f"SKU{number:04}", selector.where, [(Decimal(0), rate)], key)

    def add(
        self,
        service: str,
        sku: str,
        where: Any,
        tiers: list[tuple[Decimal, Decimal]],
        key: str = "",
    ) -> None:
        """One product with its on-demand price by tier."""
        unit = "Hrs" if key in selectors() and selectors()[key].month_of else "unit"
        attributes = {"servicecode": service, "regionCode": "us-east-1", **where}
        if key.startswith("fargate"):
            attributes["usagetype"] = f"USE1-{attributes['usagetype']}"
        family = selectors()[key].family if key in selectors() else ""
        self.products.setdefault(service, {})[sku] = {"sku": sku, "productFamily": family, "attributes": attributes}
        dimensions = {
            f"{sku}.JRTCKXETXF.{place}": {
                "rateCode": f"{sku}.JRTCKXETXF.{place}",
                "beginRange": f"{start}",
                "endRange": "Inf",
                "unit": unit,
                "pricePerUnit": {"USD": f"{rate:.20f}"},
            }
            for place, (start, rate) in enumerate(tiers)
        }
        offer = {"offerTermCode": "JRTCKXETXF", "sku": sku, "priceDimensions": dimensions, "termAttributes": {}}
        self.terms.setdefault(service, {})[sku] = {f"{sku}.JRTCKXETXF": offer}

    def sku_of(self, key: str) -> tuple[str, str]:
        """The service and the SKU of a price."""
        return selectors()[key].service, f"SKU{list(selectors()).index(key):04}"

    def price(self, key: str, rate: str, *, below: str = "") -> None:
        """Another price; `below` is that of the first units, when they cost less."""
        service, sku = self.sku_of(key)
        where = self.products[service][sku]["attributes"]
        first = [(Decimal(0), Decimal(below)), (Decimal(25), Decimal(rate))] if below else [(Decimal(0), Decimal(rate))]
        usage = where["usagetype"].removeprefix("USE1-") if "usagetype" in where else None
        self.add(service, sku, {**where, **({"usagetype": usage} if usage else {})}, first, key)

    def write(self) -> Path:
        """All files, as AWS has them."""
        for service, products in self.products.items():
            text = json.dumps(
                {
                    "formatVersion": "v1.0",
                    "disclaimer": 'This pricing list is for informational purposes only. {not} "binding"',
                    "offerCode": service,
                    "version": "20270115200412",
                    "publicationDate": self.published,
                    "products": products,
                    "terms": {
                        "OnDemand": self.terms[service],
                        "Reserved": {"SKU0000": {"a": {"b": [1.5, None, True]}}},
                    },
                    "attributesList": {},
                },
                indent=2,
            )
            (self.folder / f"{service}.json").write_text(text)
        return self.folder


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Prices as they are in the shipped book."""
    folder = tmp_path / "offers"
    folder.mkdir()
    return Files(folder)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A book of our own to renew."""
    path = tmp_path / "book.json"
    path.write_text(BOOK_FILE.read_text())
    return path


def refreshed(files: Files, copy: Path, **options: Any) -> tuple[PriceBook, str]:
    """The book after the command, and what the command said."""
    said = io.StringIO()
    call_command("refresh_prices", folder=str(files.write()), book=str(copy), stdout=said, **options)
    return read_book(copy.read_text()), said.getvalue()


def refused(files: Files, copy: Path) -> str:
    """Why the command refuses, having left the book as it was."""
    before = copy.read_bytes()
    with pytest.raises(CommandError) as caught:
        refreshed(files, copy)
    assert copy.read_bytes() == before
    assert [path.name for path in copy.parent.iterdir() if path.is_file()] == [copy.name]
    return str(caught.value)


def test_there_is_a_selector_for_every_price_and_none_besides() -> None:
    assert set(selectors()) == set(book().prices)
    for key, selector in selectors().items():
        if key not in {"fargate.x86.vcpu", "fargate.x86.gb", "fargate.arm.vcpu", "fargate.arm.gb"}:
            assert selector.service == book().price(key).service


def test_every_price_is_found_with_its_sku_day_and_source(files: Files, copy: Path) -> None:
    renewed, said = refreshed(files, copy)
    assert "No price has moved." in said
    for key, price in book().prices.items():
        found = renewed.price(key)
        assert (found.amount, found.per, found.unit) == (price.amount, price.per, price.unit)
        assert (found.sku, found.published) == (files.sku_of(key)[1], date(2027, 1, 15))
        assert found.source == "AWS bulk price files, from a folder"


def test_what_moved_is_told_and_kept(files: Files, copy: Path) -> None:
    files.price("alb.hour", "0.0252")
    files.price("dynamodb.write", "0.0000005")
    renewed, said = refreshed(files, copy)
    assert "alb.hour: 0.0225 -> 0.0252 per 1 application load balancer hour (+12.0 %, SKU" in said
    assert "dynamodb.write: 0.625 -> 0.5 per 1000000 write request unit of up to 1 KB (-20.0 %" in said
    assert (renewed.price("alb.hour").amount, renewed.price("dynamodb.write").amount) == (
        Decimal("0.0252"),
        Decimal("0.5"),
    )


def test_a_dry_run_writes_nothing(files: Files, copy: Path) -> None:
    files.price("alb.hour", "0.0252")
    before = copy.read_bytes()
    assert "Nothing was written." in refreshed(files, copy, dry_run=True)[1]
    assert copy.read_bytes() == before


def test_what_is_free_at_first_counts_at_its_price(files: Files, copy: Path) -> None:
    files.price("dynamodb.storage", "0.26", below="0")
    assert refreshed(files, copy)[0].price("dynamodb.storage").amount == Decimal("0.26")


def test_a_price_by_the_hour_of_what_is_paid_by_the_month(files: Files, copy: Path) -> None:
    files.price("ssm.advanced", "0.0001")
    assert refreshed(files, copy)[0].price("ssm.advanced").amount == Decimal("0.073")


@pytest.mark.parametrize(("rate", "words"), [("0.2", "0.0225 would become 0.2"), ("0.004", "would become 0.004")])
def test_a_price_that_moved_more_than_five_times_is_refused(files: Files, copy: Path, rate: str, words: str) -> None:
    files.price("alb.hour", rate)
    assert words in refused(files, copy)


def test_a_missing_price_is_refused_with_all_others_that_are_wrong(files: Files, copy: Path) -> None:
    service, sku = files.sku_of("ec2.t3.micro")
    del files.products[service][sku]
    service, sku = files.sku_of("nat.gb")
    del files.terms[service][sku]
    said = refused(files, copy)
    assert "ec2.t3.micro: the files have no price for usagetype BoxUsage:t3.micro and operatingSystem Linux" in said
    assert "nat.gb: the files have no price for" in said


def test_two_prices_for_one_are_refused_and_the_same_twice_is_one(files: Files, copy: Path) -> None:
    selector = selectors()["ebs.gp3"]
    files.add(selector.service, "TWIN", selector.where, [(Decimal(0), Decimal("0.08"))])
    refreshed(files, copy)
    files.add(selector.service, "OTHER", selector.where, [(Decimal(0), Decimal("0.09"))])
    assert "ebs.gp3: several prices fit" in refused(files, copy)


def test_what_only_ends_alike_is_another_product(files: Files, copy: Path) -> None:
    files.add("AmazonECS", "SPOT", {"usagetype": "USE1-SpotUsage-Fargate-GB-Hours"}, [(Decimal(0), Decimal("0.001"))])
    files.add("AmazonEC2", "OLD", {"usagetype": "BoxUsage:t3.microscopic"}, [(Decimal(0), Decimal("9"))])
    assert "No price has moved." in refreshed(files, copy)[1]


def test_a_file_that_is_not_there_is_refused(files: Files, copy: Path) -> None:
    files.write()
    (files.folder / "AmazonVPC.json").unlink()
    files.products.pop("AmazonVPC")
    assert "has no AmazonVPC.json" in refused(files, copy)


def test_a_file_without_a_day_is_refused(files: Files, copy: Path) -> None:
    files.published = "yesterday"
    assert "does not say when it was published" in refused(files, copy)


def test_a_file_that_was_cut_off_is_refused(files: Files, copy: Path) -> None:
    files.write()
    path = files.folder / "AmazonEC2.json"
    cut = path.read_text()[:-200]
    files.products.pop("AmazonEC2")
    path.write_text(cut)
    assert "AmazonEC2: The file" in refused(files, copy)


def test_a_book_that_cannot_be_read_is_not_replaced(files: Files, copy: Path) -> None:
    copy.write_text("{}")
    assert "The book cannot be read" in refused(files, copy)


def test_the_file_is_replaced_as_a_whole_and_keeps_its_mode(files: Files, copy: Path) -> None:
    copy.chmod(0o640)
    with copy.open() as reader:
        refreshed(files, copy)
        assert read_book(reader.read()).published == book().published  # whoever had it open has the old one, whole
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert json.loads(copy.read_text())["prices"]["alb.hour"]["sku"] == files.sku_of("alb.hour")[1]


def test_another_region_is_another_book(files: Files, copy: Path) -> None:
    renewed, said = refreshed(files, copy, region="eu-west-1")
    assert renewed.region == "eu-west-1"
    assert "prices of eu-west-1" in said


class Slow(io.StringIO):
    """A file that comes a few characters at a time, as from a network."""

    def read(self, size: int | None = -1, /) -> str:
        return super().read(min(7, size) if size and size > 0 else 7)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(), one, max_size=3))
MEMBERS = st.dictionaries(st.text(), st.dictionaries(st.text(), VALUES, max_size=4), max_size=5)


@given(MEMBERS, MEMBERS, VALUES, st.sampled_from([None, 1]))
def test_a_file_is_read_as_json_has_it_however_it_comes(
    products: Products, terms: Products, other: Any, indent: int | None
) -> None:
    whole = {"a": other, "products": products, "b": other, "terms": {"Reserved": other, "OnDemand": terms}, "c": other}
    text = json.dumps(whole, indent=indent)
    for make in (io.StringIO, Slow):
        assert dict(stream.products(make(text))) == products
        assert dict(stream.on_demand(make(text))) == terms


@given(MEMBERS, st.data())
def test_what_is_cut_off_is_never_taken_for_whole(products: Products, data: st.DataObject) -> None:
    text = json.dumps({"products": products, "terms": {}})
    cut = text[: data.draw(st.integers(0, len(text) - 2))]
    with pytest.raises(stream.PriceFileError):
        list(stream.facts(io.StringIO(cut)).items())


class Endless(io.StringIO):
    """A text that begins and never ends."""

    def read(self, size: int | None = -1, /) -> str:
        return super().read(size) or "x" * 65_536


def test_an_entry_without_end_is_given_up() -> None:
    with pytest.raises(stream.PriceFileError, match="too large"):
        stream.facts(Endless('{"a": "'))
