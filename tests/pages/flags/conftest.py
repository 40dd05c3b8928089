"""Environments of fileshare with their parameters, read just now; Parameter Store in moto, which Stackyard reaches."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from fakes.as_aws import plain
from moto import mock_aws

from portal.accounts.models import User
from provisioning.aws.clients import clients_for
from provisioning.blueprints.loader import SHIPPED, library
from provisioning.models import Account, Environment

from .. import rows
from .scene import APPLICATION, FLAG, MORE_FLAGS, ClientOf, Flags, parameter, path_row


def _environment(owner: User, name: str, application: str = APPLICATION) -> Environment:
    made = rows.environment(owner, name, application)
    path_row(made)
    parameter(made, FLAG, "true")
    return made


@pytest.fixture
def shared(alice: User, account: Account) -> Environment:
    """fileshare/dev, which is nobody's alone."""
    return _environment(alice, "dev")


@pytest.fixture
def staging(alice: User, account: Account) -> Environment:
    """fileshare/staging."""
    return _environment(alice, "staging")


@pytest.fixture
def prod(alice: User, account: Account) -> Environment:
    """fileshare/prod."""
    return _environment(alice, "prod")


@pytest.fixture
def gallery(alice: User, account: Account, tmp_path: Path, settings: Any) -> Environment:
    """The dev of an application as fileshare, with a flag of every type."""
    folder = tmp_path / "gallery"
    shutil.copytree(SHIPPED / APPLICATION, folder)
    for file in folder.glob("*.yaml"):
        text = file.read_text().replace("/fileshare/", "/gallery/")
        file.write_text(text.replace("\nflags:\n", f"\nflags:\n{MORE_FLAGS}"))
    settings.BLUEPRINT_DIRS = [tmp_path]
    assert not library().problems
    return _environment(alice, "dev", "gallery")


@pytest.fixture
def flags(client_of: ClientOf, alice: User) -> Flags:
    """alice on the pages of flags."""
    return Flags(client_of(alice))


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch, account: Account) -> Iterator[Any]:
    """Parameter Store, and whatever else of AWS a page may ask, which Stackyard reaches by its own clients."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    account.facts_at = timezone.now()
    account.save()
    clients_for.cache_clear()
    with mock_aws():
        yield plain("ssm")
    clients_for.cache_clear()
