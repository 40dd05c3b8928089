"""What tests of putting back have in common: jobs that did something, their ends, others at the same items."""

import uuid
from collections.abc import Mapping
from typing import Any

from provisioning.actions.bulk_deleting import do_freeze, do_run_deletion
from provisioning.actions.importing import do_put_back
from provisioning.engine.jobs.importing import OVER
from provisioning.items.query import Query
from provisioning.items.values import Item
from provisioning.models import ItemJob

from .item_moves import RATE, checked, file_of, run
from .item_yard import ItemYard, KilledError


def imported(yard: ItemYard, items: list[Item], mode: str = OVER, *, drive: bool = True) -> ItemJob:
    """The run of an import of these."""
    return run(yard, checked(yard, file_of(items)), mode, drive=drive)


def deleted(yard: ItemYard, *, drive: bool = True) -> ItemJob:
    """The deletion of everything."""
    of = yard.drive(do_freeze(yard.actor, yard.environment, yard.table, Query(), rate=RATE, key=uuid.uuid4()))
    job = do_run_deletion(yard.actor, yard.table, of, typed="dev", rate=RATE, key=uuid.uuid4())
    return yard.drive(job) if drive else job


def put_back(yard: ItemYard, job: ItemJob, *, unsure: bool = False) -> ItemJob:
    """What a job did, put back."""
    return yard.drive(do_put_back(yard.actor, yard.table, job, unsure=unsure, key=uuid.uuid4()))


def take_away(yard: ItemYard, item: Mapping[str, Any]) -> None:
    """Somebody else deletes an item."""
    yard.client.client.delete_item(TableName=yard.table.name, Key={"user": item["user"], "at": item["at"]})


def killed_at(yard: ItemYard, job: ItemJob, operation: str, number: int) -> None:
    """The worker is killed at this call of an operation."""
    begun = len([one for one, _ in yard.client.asked if one == operation])

    def kill(name: str, _: int) -> None:
        if name == operation and len([one for one, _ in yard.client.asked if one == operation]) - begun >= number:
            raise KilledError

    yard.client.hooks.append(kill)
    yard.killed(job)
    yard.client.hooks.clear()
