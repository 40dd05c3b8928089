"""AWS in process for the gateway: moto where it behaves like AWS, scripted answers where it does not."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from provisioning.aws.clients import Clients, Target

from .scripts import Script


@pytest.fixture(autouse=True)
def made_up_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """No test can reach a real account, whatever the machine is signed in to."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def aws() -> Iterator[Clients]:
    """Clients of an empty account in moto."""
    with mock_aws():
        yield Clients(Target(region="us-east-1"))


@pytest.fixture
def script() -> Iterator[Script]:
    """Make clients whose one service answers as scripted; every scripted answer must be asked for."""
    stubbers: list[Stubber] = []

    def make(name: str) -> tuple[Clients, Stubber]:
        service = {"tagging": "resourcegroupstaggingapi", "cost_explorer": "ce"}.get(name, name.replace("_", "-"))
        client = boto3.Session(region_name="us-east-1").client(service)  # type: ignore[call-overload]
        stubber = Stubber(client)
        stubber.activate()
        stubbers.append(stubber)
        return Clients.of(**{name: client}), stubber

    yield make
    for stubber in stubbers:
        stubber.assert_no_pending_responses()
