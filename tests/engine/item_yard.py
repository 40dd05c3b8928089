"""An environment with a table in moto, and jobs on it, brought on by hand."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from django.contrib.auth.models import Group
from django.utils import timezone
from fakes.as_aws import AsAws, Script, plain

from portal.accounts.models import User
from provisioning.actions.actor import Actor
from provisioning.actions.jobs import Asked, open_job
from provisioning.aws import dynamodb
from provisioning.aws.clients import Clients
from provisioning.engine.jobs.working import Worked, work_on
from provisioning.lifecycle import EnvironmentStatus, JobKind
from provisioning.models import Account, Environment, ItemJob, Table

NAME = "dev-hello-erlang-messages"
PAGE_BYTES = 33_000  # of a page, so that many small ones take little time; AWS's has a megabyte
BATCH = 25  # items at most in one call that writes several
_DATA = frozenset({"scan", "query", "get_item", "put_item", "delete_item", "batch_get_item", "batch_write_item"})


class KilledError(BaseException):
    """A worker that ends in the middle: nothing catches it, as nothing catches a kill."""


@dataclass
class Telling:
    """A DynamoDB client that tells of its calls, and does something before some of them."""

    client: Any
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    hooks: list[Callable[[str, int], None]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if name not in _DATA:
            return found

        def call(**request: Any) -> Any:
            self.asked.append((name, request))
            for hook in list(self.hooks):
                hook(name, len(self.asked))
            return found(**request)

        return call


def throttled(operation: str = "Scan") -> ClientError:
    """What AWS says of too much."""
    return ClientError(
        {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "Slow down."}}, operation
    )


def problem_of(job: ItemJob) -> dict[str, Any]:
    """Why a job failed."""
    assert job.problem is not None
    found: dict[str, Any] = job.problem
    return found


@dataclass
class ItemYard:
    """One table `messages` (user, at) with an index by `kind`."""

    client: Telling
    environment: Environment
    table: Table
    actor: Actor

    @property
    def aws(self) -> Clients:
        """Clients whose DynamoDB is the yard's."""
        return Clients.of(dynamodb=self.client)

    @property
    def aws_rules(self) -> Script:
        """What this AWS does, and how large its pages are."""
        script: Script = self.client.client.script
        return script

    def put(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Items in wire form, as they are: they are just there, and no call of theirs is counted."""
        name, aws = self.table.name, self.client.client
        keys = aws.keys(name).table
        waiting = {str([item.get(key) for key in keys]): dict(item) for item in items}
        while waiting:
            some = [waiting.pop(key) for key in list(waiting)[:BATCH]]
            aws.client.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in some]})

    def remake(self, key: str) -> None:
        """Delete the table outside, and make another one of its name with this one key; its row stays as it was."""
        client = self.client.client
        client.delete_table(TableName=self.table.name)
        client.create_table(
            TableName=self.table.name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def open(self, kind: JobKind = JobKind.EXPORT, rate: int | None = None, **goal: Any) -> ItemJob:
        """A job that is due."""
        asked = Asked(goal={"query": [], "segments": 4, **goal}, rate=rate)
        return open_job(self.actor, self.environment, self.table.name, kind, asked)

    def tick(self, job: ItemJob) -> Worked:
        """One tick, after which the row is read again."""
        try:
            return work_on(job.pk, lambda _target: self.aws)
        finally:
            job.refresh_from_db()

    def killed(self, job: ItemJob) -> None:
        """One tick in which the worker is killed; its lease is past afterwards."""
        with suppress(KilledError):
            self.tick(job)
        ItemJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        job.refresh_from_db()

    def drive(self, job: ItemJob, most: int = 50) -> ItemJob:
        """Ticks until the job has ended, whatever it waits for."""
        for _ in range(most):
            if job.finished_at is not None:
                return job
            ItemJob.objects.filter(pk=job.pk).update(next_check_at=timezone.now())
            self.tick(job)
        raise AssertionError(f"{job} did not end: {job.status} {job.waiting_for}")


def make_yard(*, stage: str = "dev", name: str = NAME) -> ItemYard:
    """The yard; `mock_aws` is to be on."""
    client = plain("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "user", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "kind", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-kind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    telling = Telling(AsAws(client))
    telling.client.script.page_bytes = PAGE_BYTES
    user = User.objects.create_user(f"alice-{stage}")
    user.groups.add(Group.objects.get_or_create(name="engineers")[0])
    account = Account.objects.create(slug=f"default-{stage}", region="us-east-1", account_id="123456789012")
    environment = Environment.objects.create(
        account=account,
        application="hello-erlang",
        name=stage,
        stage=stage,
        owner=user,
        status=EnvironmentStatus.READY,
        changed_at=timezone.now(),
    )
    table = Table.objects.create(
        account=account,
        name=name,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}",
        application="hello-erlang",
        environment_name=stage,
        environment=environment,
        stack_name=f"hello-erlang-data-{stage}",
        logical_id="MessagesTable",
        described=_described(client, name),
        seen_at=timezone.now(),
    )
    actor = Actor(user.pk, user.get_username(), frozenset({"engineers"}), "192.0.2.7")
    return ItemYard(telling, environment, table, actor)


def _described(client: Any, name: str) -> dict[str, Any]:
    found = dynamodb.describe_table(Clients.of(dynamodb=client), name)
    assert found is not None
    shown = ("keys", "attribute_types", "indexes", "billing_mode", "read_capacity", "write_capacity")
    return {key: value for key, value in asdict(found).items() if key in shown}
