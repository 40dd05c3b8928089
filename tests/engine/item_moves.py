"""What tests of imports, deletions and copies have in common: a yard, files, reports."""

import io
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.actions.importing import Upload, do_check_import, do_run_import
from provisioning.engine.jobs.chunks import Purpose, read_lines
from provisioning.items.values import Item, dumps, loads_item
from provisioning.models import ItemJob

from .item_yard import ItemYard

RATE = 1_000_000


def numbered(count: int, text: str = "x", begin: int = 0) -> list[Item]:
    """So many items of one person."""
    return [{"user": {"S": "u"}, "at": {"N": str(begin + at)}, "text": {"S": text}} for at in range(count)]


def file_of(items: Iterable[Mapping[str, Any]]) -> bytes:
    """A file of typed lines."""
    return "".join(f"{dumps(item)}\n" for item in items).encode()


def upload(content: bytes, name: str = "items.ndjson") -> Upload:
    """The file as somebody sends it."""
    return Upload(name, len(content), io.BytesIO(content))


def checked(yard: ItemYard, content: bytes, name: str = "items.ndjson", *, drive: bool = True) -> ItemJob:
    """The dry run of a file."""
    job = do_check_import(yard.actor, yard.environment, yard.table, upload(content, name), key=uuid.uuid4())
    job.refresh_from_db()
    return yard.drive(job) if drive else job


def run(yard: ItemYard, dry: ItemJob, mode: str, *, drive: bool = True, rate: int = RATE) -> ItemJob:
    """The run of a dry run."""
    job = do_run_import(yard.actor, yard.table, dry, mode=mode, rate=rate, key=uuid.uuid4())
    return yard.drive(job) if drive else job


def told(job: ItemJob) -> list[tuple[int, str]]:
    """The report: lines, and what is said of each."""
    return [(line["line"], line["problem"]) for line in map(json.loads, read_lines(job, Purpose.REPORT))]


def there(yard: ItemYard) -> list[Item]:
    """Everything in the table, in order."""
    items: list[Item] = yard.client.client.scan(TableName=yard.table.name)["Items"]
    return sorted(items, key=lambda item: (item["user"]["S"], float(item["at"]["N"])))


def kept(job: ItemJob, purpose: Purpose = Purpose.UNDO) -> list[Item]:
    """The items that a job has kept."""
    return [loads_item(line.decode()) for line in read_lines(job, purpose)]
