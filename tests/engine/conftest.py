"""The yard for each test, and templates that were linted before: cfn-lint itself is tested elsewhere."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from .yard import Yard, keep_linted, make_yard

START = datetime(2026, 5, 4, 9, tzinfo=UTC)


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
