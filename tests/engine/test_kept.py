"""An environment that is put there is the one that the engine makes."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import pytest
from django.db import connection, transaction
from django.utils import timezone
from fakes.aws import FakeAws

from provisioning.lifecycle import ChangeKind
from provisioning.models import Account, Environment

from .conftest import START
from .kept import put_up
from .matrix.picture import differences, picture
from .matrix.stage import apart
from .yard import APPLICATIONS, HELLO, UPDATED, Yard

DRAWN = re.compile(r"\b([0-9a-f]{6}|[0-9a-f]{8}|[0-9a-f]{17}|\d{5,9})\b")  # what AWS makes up for names and versions


def not_again() -> NoReturn:
    raise AssertionError("It was not kept")


def lived(yard: Yard, application: str) -> dict[str, Any]:
    """Everything that is there now, and after an update; when that was, and what was asked of AWS."""
    told = {"up": picture(yard), "at": str(timezone.now()), "asked": dict(yard.fake.calls)}
    environment = Environment.objects.get()
    update = yard.did(environment, ChangeKind.UPDATE, UPDATED[application])
    if update.status == "awaiting_approval":
        yard.approve(update)
        yard.drive(update)
    assert update.status == "succeeded", update.problem
    told |= {"then": picture(yard), "then at": str(timezone.now()), "then asked": dict(yard.fake.calls)}
    plain: dict[str, Any] = json.loads(DRAWN.sub("…", json.dumps(told)))
    return plain


def made(yard: Yard, application: str, name: str) -> dict[str, Any]:
    yard.make(application, name)
    return lived(yard, application)


def known(yard: Yard, application: str, name: str) -> None:
    """It has been made once, in a yard where there is nothing again."""
    once = transaction.savepoint()
    put_up(yard, partial(yard.make, application, name), application, name)
    transaction.savepoint_rollback(once)
    yard.fake = FakeAws(yard.fake.pace)
    yard.clock.move_to(START)


def put(yard: Yard, application: str, name: str) -> dict[str, Any]:
    known(yard, application, name)
    put_up(yard, not_again, application, name)
    return lived(yard, application)


@pytest.mark.parametrize("name", ["dev", "prod"])
@pytest.mark.parametrize("application", APPLICATIONS)
def test_it_is_as_it_was_made_and_goes_on_the_same(yard: Yard, application: str, name: str) -> None:
    first = apart(partial(made, yard, application, name))
    second = apart(partial(put, yard, application, name))

    assert "broken" not in first, first
    assert differences(first, second) == []


def test_what_differs_is_made(yard: Yard, settings: Any) -> None:
    """Another time, another setting, another pace, or something that goes wrong."""
    known(yard, HELLO, "dev")
    differs: dict[str, Callable[[], object]] = {
        "time": lambda: yard.clock.shift(1.0),
        "setting": lambda: setattr(settings, "BILLING_SWITCHES_PER_DAY", 3),
        "pace": lambda: setattr(yard.fake.pace, "looks", 2),
        "fault": lambda: yard.fake.script.throttle("ExecuteChangeSet"),
        "row": lambda: Account.objects.update(region="eu-west-1"),
    }

    assert apart(partial(put_after, yard, list)) == "put there"
    for name, differ in differs.items():
        assert "It was not kept" in apart(partial(put_after, yard, differ))["broken"], name


def put_after(yard: Yard, differ: Callable[[], object]) -> str:
    differ()
    put_up(yard, not_again, HELLO, "dev")
    return "put there"


def test_somebody_who_looks_on_sees_it_made(yard: Yard) -> None:
    seen: list[str] = []

    def look_on(execute: Any, sql: str, *said: Any) -> Any:
        seen.append(sql)
        return execute(sql, *said)

    with connection.execute_wrapper(look_on):
        yard.ready()

    assert any("provisioning_operation" in sql for sql in seen)
