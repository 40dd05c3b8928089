"""Where the machine begins."""

from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model

from engine.conftest import START
from engine.yard import make_yard
from provisioning.actions.actor import ADMINS, Actor
from provisioning.actions.adopting import do_request_adopt
from provisioning.actions.requesting import Ask
from provisioning.blueprints.loader import library
from provisioning.engine.surveying import survey
from provisioning.lifecycle import ChangeKind

from . import outside
from .estate import ESTATE, build
from .machine import Start


@pytest.fixture
def start(clock: time_machine.Traveller, db: None, tmp_path: Path, settings: Any) -> Start:
    """dev and prod are up and hold items; staging was made by hand."""
    own = build(tmp_path)
    settings.BLUEPRINT_DIRS = [tmp_path]
    assert not library().problems
    clock.move_to(START)
    yard = make_yard(clock)
    mona = get_user_model().objects.create(username="mona")
    people = {actor.name: actor for actor in (yard.alice, yard.bob, yard.ada)}
    people["mona"] = Actor(mona.pk, "mona", frozenset({ADMINS}))
    yard.fake.pace.resources = 20
    for name in ("dev", "prod"):
        yard.ready(ESTATE, name)
    outside.make_pair(yard.fake, "staging")
    for number, table in enumerate(yard.fake.world.tables.values(), 2):
        table.items.update({str(item): {} for item in range(number)})
    return Start(yard, people, own)


@pytest.fixture
def start_without_stacks(start: Start) -> Start:
    """The stacks of dev and prod were deleted since; their tables are in no stack. staging was adopted."""
    yard = start.again()
    for name in ("dev", "prod"):
        for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
            start.carry_out(name, kind)
    survey(yard.account.pk, yard.fake.aws_for)
    ask = Ask(ChangeKind.ADOPT, reason="so it is")
    start.agree(yard.drive(do_request_adopt(yard.alice, ESTATE, "staging", ask)))
    return Start(yard, start.people, start.own)
