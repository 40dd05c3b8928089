"""A portal to ask over HTTP, people with a terminal and a token, and tables with items."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from fakes.as_aws import AsAws, reached
from fakes.item_tables import make_table, row_of
from moto import mock_aws

from portal.accounts.models import Scope, User
from provisioning.aws.clients import clients_for
from provisioning.engine.jobs.working import work_on
from provisioning.models import Account, Environment, ItemJob, Table

from .. import rows
from ..api.program import token_for
from ..items.browser import ITEM
from ..tables.scene import MESSAGES, make_messages, message, put
from .served import Served, Terminal


@pytest.fixture(autouse=True)
def _uncounted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody has asked anything before: what tokens were used for is counted in the cache. Nothing listens where AWS is
    looked for."""
    cache.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients_for.cache_clear()
    yield
    clients_for.cache_clear()


@pytest.fixture
def served(account: Account) -> Iterator[Served]:
    """The portal, over HTTP."""
    found = Served()
    yield found
    found.close()


@pytest.fixture
def terminal_of(served: Served, tmp_path: Path) -> Callable[..., Terminal]:
    """A terminal of that person, whose token may all or these."""

    def made(user: User, *scopes: Scope) -> Terminal:
        home = tmp_path / user.username
        token = token_for(user, *scopes, name="terminal").text
        return Terminal(str(home), STACKYARD_URL=served.url, STACKYARD_TOKEN=token)

    return made


@pytest.fixture
def alice_types(alice: User, terminal_of: Callable[..., Terminal]) -> Terminal:
    """Alice, an engineer, with a token that may everything."""
    return terminal_of(alice)


@pytest.fixture
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsAws]:
    """DynamoDB with AWS's limits."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings.ITEM_READS_PER_PERSON = settings.ITEM_READS_PER_TABLE = 0
    with mock_aws(), reached(settings) as dynamodb:
        yield dynamodb


@pytest.fixture
def messages(dev: Environment, aws: AsAws) -> Table:
    """60 messages of one user."""
    return make_messages(aws, dev, f"{dev.name}{MESSAGES}")


@pytest.fixture
def things(dev: Environment, aws: AsAws) -> Table:
    """A table with one item under a partition and a sort key."""
    make_table(aws, items=[ITEM])
    return row_of(dev, aws)


@pytest.fixture
def staging(alice: User, messages: Table, aws: AsAws) -> Table:
    """The messages of staging: one is gone, one differs, one is there only."""
    found = make_messages(aws, rows.environment(alice, "staging", stage="staging"), f"staging{MESSAGES}")
    aws.client.delete_item(TableName=found.name, Key={"id": {"S": "m001"}})
    put(aws, found.name, [message(2, text={"S": "other"}), message(100)])
    return found


@pytest.fixture
def prod(alice: User, dev: Environment, aws: AsAws) -> Table:
    """The messages of prod."""
    return make_messages(aws, rows.environment(alice, "prod"), f"prod{MESSAGES}")


@pytest.fixture
def worker(served: Served) -> None:
    """A worker beside the server: whenever somebody has asked something, it does what there is to do."""

    def work() -> None:
        ItemJob.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())
        for job in ItemJob.objects.filter(next_check_at__isnull=False):
            work_on(job.pk)

    served.after = work
