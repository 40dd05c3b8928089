"""Five people who can sign in, and the account that environments live in."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from portal.accounts.models import User
from provisioning.models import Account, Environment

from . import rows


def _person(name: str, group: str) -> User:
    user = User.objects.create_user(name, first_name=name.capitalize())
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


@pytest.fixture
def alice(db: None) -> User:
    """An engineer."""
    return _person("alice", "engineers")


@pytest.fixture
def bob(db: None) -> User:
    """Another engineer."""
    return _person("bob", "engineers")


@pytest.fixture
def ada(db: None) -> User:
    """An admin."""
    return _person("ada", "admins")


@pytest.fixture
def grace(db: None) -> User:
    """Another admin."""
    return _person("grace", "admins")


@pytest.fixture
def audrey(db: None) -> User:
    """An auditor."""
    return _person("audrey", "auditors")


@pytest.fixture
def account(db: None) -> Account:
    """The one AWS account."""
    return Account.objects.create(slug="default", region="us-east-1", account_id="123456789012")


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """The browser of somebody who has signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def dev(alice: User, account: Account) -> Environment:
    """Alice's own environment of hello-erlang, ready."""
    return rows.environment(alice, "dev-alice", monthly_cost="34.99")
