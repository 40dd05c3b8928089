"""A Stackyard with two workers on a database and a Redis of this run alone.

The database is made for the run and dropped after it; the programs and the tests share it. TEST_REDIS_URL names the
Redis and the number of its database, else the first empty one is used; only that one is ever emptied.
"""

import uuid
from collections.abc import Generator, Iterator
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from pytest_django import DjangoDbBlocker
from redis import Redis

from bench.running import Running, free_ports, launch_of
from bench.visitor import Visitor

WORKERS = ("worker", "worker-2")


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis database of our own, emptied in the end."""
    address = urlsplit(settings.CELERY_BROKER_URL)
    named = address.path.strip("/")
    numbers = [int(named)] if named.isdigit() else list(range(15, 0, -1))
    for number in numbers:
        ours: Redis = Redis.from_url(address._replace(path=f"/{number}").geturl())
        if named.isdigit() or ours.dbsize() == 0:
            break
    else:
        pytest.fail("TEST_REDIS_URL: none of the databases 1 to 15 is empty.")
    ours.flushdb()
    yield ours
    ours.flushdb()
    ours.close()


@pytest.fixture(scope="session")
def database_url(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address of the run's database, open to the tests as well and not rolled back between them."""
    used = connections["default"].settings_dict
    used["TEST"]["NAME"] = f"stackyard_{uuid.uuid4().hex[:12]}"
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        who = ":".join(quote(str(used[part]), safe="") for part in ("USER", "PASSWORD") if used[part])
        yield f"postgres://{who}@{used['HOST']}:{used['PORT'] or 5432}/{used['NAME']}"
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def _one_yard(tmp_path_factory: pytest.TempPathFactory, database_url: str, redis: Redis) -> Iterator[Running]:
    kwargs = redis.connection_pool.connection_kwargs
    broker = urlsplit(settings.CELERY_BROKER_URL)._replace(path=f"/{kwargs['db']}").geturl()
    port, aws_port = free_ports(2)
    extra = {"DATABASE_URL": database_url, "CELERY_BROKER_URL": broker}
    yard = Running(launch_of(tmp_path_factory.mktemp("home"), port, aws_port, extra))
    try:
        yard.start_aws()
        yard.manage("seed_demo")
        for worker in WORKERS:
            yard.start_worker(worker)
        yard.start_web()
        yield yard
    finally:
        yard.close()


@pytest.fixture
def yard(_one_yard: Running) -> Running:
    """Stackyard, with both workers running."""
    for worker in WORKERS:
        if worker not in _one_yard.children:
            _one_yard.start_worker(worker)
    return _one_yard


@pytest.fixture
def alice(yard: Running) -> Visitor:
    """An engineer."""
    return Visitor(yard.address).sign_in("alice")


@pytest.fixture
def bob(yard: Running) -> Visitor:
    """Another engineer."""
    return Visitor(yard.address).sign_in("bob")


@pytest.fixture
def ada(yard: Running) -> Visitor:
    """An admin."""
    return Visitor(yard.address).sign_in("ada")


@pytest.fixture
def grace(yard: Running) -> Visitor:
    """Another admin."""
    return Visitor(yard.address).sign_in("grace")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every log beside a failure."""
    report = yield
    running = getattr(item, "funcargs", {}).get("yard")
    if report.failed and isinstance(running, Running):
        report.sections.append(("Logs of Stackyard", running.logs()))
    return report
