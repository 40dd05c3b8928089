"""What the tick of a kind of job gets and answers. `working.py` runs ticks; `kinds.py` says which kind has which."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.engine.claims import LeaseLostError
from provisioning.engine.jobs.claims import CancelAskedError, recording
from provisioning.engine.outcome import Problem
from provisioning.models import ItemJob, Table

__all__ = [
    "Again",
    "CancelAskedError",
    "Finished",
    "Held",
    "LeaseLostError",
    "StopJobError",
    "Tick",
    "recording",
    "table_of",
]


@dataclass(frozen=True)
class Again:
    """Not through yet: go on in `again_in` seconds. `reason` is shown meanwhile; empty for simply going on."""

    again_in: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Held:
    """Not through, and nothing to do until somebody sets `next_check_at`: a change that must be decided about."""

    reason: str


@dataclass(frozen=True)
class Finished:
    """Through. `report` is added to the job's."""

    report: dict[str, Any] = field(default_factory=dict)


class StopJobError(Exception):
    """The job fails here, with a sentence. `resume`: it can go on from where it stopped, once that is mended."""

    def __init__(self, problem: Problem, *, resume: bool = False) -> None:
        super().__init__(problem.sentence)
        self.problem, self.resume = problem, resume


# A tick works until `until` with no transaction open, records with `recording(job)`, and lets AwsError out: Busy
# becomes a wait, everything else a written problem. It may be run again from what was last recorded, at any time.
Tick = Callable[[ItemJob, Clients, datetime], Again | Held | Finished]


def table_of(job: ItemJob) -> Table:
    """The row of the job's table, as long as it is its environment's (pitfall 42). Raises StopJobError."""
    found = Table.objects.filter(
        environment=job.environment, account=job.environment.account_id, name=job.table
    ).first()
    if found is None:
        raise StopJobError(
            Problem(
                f"{job.environment} has no table {job.table} any more.",
                "you",
                "Look whether it was deleted or has changed hands.",
                code="table-gone",
            )
        )
    return found
