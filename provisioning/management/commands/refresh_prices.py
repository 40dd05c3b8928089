"""`manage.py refresh_prices`: a new price book from AWS's public bulk price files, or from a folder of them."""

import gzip
import shutil
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from provisioning.costs.book import BOOK_FILE, PriceBookError, read_book
from provisioning.costs.refreshing.renewing import RefusedError, renew, write

ADDRESS = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{service}/current/{region}/index.json"
# Cost Explorer is sold in one place only; its list is by no region.
GLOBAL = {"AWSCostExplorer": "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{service}/current/index.json"}
PATIENCE = 60  # seconds without a byte


class Command(BaseCommand):
    """Refuses a book with a missing price, or one that moved more than five times; prints what moved."""

    help = "Renews the price book from AWS's public bulk price files (no account needed). Restart afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which region, from where, into which book."""
        parser.add_argument("--region", default="", help="Whose prices; left out, those of the book.")
        parser.add_argument("--from", dest="folder", default="", help="A folder with <ServiceCode>.json files instead.")
        parser.add_argument("--book", default=str(BOOK_FILE), help="The book to renew.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would move.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Renew the book, whole or not at all."""
        path = Path(options["book"])
        try:
            old = read_book(path.read_text(encoding="utf-8"))
        except (OSError, PriceBookError) as wrong:
            raise CommandError(f"The book cannot be read: {wrong}") from wrong
        region = options["region"] or old.region
        with tempfile.TemporaryDirectory() as kept:
            opener, source = self._source(options["folder"], region, Path(kept))
            try:
                new = renew(old, opener, today=timezone.now().date(), region=region, source=source)
            except RefusedError as refused:
                listed = "\n".join(f"  {problem}" for problem in refused.problems)
                raise CommandError(f"The book stays as it was:\n{listed}") from refused
            except OSError as away:
                raise CommandError(f"The book stays as it was; a file could not be read: {away}") from away
        for line in new.moved or ("No price has moved.",):
            self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("Nothing was written.")
            return
        write(new.book, path)
        self.stdout.write(f"{len(new.book.prices)} prices of {region}, as of {new.book.published}: {path}")

    def _source(self, folder: str, region: str, kept: Path) -> tuple[Callable[[str], IO[str]], str]:
        if folder:
            return partial(_open_in, Path(folder)), "AWS bulk price files, from a folder"
        return partial(self._download, region, kept), "AWS bulk price files"

    def _download(self, region: str, kept: Path, service: str) -> IO[str]:
        """The file of a service, fetched once and kept on disk while it is read."""
        path = kept / f"{service}.json"
        if not path.exists():
            address = GLOBAL.get(service, ADDRESS).format(service=service, region=region)
            self.stdout.write(f"Reading {address}")
            request = Request(address, headers={"Accept-Encoding": "gzip"})  # noqa: S310  (a fixed https address)
            try:
                with urlopen(request, timeout=PATIENCE) as answer, path.open("wb") as file:  # noqa: S310  (the same)
                    zipped = answer.headers.get("Content-Encoding") == "gzip"
                    shutil.copyfileobj(gzip.GzipFile(fileobj=answer) if zipped else answer, file)
            except URLError as away:
                raise OSError(f"{address}: {away.reason}") from away
        return path.open(encoding="utf-8")


def _open_in(folder: Path, service: str) -> IO[str]:
    for name in (f"{service}.json", f"{service}/index.json"):
        if (folder / name).is_file():
            return (folder / name).open(encoding="utf-8")
    raise OSError(f"{folder} has no {service}.json.")
