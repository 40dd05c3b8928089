"""Several workers on one job, on a database with real row locks: leases that end too early double and lose nothing."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.jobs import Asked, open_job
from provisioning.aws.clients import Clients
from provisioning.engine.jobs.chunks import Purpose, read_lines
from provisioning.engine.jobs.working import work_on
from provisioning.items.values import loads_item
from provisioning.lifecycle import JobKind, JobStatus
from provisioning.models import Account, Environment, ItemJob, Table

from .together import at_once

PAGES, EACH, SEGMENTS, WORKERS = 25, 20, 4, 4
NAME = "dev-races-messages"


class Scanned:
    """A table of so many pages in each segment."""

    def scan(self, **asked: Any) -> dict[str, Any]:
        """One page: the start key is its number."""
        page = int(asked.get("ExclusiveStartKey", {"id": {"S": "0"}})["id"]["S"])
        first = (asked["Segment"] * PAGES + page) * EACH
        items = [{"id": {"S": str(number)}} for number in range(first, first + EACH)]
        answer = {"Items": items, "Count": EACH, "ScannedCount": EACH, "ConsumedCapacity": {"CapacityUnits": 1.0}}
        return answer | ({"LastEvaluatedKey": {"id": {"S": str(page + 1)}}} if page + 1 < PAGES else {})


@pytest.fixture
def job(database_url: str) -> ItemJob:
    """An export that is due tomorrow: workers that run beside this test leave it alone until then."""
    name = uuid.uuid4().hex[:8]
    person = get_user_model().objects.create_user(f"racer-{name}")
    account = Account.objects.create(slug=f"races-{name}", region="us-east-1")
    environment = Environment.objects.create(
        account=account,
        application="hello-erlang",
        name=f"dev-{name}",
        stage="dev",
        owner=person,
        status="ready",
        changed_at=timezone.now(),
    )
    Table.objects.create(
        account=account,
        name=NAME,
        arn=name,
        application="hello-erlang",
        environment_name=environment.name,
        environment=environment,
        described={"keys": [{"attribute": "id", "role": "HASH"}], "attribute_types": {"id": "S"}, "indexes": []},
        seen_at=timezone.now(),
    )
    actor = Actor(person.pk, person.get_username(), frozenset({"engineers"}))
    asked = Asked(goal={"query": [], "segments": SEGMENTS}, held=True)
    made = open_job(actor, environment, NAME, JobKind.EXPORT, asked)
    ItemJob.objects.filter(pk=made.pk).update(next_check_at=timezone.now() + timedelta(days=1))
    return made


def test_workers_that_take_a_job_from_each_other_double_and_lose_nothing(job: ItemJob) -> None:
    table = Scanned()
    taken = 0

    def work() -> int:
        """Work until the job has ended; how often this worker came to something."""
        ticks = 0
        while not ItemJob.objects.filter(pk=job.pk, finished_at__isnull=False).exists():
            ItemJob.objects.filter(pk=job.pk, finished_at=None).update(next_check_at=timezone.now())
            ticks += work_on(job.pk, lambda _target: Clients.of(dynamodb=table)).again_in is not None
        return ticks

    def rob() -> int:
        """Whenever something was recorded, end the lease of whoever holds it, so that another takes over."""
        nonlocal taken
        seen = 0
        while not (found := ItemJob.objects.get(pk=job.pk)).finished_at:
            if found.done >= seen + 3 * EACH and found.lease_until:
                seen = found.done
                past = timezone.now() - timedelta(minutes=1)
                taken += ItemJob.objects.filter(pk=job.pk, finished_at=None).update(lease_until=past, claims=0)
        return taken

    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        at_once(*[work] * WORKERS, rob)

    job.refresh_from_db()
    found = [loads_item(line.decode())["id"]["S"] for line in read_lines(job, Purpose.RESULT)]
    whole = SEGMENTS * PAGES * EACH
    assert job.status == JobStatus.SUCCEEDED, job.problem
    assert sorted(found, key=int) == [str(number) for number in range(whole)]
    assert (job.done, sum(job.parts.values_list("items", flat=True))) == (whole, whole)
    assert taken > 3
