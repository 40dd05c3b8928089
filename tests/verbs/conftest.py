"""Five people, an account, and environments in the states that verbs meet."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group

from portal.accounts.models import User
from provisioning.actions.actor import Actor
from provisioning.models import Account, Change, Environment

from .rows import BLUEPRINT, COMPUTE, DATA, asked_for, awaiting, brought_up

Made = Callable[..., Environment]


def person(name: str, *groups: str) -> Actor:
    """Somebody who can sign in, as the verbs see them."""
    user = User.objects.create_user(name)
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return Actor(user.pk, name, frozenset(groups), "192.0.2.7")


@pytest.fixture
def alice(db: None) -> Actor:
    """An engineer."""
    return person("alice", "engineers")


@pytest.fixture
def bob(db: None) -> Actor:
    """Another engineer."""
    return person("bob", "engineers")


@pytest.fixture
def ada(db: None) -> Actor:
    """An admin."""
    return person("ada", "admins")


@pytest.fixture
def grace(db: None) -> Actor:
    """Another admin."""
    return person("grace", "admins")


@pytest.fixture
def audrey(db: None) -> Actor:
    """An auditor."""
    return person("audrey", "auditors")


@pytest.fixture
def account(db: None) -> Account:
    """The one AWS account."""
    return Account.objects.create(slug="default", region="us-east-1", account_id="123456789012")


@pytest.fixture
def live(account: Account, alice: Actor) -> Environment:
    """alice's hello-erlang/dev-alice with both stacks up."""
    return brought_up(asked_for(alice, "dev-alice"))


@pytest.fixture
def shared(account: Account, alice: Actor) -> Environment:
    """hello-erlang/dev, which is nobody's alone, with both stacks up."""
    return brought_up(asked_for(alice, "dev"))


@pytest.fixture
def waiting(account: Account, alice: Actor) -> Change:
    """alice's request of hello-erlang/prod: planned, and waiting for a decision."""
    return awaiting(asked_for(alice, "prod"))


@pytest.fixture
def vault(account: Account, tmp_path: Path, settings: Any) -> Path:
    """One more application, whose two stacks take passwords, and whose prod asks for two approvals."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "blueprint.yaml").write_text(BLUEPRINT)
    (folder / "data.yaml").write_text(DATA)
    (folder / "compute.yaml").write_text(COMPUTE)
    settings.BLUEPRINT_DIRS = [tmp_path]
    return folder
