"""A portal to ask over HTTP, and people with a terminal and a token."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.cache import cache

from portal.accounts.models import Scope, User
from provisioning.aws.clients import clients_for
from provisioning.models import Account

from ..api.program import token_for
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
