"""What people do in AWS itself, past Stackyard, to the stacks and tables of an environment. What AWS refuses stays as
it is, or gets stuck."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fakes.aws import FakeAws
from fakes.world import Stack

from engine.vault import COMPUTE

from .estate import TEXTS

Act = Callable[[FakeAws, str], object]
REST = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


def make_pair(fake: FakeAws, name: str) -> None:
    """Both stacks by a script, where there are none and no tables either."""
    names = (f"vault-data-{name}", f"vault-{name}")
    if not any(_there(fake, one) for one in names) and not any(f"-{name}-" in table for table in fake.world.tables):
        fake.make_stack(names[0], TEXTS["as it is"], {"Environment": name, "Stage": name})
        fake.make_stack(names[1], COMPUTE, {"Data": names[0]})
        for table in fake.world.tables.values():
            if f"-{name}-" in table.name:
                table.items.update({str(number): {} for number in range(3)})


def _there(fake: FakeAws, name: str) -> bool:
    return any(stack.status != "DELETE_COMPLETE" for stack in fake.stacks(name))


def _resting(fake: FakeAws, name: str) -> Stack | None:
    stack = fake.stack(name) if name in fake.world.names else None
    return stack if stack is not None and stack.status in REST and stack.motion is None else None


def _update(kind: str, **parts: Any) -> Act:
    def act(fake: FakeAws, name: str) -> None:
        stack = _resting(fake, f"vault-{kind}{name}")
        if stack is not None:
            with suppress(ValueError):  # AWS would refuse this update: then nobody has made it
                fake.update_stack(stack.name, **parts)

    return act


def _lose(kind: str) -> Act:
    def act(fake: FakeAws, name: str) -> None:
        stack = _resting(fake, f"vault-{kind}{name}")
        if stack is not None:
            with suppress(ValueError):  # AWS keeps a stack whose exports are in use
                fake.lose_stack(stack.name)

    return act


def _exchange(fake: FakeAws, name: str) -> None:
    table = f"vault-{name}-others"
    if table in fake.world.tables:
        stack_id = fake.table(table).stack_id
        fake.lose_table(table)
        fake.make_table(table, items=2).stack_id = stack_id


def _lose_table(fake: FakeAws, name: str) -> None:
    if f"vault-{name}-others" in fake.world.tables:
        fake.lose_table(f"vault-{name}-others")


def _make_table(fake: FakeAws, name: str) -> None:
    if f"vault-{name}-others" not in fake.world.tables:
        fake.make_table(f"vault-{name}-others", items=4)


def _protection(*, on: bool) -> Act:
    def act(fake: FakeAws, name: str) -> None:
        for table in fake.world.tables.values():
            if f"-{name}-" in table.name:
                table.described["DeletionProtectionEnabled"] = on
        for stack in fake.stacks(f"vault-data-{name}"):
            stack.protected = on

    return act


ACTS: Mapping[str, Act] = {
    "make a pair": make_pair,
    "tag the data stack": _update("data-", tags={"By": "hand"}),
    "tag the compute stack": _update("", tags={"By": "hand"}),
    "flip a policy from Retain": _update("data-", body=TEXTS["policy not Retain"]),
    "take all policies off": _update("data-", body=TEXTS["no policies"]),
    "add an index": _update("data-", body=TEXTS["index added"]),
    "delete the data stack": _lose("data-"),
    "delete the compute stack": _lose(""),
    "exchange a table": _exchange,
    "delete a table": _lose_table,
    "make a table": _make_table,
    "switch protection on": _protection(on=True),
    "switch protection off": _protection(on=False),
}
