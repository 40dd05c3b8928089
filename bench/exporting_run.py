"""One run of an export, or of the bare scan beside it, in this process. Needs Django set up, and the scripted server;
prints the seconds that it took and the MiB that it grew by as JSON."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from bench.scan_server import ITEMS, SEGMENTS
from portal.accounts.models import User
from provisioning.actions.actor import Actor
from provisioning.actions.jobs import Asked, open_job
from provisioning.engine.accounts import target
from provisioning.engine.jobs.chunks import Purpose, drop_chunks, read_lines
from provisioning.engine.jobs.exporting import columns_of
from provisioning.engine.jobs.working import work_on
from provisioning.engine.reaching import default_aws
from provisioning.items.exporting import CSV, written
from provisioning.lifecycle import EnvironmentStatus, JobKind, JobStatus
from provisioning.models import Account, Environment, ItemJob, Table

NAME = "dev-bench-messages"
MEBIBYTE = 1024 * 1024


class Growth:
    """The most memory that this process has while something is done, over what it had before, in MiB."""

    def __init__(self) -> None:
        self.before = self.most = _resident()
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Growth":
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    @property
    def mebibytes(self) -> float:
        """By how much it grew."""
        return (self.most - self.before) / MEBIBYTE

    def _look(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, _resident())


def run(what: str) -> None:
    """Print how long it took: `bare` or `export`."""
    print(json.dumps(_bare() if what == "bare" else _export()))  # noqa: T201  read by who started this


def _bare() -> dict[str, float]:
    """What everybody would write: a thread for each segment, page after page."""
    account = Account(slug="default", region="us-east-1")
    client = default_aws(target(account)).dynamodb
    client.scan(TableName=NAME, Segment=0, TotalSegments=SEGMENTS)  # the first call builds what all need
    began = time.perf_counter()
    with ThreadPoolExecutor(SEGMENTS) as pool:
        found = sum(pool.map(lambda segment: _scanned(client, segment), range(SEGMENTS)))
    seconds = time.perf_counter() - began
    if found != ITEMS:
        raise RuntimeError(f"The scan found {found} items.")
    return {"seconds": seconds}


def _scanned(client: Any, segment: int) -> int:
    asked: dict[str, Any] = {"TableName": NAME, "Segment": segment, "TotalSegments": SEGMENTS}
    found = 0
    while True:
        page: dict[str, Any] = client.scan(**asked)
        found += int(page["Count"])
        if "LastEvaluatedKey" not in page:
            return found
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _export() -> dict[str, float]:
    call_command("migrate", "--no-input", verbosity=0)
    environment, actor = _rows()
    default_aws(target(environment.account)).dynamodb.scan(TableName=NAME, Segment=0, TotalSegments=SEGMENTS)
    job = open_job(actor, environment, NAME, JobKind.EXPORT, Asked(goal={"query": [], "segments": SEGMENTS}))
    with Growth() as grown:
        began = time.perf_counter()
        while job.status in {JobStatus.QUEUED, JobStatus.RUNNING}:
            work_on(job.pk)
            job.refresh_from_db()
        seconds = time.perf_counter() - began
    if (job.status, job.done) != (JobStatus.SUCCEEDED, ITEMS):
        raise RuntimeError(f"The export is {job.status} with {job.done} items: {job.problem}")
    with Growth() as grown_by_csv:
        began = time.perf_counter()
        rows = sum(1 for _ in written(CSV, read_lines(job, Purpose.RESULT), columns_of(job)))
        csv = time.perf_counter() - began
    if rows != ITEMS + 1:
        raise RuntimeError(f"The CSV has {rows} rows.")
    drop_chunks(job)
    return {"seconds": seconds, "growth": grown.mebibytes, "csv": csv, "csv_growth": grown_by_csv.mebibytes}


def _rows() -> tuple[Environment, Actor]:
    """The table as a survey would know it, and somebody who asks; those of an earlier run where they are there."""
    person, _ = User.objects.get_or_create(username="alice")
    account, _ = Account.objects.get_or_create(slug="default", defaults={"region": "us-east-1"})
    environment, _ = Environment.objects.get_or_create(
        application="hello-erlang",
        name="dev",
        defaults={
            "stage": "dev",
            "account": account,
            "owner": person,
            "status": EnvironmentStatus.READY,
            "changed_at": timezone.now(),
        },
    )
    described = {"keys": [{"attribute": "user", "role": "HASH"}, {"attribute": "id", "role": "RANGE"}]}
    Table.objects.get_or_create(
        account=account,
        name=NAME,
        defaults={
            "arn": "arn",
            "application": "hello-erlang",
            "environment_name": "dev",
            "environment": environment,
            "described": {**described, "attribute_types": {"user": "S", "id": "S"}, "indexes": []},
            "seen_at": timezone.now(),
        },
    )
    ItemJob.objects.filter(environment=environment).update(next_check_at=None)
    return environment, Actor(person.pk, "alice", frozenset({"engineers"}))


def _resident() -> int:
    """Bytes of memory that are this process's now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
