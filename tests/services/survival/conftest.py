"""One deployment for the package on a PostgreSQL and a Redis of its own; the tests look into the same database."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from bench.running import Running
from bench.visitor import Visitor
from tools.ports import LOOPBACK

from .deployment import Deployment, ports
from .lives import Life, Traces, all_rest, traces
from .servers import OwnPostgres, OwnRedis


@pytest.fixture(scope="package")
def _one_deployment(
    tmp_path_factory: pytest.TempPathFactory, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Deployment]:
    numbers = ports()
    postgres, redis = OwnPostgres(numbers["postgres"]), OwnRedis(numbers["redis"])
    deployment = Deployment(tmp_path_factory.mktemp("home"), postgres, redis, numbers)
    ours = connections["default"].settings_dict
    before = dict(ours)
    connections.close_all()
    with django_db_blocker.unblock():
        try:
            postgres.start()
            postgres.make_database()
            redis.start()
            ours.update(HOST=LOOPBACK, PORT=postgres.port, NAME=postgres.NAME, USER="postgres", PASSWORD="")
            deployment.bring_up()
            yield deployment
        finally:
            deployment.close()
            connections.close_all()
            ours.update(before)
            redis.close()
            postgres.close()


@pytest.fixture
def yard(_one_deployment: Deployment) -> Deployment:
    """The deployment, with everything running."""
    _one_deployment.mend()
    return _one_deployment


@pytest.fixture
def aws(yard: Running) -> Callable[[str], Any]:
    """Clients of its AWS that Stackyard knows nothing of."""
    session: Any = boto3.Session("test", "test", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=yard.endpoint)


@pytest.fixture(scope="package")
def _quiet() -> dict[int, Traces]:
    return {}


@pytest.fixture
def quiet(alice: Visitor, aws: Callable[[str], Any], _quiet: dict[int, Traces]) -> dict[int, Traces]:
    """What one undisturbed life leaves, by how many changes it had: created, updated, parked."""
    if not _quiet:
        life = Life("dev-quiet").begin(alice)
        for asked in range(1, 4):
            all_rest([life], "a quiet life goes on")
            _quiet[asked] = traces(aws, life.name)
            if asked < 3:
                life.go_on(alice)
    return _quiet
