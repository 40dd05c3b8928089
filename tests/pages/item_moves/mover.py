"""Somebody who moves items through the pages, and the worker beside them."""

import re
import uuid
from dataclasses import dataclass
from html import unescape
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from fakes.as_aws import AsAws

from provisioning.engine.jobs.chunks import Purpose, read_lines
from provisioning.engine.jobs.working import work_on
from provisioning.items.values import Item, dumps, loads_item
from provisioning.models import ItemJob, Table

from ..tables.scene import message

RATE = 500


def file_of(*items: Item) -> bytes:
    """A file of typed lines."""
    return "".join(f"{dumps(item)}\n" for item in items).encode()


def kept(job: ItemJob) -> list[Item]:
    """The items that a job has kept to be put back."""
    return [loads_item(line.decode()) for line in read_lines(job, Purpose.UNDO)]


def words(answer: HttpResponse) -> str:
    """What a page says, without its tags."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(text))


@dataclass
class Mover:
    """A browser, a table, and the AWS behind it."""

    browser: Client
    table: Table
    aws: AsAws

    def address(self, name: str, job: ItemJob | None = None) -> str:
        """The address of a page of the table, or of a job of it."""
        environment = self.table.environment
        assert environment is not None
        where = [environment.application, environment.name, self.table.name]
        return reverse(name, args=[*where, *([job.pk] if job else [])])

    def get(self, name: str, job: ItemJob | None = None, query: str = "") -> HttpResponse:
        """A page."""
        return self.browser.get(self.address(name, job) + query)  # type: ignore[return-value]  # a response all the same

    def post(self, name: str, job: ItemJob | None = None, query: str = "", **sent: Any) -> HttpResponse:
        """A form."""
        sent = {"key": str(uuid.uuid4()), "rate": RATE, **sent}
        return self.browser.post(self.address(name, job) + query, sent)  # type: ignore[return-value]  # as above

    def upload(self, content: bytes, name: str = "items.ndjson", **sent: Any) -> HttpResponse:
        """A file, sent."""
        return self.post("table_import", file=SimpleUploadedFile(name, content), **{"notation": "find-out", **sent})

    def came_of(self, answer: HttpResponse) -> ItemJob:
        """The job that an answer leads to, when the worker is through with it."""
        assert answer.status_code == 302, words(answer)
        job = ItemJob.objects.get(pk=answer["Location"].rstrip("/").rsplit("/", 1)[-1])
        for _ in range(20):
            if job.finished_at is not None:
                return job
            ItemJob.objects.filter(pk=job.pk).update(next_check_at=timezone.now())
            work_on(job.pk)
            job.refresh_from_db()
        raise AssertionError(f"{job} did not end: {job.waiting_for}")

    def there(self) -> list[Item]:
        """Everything in the table, by its id."""
        items: list[Item] = self.aws.client.scan(TableName=self.table.name)["Items"]
        return sorted(items, key=lambda item: str(item["id"]["S"]))

    def more(self, count: int, begin: int = 100) -> list[Item]:
        """Messages that are not there."""
        return [message(begin + number) for number in range(count)]
