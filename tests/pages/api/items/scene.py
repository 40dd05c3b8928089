"""A program at the items of one table."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from fakes.as_aws import AsAws
from fakes.item_tables import stored

from provisioning.items.values import Item, dumps
from provisioning.models import Table

from ...items.browser import KEY
from ..program import Program, told


def where(**parts: object) -> str:
    """A filter as it stands in an address."""
    return json.dumps(parts)


@dataclass
class Items:
    """A program, a table, and the AWS behind it."""

    program: Program
    table: Table
    aws: AsAws

    @property
    def home(self) -> str:
        """The address of the table."""
        return f"/environments/{self.table.application}/{self.table.environment_name}/tables/{self.table.name}"

    def find(self, status: int = 200, **asked: Any) -> Any:
        """What a query or scan answers; lists are asked several times."""
        return self.program.get(f"{self.home}/items?{urlencode(asked, doseq=True)}", status)

    def ask(self, method: str, sent: object = None, key: Item = KEY, more: str = "", **headers: str) -> HttpResponse:
        """One request about one item."""
        query = urlencode({"key": dumps(key)})
        path, _, rest = more.partition("?")
        return self.program.ask(method, f"{self.home}/item{path}?{query}{f'&{rest}' if rest else ''}", sent, **headers)

    def one(self, key: Item = KEY, status: int = 200) -> Any:
        """One item, as it is told."""
        return told(self.ask("GET", key=key), status)

    def etag(self, key: Item = KEY) -> str:
        """Its version."""
        return str(self.ask("GET", key=key)["ETag"])

    def write(self, method: str, sent: object, status: int = 200, key: Item = KEY, **headers: str) -> Any:
        """A write on the version that is there, unless a header says otherwise."""
        if not headers:
            headers = {"If_Match": self.etag(key)}
        return told(self.ask(method, sent, key, **headers), status)

    def stored(self, key: Item = KEY) -> Item | None:
        """What DynamoDB has."""
        return stored(self.aws, key, self.table.name)
