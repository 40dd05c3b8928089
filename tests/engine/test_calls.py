"""How many calls to AWS one create takes: nobody adds one unseen."""

from collections.abc import Callable

import pytest

from .yard import APPLICATIONS, FILESHARE, HELLO, Yard

# DESIGN asks for 25; what stands here is what is reached, and may only go down.
MOST = {HELLO: 22, FILESHARE: 25}


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_create_takes_few_calls(yard: Yard, application: str, record_property: Callable[[str, object], None]) -> None:
    """In an account that is known, with AWS's own policies read before, and stacks that are ready at once."""
    yard.ready(application, "dev-first")
    yard.fake.pace.looks = 0
    yard.fake.calls.clear()
    yard.ready(application, "dev-second")
    record_property("aws calls", yard.fake.calls.total())
    assert yard.fake.calls.total() <= MOST[application], sorted(yard.fake.calls.items())
    assert yard.fake.calls_of("CreateChangeSet") == 2
    assert yard.fake.calls_of("ExecuteChangeSet") == 2
