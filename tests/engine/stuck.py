"""What the tests of ways out share: how a stack gets stuck, and asking for its way out."""

import uuid
from typing import Any

from provisioning.actions.actor import Actor
from provisioning.actions.recovering import Stuck, do_request_recover, stuck
from provisioning.actions.requesting import Ask
from provisioning.lifecycle import ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import Change, Environment, Stack

from .yard import UPDATED, Yard


def only(environment: Environment) -> Stuck:
    """The one stack that is stuck."""
    environment.refresh_from_db()
    (found,) = stuck(environment)
    return found


def recover(
    yard: Yard, environment: Environment, *spared: str, reason: str = "It cannot be mended", actor: Actor | None = None
) -> Change:
    """Ask for the way out that is offered, and drive it until it rests."""
    found = only(environment)
    ask = Ask(ChangeKind.RECOVER, reason=reason, key=uuid.uuid4(), confirm=environment.name)
    kind = StackKind(found.stack.kind)
    change = do_request_recover(
        actor or yard.alice, environment, ask, stack=kind, what=found.way_out.what, spared=spared
    )
    return yard.drive(change)


def approved(yard: Yard, change: Change) -> Change:
    """An admin agrees, where somebody is asked, and it runs."""
    if change.status == "awaiting_approval":
        yard.approve(change)
        yard.drive(change)
    return change


def tables(yard: Yard) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every table that there is: which one it is, and what is in it."""
    return {
        name: (str(table.described["TableId"]), dict(table.items)) for name, table in yard.fake.world.tables.items()
    }


def fill(yard: Yard) -> dict[str, tuple[str, dict[str, Any]]]:
    """Three items in each table. Returns what there is now."""
    for table in yard.fake.world.tables.values():
        table.items.update({str(number): {} for number in range(3)})
    return tables(yard)


def roll_back_stuck(yard: Yard, environment: Environment) -> Change:
    """An update of compute fails, and so does undoing it."""
    yard.fake.script.fail("Group", "No capacity", verb="UPDATE")
    yard.fake.script.fail("LaunchTemplate", "The template is gone", verb="ROLLBACK")
    change = approved(yard, yard.did(environment, ChangeKind.UPDATE, UPDATED[environment.application]))
    assert (change.status, change.environment.status) == ("failed", EnvironmentStatus.ATTENTION)
    return change


def seen(environment: Environment, kind: str, **facts: Any) -> Stack:
    """What a look from outside would have written down of a stack."""
    Stack.objects.filter(environment=environment, kind=kind).update(**facts)
    return Stack.objects.get(environment=environment, kind=kind)
