"""Running one step so that nothing it meets ends the worker."""

import random
import uuid

import structlog
from cryptography.fernet import InvalidToken
from django.db import InterfaceError, OperationalError

from provisioning.aws.errors import AwsError, Busy
from provisioning.aws.recalling import Recall, Recalling
from provisioning.engine.claims import LeaseLostError
from provisioning.engine.outcome import Outcome, Problem, Stop, Wait
from provisioning.engine.playbooks import PlaybookStep
from provisioning.engine.work import Work
from provisioning.planning.secrets import opened, sealed

log = structlog.get_logger(__name__)
BACKOFF_FIRST, BACKOFF_LAST = 2.0, 300.0  # seconds (L19)
IN_HAND = 30.0  # seconds at most with answers in hand, so that the next try comes before they are too old to be used
SPREAD = 1.0, 0.1  # seconds, and parts of the pause, on top of when a held-back step may begin again


def guarded(work: Work, step: PlaybookStep) -> Outcome:
    """Run one step; AWS's bad days become waits, its refusals become problems, our own bugs get an id."""
    recall = Recall(_served_before(work))
    aws, work.aws, work.change.served = work.aws, Recalling(work.aws, recall), ""
    try:
        outcome = step.run(work)
    except Busy as busy:
        work.change.served = sealed(recall.kept())
        if recall.served:
            work.change.tries = 0  # some of it was served: that is no try in vain
        return _later(work, busy)
    except AwsError as error:
        return Stop(Problem(error.sentence, "you or an administrator", "Then retry.", str(error), "aws"))
    except (LeaseLostError, OperationalError, InterfaceError):
        raise  # nothing can be recorded without the lease, or the database: the next claim goes on from there
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
    finally:
        work.aws = aws
    work.change.tries = 0
    return outcome


def _served_before(work: Work) -> dict[str, dict[str, str]]:
    """What AWS answered the last try of the step; nothing, once the key that it was kept under is another."""
    try:
        return opened(work.change.served)
    except InvalidToken:
        return {}


def _later(work: Work, busy: Busy) -> Wait:
    """When to come back, spread by chance so that not everybody does at once (L19). A call that our own budget held
    back was not tried: it costs no longer pause next time."""
    if busy.again_in is not None:
        late = random.uniform(0, SPREAD[0] + SPREAD[1] * busy.again_in)  # noqa: S311 - protects nothing
        return Wait(busy.sentence, busy.again_in + late)
    work.change.tries += 1
    longest = min(IN_HAND if work.change.served else BACKOFF_LAST, BACKOFF_FIRST * 2**work.change.tries)
    pause = random.uniform(BACKOFF_FIRST, longest)  # noqa: S311 - as above
    return Wait(f"Try {work.change.tries}: {busy.sentence}", pause)
