"""Nobody has asked anything before a test does: what tokens were used for is counted in the cache."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from provisioning.aws.clients import clients_for


@pytest.fixture(autouse=True)
def _uncounted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing counted, and nothing listens where AWS is looked for."""
    cache.clear()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients_for.cache_clear()
    yield
    clients_for.cache_clear()
