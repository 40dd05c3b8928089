"""What a plan for staging or prod makes otherwise than the same application is at the stage below."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model

from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Account, Environment, Operation, Stack, Template
from provisioning.planning.stage_below import difference

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
FILLED = {"Environment": "x", "Stage": "x", "Owner": "x", "EnvironmentId": "x"}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def environment(
    name: str, *, status: str = EnvironmentStatus.READY, account: str = "default", **more: Any
) -> Environment:
    """An environment with a live data stack of template `one`."""
    owner, _ = get_user_model().objects.get_or_create(username="alice")
    where, _ = Account.objects.get_or_create(slug=account, defaults={"region": "us-east-1"})
    made = Environment.objects.create(
        application="hello-erlang",
        name=name,
        stage=name.partition("-")[0],
        account=where,
        owner=owner,
        status=status,
        changed_at=NOW - timedelta(days=12, hours=3),
    )
    stack: dict[str, Any] = {"status": "CREATE_COMPLETE", "template": template("one"), "parameters": {"Alarms": "true"}}
    Stack.objects.create(environment=made, kind="data", name=f"hello-erlang-data-{name}", **stack | more)
    return made


def template(digest: str) -> Template:
    """A kept template."""
    return Template.objects.get_or_create(digest=digest, defaults={"body": ""})[0]


def sent(target: Environment, digest: str = "one", **parameters: str) -> Operation:
    """What a change would send to the environment's data stack."""
    return Operation(stack=target.stacks.get(), template=template(digest), parameters=FILLED | parameters)


@pytest.mark.parametrize(("upper", "lower"), [("staging", "dev"), ("prod", "staging")])
def test_the_same_is_said_to_be_the_same(upper: str, lower: str) -> None:
    environment(lower)
    above = environment(upper, status=EnvironmentStatus.REQUESTED)
    assert difference(above, [sent(above, Alarms="true")]) == {
        "environment": lower,
        "there": True,
        "ready_for_days": 12,
        "stacks": [{"kind": "data", "same_template": True, "parameters": []}],
    }


def test_another_template_and_other_values_are_told_without_what_is_filled() -> None:
    environment("dev", parameters={"Alarms": "true", "Gone": "1", "Owner": "bob"})
    above = environment("staging")
    found = difference(above, [sent(above, "two", Alarms="false", New="2")])
    assert found is not None
    assert found["stacks"] == [
        {
            "kind": "data",
            "same_template": False,
            "parameters": [
                {"name": "Alarms", "here": "false", "there": "true"},
                {"name": "Gone", "here": None, "there": "1"},
                {"name": "New", "here": "2", "there": None},
            ],
        }
    ]


def test_of_several_parts_the_last_one_counts() -> None:
    environment("dev")
    above = environment("staging")
    found = difference(above, [sent(above, "tables"), sent(above, Alarms="true")])
    assert found is not None
    assert found["stacks"][0]["same_template"]


@pytest.mark.parametrize("name", ["dev", "dev-alice"])
def test_there_is_nothing_below_dev(name: str) -> None:
    here = environment(name)
    assert difference(here, [sent(here)]) is None


def test_what_sends_no_template_is_not_compared() -> None:
    environment("dev")
    above = environment("staging")
    assert difference(above, [Operation(stack=above.stacks.get())]) is None


@pytest.mark.parametrize("status", [EnvironmentStatus.REMOVED, EnvironmentStatus.REQUESTED, None])
def test_a_stage_below_that_is_not_there_is_said(status: str | None) -> None:
    if status:
        environment("dev", status=status)
    environment("dev-alice")
    above = environment("staging")
    missing = {"environment": "dev", "there": False, "ready_for_days": None, "stacks": []}
    assert difference(above, [sent(above)]) == missing


def test_one_that_is_not_ready_has_no_days_and_a_stack_that_is_gone_no_line() -> None:
    environment("dev", status=EnvironmentStatus.DATA_ONLY)
    Stack.objects.filter(environment__name="dev").update(status="DELETE_COMPLETE")
    above = environment("staging")
    found = difference(above, [sent(above)])
    assert found == {"environment": "dev", "there": True, "ready_for_days": None, "stacks": []}


def test_the_same_account_goes_first_and_another_is_better_than_none() -> None:
    environment("dev", account="elsewhere", parameters={"Alarms": "elsewhere"})
    above = environment("staging", account="default")
    far = difference(above, [sent(above, Alarms="true")])
    environment("dev", account="default")
    near = difference(above, [sent(above, Alarms="true")])
    assert far is not None
    assert near is not None
    assert [one["there"] for one in far["stacks"][0]["parameters"]] == ["elsewhere"]
    assert near["stacks"][0]["parameters"] == []
