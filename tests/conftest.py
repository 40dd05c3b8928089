"""The whole suite: a home of its own, no AWS by accident, frozen credentials."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before Django reads its settings: nothing of the person's own Stackyard is touched, and no call reaches real AWS.
_HOME = tempfile.mkdtemp(prefix="stackyard-tests-")
os.environ.update(
    STACKYARD_HOME=_HOME,
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_REGION="us-east-1",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
)
for name in ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "AWS_ENDPOINT_URL", "AWS_PROFILE", "BLUEPRINT_DIRS"):
    os.environ.pop(name, None)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A STACKYARD_HOME for processes that a test starts."""
    yield tmp_path
