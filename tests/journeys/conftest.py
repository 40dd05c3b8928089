"""One whole Stackyard for the tier, the people who use it, and a view of its AWS past Stackyard."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from bench.running import Running, free_ports, launch_of
from bench.visitor import Visitor
from tools.ports import LOOPBACK

from .relay import Relay

BROKEN = """\
title: Crooked
summary: It was right yesterday.
owner: nobody
version: '1.0'
stacks: 7
"""


@pytest.fixture(scope="session")
def blueprint_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the team's own blueprints; the one in it is broken from the start."""
    folder = tmp_path_factory.mktemp("blueprints")
    (folder / "crooked").mkdir()
    (folder / "crooked" / "blueprint.yaml").write_text(BROKEN)
    return folder


@pytest.fixture(scope="session")
def _aws_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def _one_relay(_aws_port: int) -> Iterator[Relay]:
    relay = Relay(f"http://{LOOPBACK}:{_aws_port}")
    yield relay
    relay.close()


@pytest.fixture
def relay(_one_relay: Relay) -> Iterator[Relay]:
    """What stands between Stackyard and the Parameter Store and containers of its AWS."""
    yield _one_relay
    _one_relay.plain()


@pytest.fixture(scope="session")
def _one_yard(
    tmp_path_factory: pytest.TempPathFactory, blueprint_folder: Path, _aws_port: int, _one_relay: Relay
) -> Iterator[Running]:
    port, aws_port = free_ports(1)[0], _aws_port
    between = {"AWS_ENDPOINT_URL_ECS": _one_relay.address, "AWS_ENDPOINT_URL_SSM": _one_relay.address}
    extra = {"BLUEPRINT_DIRS": str(blueprint_folder), **between}
    yard = Running(launch_of(tmp_path_factory.mktemp("home"), port, aws_port, extra))
    try:
        yard.bring_up()
        yield yard
    finally:
        yard.close()


@pytest.fixture
def yard(_one_yard: Running) -> Running:
    """Stackyard, with everything running."""
    _one_yard.mend()
    return _one_yard


@pytest.fixture(scope="session")
def _signed_in() -> dict[str, Visitor]:
    """Who has signed in, as they were right after it."""
    return {}


@pytest.fixture
def person(yard: Running, _signed_in: dict[str, Visitor]) -> Callable[[str], Visitor]:
    """Somebody of that name who is signed in, in a browser of this test's own."""

    def of(name: str) -> Visitor:
        if name not in _signed_in:
            _signed_in[name] = Visitor(yard.address).sign_in(name)
        return _signed_in[name].twin()

    return of


@pytest.fixture
def alice(person: Callable[[str], Visitor]) -> Visitor:
    """An engineer."""
    return person("alice")


@pytest.fixture
def bob(person: Callable[[str], Visitor]) -> Visitor:
    """Another engineer."""
    return person("bob")


@pytest.fixture
def ada(person: Callable[[str], Visitor]) -> Visitor:
    """An admin."""
    return person("ada")


@pytest.fixture
def aws(yard: Running) -> Callable[[str], Any]:
    """Clients of the local AWS that Stackyard knows nothing of."""
    session: Any = boto3.Session("test", "test", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=yard.endpoint)


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
