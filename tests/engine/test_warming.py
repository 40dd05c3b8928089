"""The library is linted ahead of the first request, by one worker of many."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from provisioning.blueprints.loader import library
from provisioning.engine import warming
from provisioning.models import Template

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def begun(db: None) -> list[Template]:
    """Every template of the library as another worker has noted it a moment ago; one is not linted yet."""
    warming._warm.clear()
    bodies = {
        stack.template.digest: stack.template.body
        for blueprint in library().blueprints.values()
        for stack in blueprint.stacks.values()
    }
    with time_machine.travel(NOW, tick=False):
        rows = [Template.objects.create(digest=digest, body=body, lint=[]) for digest, body in bodies.items()]
    Template.objects.filter(pk=rows[0].pk).update(lint=None)
    return rows


def test_what_another_worker_has_begun_is_left_to_it_for_a_while(begun: list[Template]) -> None:
    with time_machine.travel(NOW + timedelta(seconds=50)):
        warming.warm_library()

    assert Template.objects.get(pk=begun[0].pk).lint is None


def test_what_another_worker_never_ended_is_taken_over(begun: list[Template]) -> None:
    with time_machine.travel(NOW + timedelta(seconds=50)):
        warming.warm_library()
    with time_machine.travel(NOW + timedelta(seconds=70)):
        warming.warm_library()

    assert isinstance(Template.objects.get(pk=begun[0].pk).lint, list)
