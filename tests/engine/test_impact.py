"""Data impact through the front door: every table of the environment, touched or not, with what AWS says of it."""

from datetime import timedelta
from typing import Any

import pytest

from provisioning.lifecycle import ChangeKind
from provisioning.models import Change

from .yard import HELLO, UPDATED, Yard

MESSAGES, SESSIONS = "{}-hello-erlang-messages", "{}-hello-erlang-sessions"


def lines(change: Change) -> dict[str, dict[str, Any]]:
    """The lines of its plan, by table."""
    assert change.plan is not None, change.problem
    return {line["name"]: line for line in change.plan["impact"]["lines"]}


def test_a_change_of_compute_shows_what_it_does_not_touch(yard: Yard) -> None:
    environment = yard.ready(HELLO, "staging")
    messages = yard.fake.table(MESSAGES.format("staging"))
    messages.items = {str(number): {} for number in range(41)}
    wrote = yard.fake.world.now()
    yard.fake.world.writes[messages.name] = [(wrote, 3.0)]
    yard.clock.shift(timedelta(days=2))
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert change.plan is not None, change.problem
    assert (change.plan["impact"]["tone"], change.plan["impact"]["sentence"]) == ("good", "No table is touched.")
    found = lines(change)
    assert found.keys() == {messages.name, SESSIONS.format("staging")}
    assert found[messages.name] == {
        "name": messages.name,
        "effect": "is not touched",
        "items": 41,
        "bytes": messages.seen()["TableSizeBytes"],
        "protected": False,
        "recovery": {"enabled": False, "earliest": None, "latest": None},
        "last_write": wrote.replace(minute=0, second=0, microsecond=0).isoformat(),
    }
    assert found[SESSIONS.format("staging")]["last_write"] is None


def test_prod_shows_protection_and_how_far_back_it_can_be_restored(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    assert change.status == "awaiting_approval"
    line = lines(change)[MESSAGES.format("prod")]
    assert line["protected"]
    assert line["recovery"]["enabled"]
    assert line["recovery"]["earliest"] <= line["recovery"]["latest"]


@pytest.mark.parametrize("kind", [ChangeKind.PARK, ChangeKind.DELETE_COMPUTE])
def test_taking_compute_away_shows_the_tables_too(yard: Yard, kind: ChangeKind) -> None:
    change = yard.did(yard.ready(), kind)
    assert {line["effect"] for line in lines(change).values()} == {"is not touched"}
    assert len(lines(change)) == 2


def test_a_deleted_data_stack_shows_what_is_kept(yard: Yard) -> None:
    environment = yard.ready()
    yard.did(environment, ChangeKind.DELETE_COMPUTE)
    yard.fake.table(MESSAGES.format("dev")).items = {"a": {}}
    change = yard.did(environment, ChangeKind.DELETE_DATA_STACK)
    assert lines(change)[MESSAGES.format("dev")]["effect"] == "is kept with its items"
    assert lines(change)[MESSAGES.format("dev")]["items"] == 1


def test_a_create_from_nothing_asks_nothing(yard: Yard) -> None:
    change = yard.drive(yard.create())
    assert [(line["effect"], line["items"]) for line in lines(change).values()] == [("is created, empty", None)] * 2
    assert yard.fake.calls_of("GetMetricData") == 0


@pytest.mark.parametrize("tables", [1, 2])
def test_what_nobody_can_say_is_left_open(yard: Yard, tables: int) -> None:
    """No right to read metrics, or no such table any more, is no reason to stop."""
    environment = yard.ready()
    yard.fake.script.deny("GetMetricData")
    if tables == 1:
        del yard.fake.world.tables[SESSIONS.format("dev")]
    found = lines(yard.did(environment, ChangeKind.PARK))
    assert len(found) == tables
    assert found[MESSAGES.format("dev")]["last_write"] is None
    assert found[MESSAGES.format("dev")]["items"] == 0


def test_the_stage_below_is_part_of_the_plan(yard: Yard) -> None:
    yard.ready(HELLO, "dev")
    change = yard.drive(yard.create(HELLO, "staging"))
    assert change.plan is not None
    below = change.plan["stage_below"]
    assert (below["environment"], below["there"], below["ready_for_days"]) == ("dev", True, 0)
    assert [(stack["kind"], stack["same_template"]) for stack in below["stacks"]] == [("data", True), ("compute", True)]
    assert below["stacks"][0]["parameters"] == [{"name": "Alarms", "here": "true", "there": "false"}]
    assert below["stacks"][1]["parameters"] == []
