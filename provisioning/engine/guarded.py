"""Running one step so that nothing it meets ends the worker."""

import random
import uuid

import structlog

from provisioning.aws.errors import AwsError, Busy
from provisioning.engine.claims import LeaseLostError
from provisioning.engine.outcome import Outcome, Problem, Stop, Wait
from provisioning.engine.playbooks import PlaybookStep
from provisioning.engine.work import Work

log = structlog.get_logger(__name__)
BACKOFF_FIRST, BACKOFF_LAST = 2.0, 300.0


def guarded(work: Work, step: PlaybookStep) -> Outcome:
    """Run one step; AWS's bad days become waits, its refusals become problems, our own bugs get an id."""
    try:
        outcome = step.run(work)
    except Busy as busy:
        work.change.tries += 1
        delay = min(BACKOFF_LAST, BACKOFF_FIRST * 2 ** (work.change.tries - 1))
        # Full jitter (L19): it spreads retries and protects nothing.
        return Wait(f"Try {work.change.tries}: {busy.sentence}", random.uniform(delay / 2, delay))  # noqa: S311
    except AwsError as error:
        return Stop(Problem(error.sentence, "you or an administrator", "Then retry.", str(error), "aws"))
    except LeaseLostError:
        raise
    except Exception:
        incident = uuid.uuid4().hex[:8]
        log.exception("step_crashed", incident=incident, step=step.name, change=str(work.change.pk))
        return Stop(
            Problem(
                f"Stackyard itself failed in “{step.label}” (incident {incident}).",
                "an administrator",
                "The worker's log has the details under that number. A retry is safe.",
                code="crash",
            )
        )
    work.change.tries = 0
    return outcome
