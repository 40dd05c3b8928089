"""A program at the items of one table."""

import json
import uuid
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils import timezone
from fakes.as_aws import AsAws
from fakes.item_tables import stored

from provisioning.engine.jobs.working import work_on
from provisioning.items.values import Item, dumps
from provisioning.models import ItemJob, Table

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

    def job(self, path: str, sent: object = None, status: int = 202, **headers: str) -> Any:
        """What a POST about jobs answers; a path without a slash in front is below the table."""
        where = path if path.startswith("/") else f"{self.home}/{path}"
        return self.program.post(where, sent, status, **headers)

    def over(self, job: Any) -> Any:
        """A job once the worker is through with it."""
        for _ in range(20):
            told = self.program.get(f"/jobs/{job['id']}")
            if told["over"]:
                return told
            ItemJob.objects.filter(pk=job["id"]).update(next_check_at=timezone.now())
            work_on(uuid.UUID(job["id"]))
        raise AssertionError(f"It did not end: {told['waiting_for']}")

    def upload(self, content: bytes, more: str = "", **headers: str) -> HttpResponse:
        """A file, sent as a body."""
        path = f"/api/v1{self.home}/imports{more}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.program.client.generic(
            "POST", path, content, content_type="application/x-ndjson", headers={**self.program.headers, **named}
        )
        return cast("HttpResponse", answer)

    def file(self, job: Any, form: str = "ndjson") -> HttpResponse:
        """The file of a job, asked for and downloaded."""
        ticket = self.program.post(f"/jobs/{job['id']}/downloads", {"form": form}, 201)
        return self.program.ask("GET", ticket["url"].removeprefix("/api/v1"))

    def there(self) -> list[Item]:
        """Everything in the table, by its id."""
        items: list[Item] = self.aws.client.scan(TableName=self.table.name)["Items"]
        return sorted(items, key=lambda item: str(item["id"]["S"]))

    def stored(self, key: Item = KEY) -> Item | None:
        """What DynamoDB has."""
        return stored(self.aws, key, self.table.name)
