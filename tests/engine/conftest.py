"""The yard for each test, the two sides of the contract, and templates linted before (cfn-lint is tested elsewhere)."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from fakes.aws import FakeAws
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

from bench.running import Running, free_ports, launch_of
from provisioning.aws.clients import Clients, Target
from provisioning.blueprints.loader import library

from .sides import EMULATOR, FAKE, Side
from .vault import lay_out
from .yard import Yard, keep_linted, make_yard

START = datetime(2026, 5, 4, 9, tzinfo=UTC)


class Shared(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """How processes share the tests: one by one, but a scenario of the crash matrix, which is played once for all tests
    of it and takes longest, goes to one of them, and before everything else."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return test.partition("[")[2].rstrip("]").partition("-")[0] if file.endswith("test_matrix.py") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Shared:
    """What pytest-xdist asks in the process that shares the tests out."""
    return Shared(config, log)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still, until a test moves it."""
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def linted(db: None) -> None:
    """The library's templates, as the first sweep leaves them: linted, without findings."""
    keep_linted()


@pytest.fixture
def yard(clock: time_machine.Traveller, linted: None) -> Yard:
    """An account, people, a scripted AWS."""
    return make_yard(clock)


@pytest.fixture
def vault(yard: Yard, tmp_path: Path, settings: Any) -> Path:
    """One more application, whose templates a test may edit."""
    own = lay_out(tmp_path)
    settings.BLUEPRINT_DIRS = [tmp_path]
    assert not library().problems
    keep_linted()
    return own


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a local AWS of our own."""
    port, aws_port = free_ports(2)
    running = Running(launch_of(tmp_path_factory.mktemp("home"), port, aws_port))
    try:
        running.start_aws()
        yield running.endpoint
    finally:
        running.close()


@pytest.fixture(params=[FAKE, EMULATOR])
def side(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Side:
    """Each of the two in turn."""
    name = f"t{uuid.uuid4().hex[:10]}"
    if request.param == FAKE:
        fake = FakeAws()
        return Side(FAKE, fake.clients(), name, fake)
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("emulator"))
    return Side(EMULATOR, Clients(Target("us-east-1")), name)
