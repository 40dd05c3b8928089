"""How old what a page shows of an environment is, and whether somebody is looking again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from provisioning.actions.looking import why_not_look
from provisioning.lifecycle import stack_status
from provisioning.models import Environment


@dataclass(frozen=True)
class Seen:
    """When the stacks were last seen in AWS: `at` is the oldest of these looks, None where one was never seen.
    `looking` says that a look is due or under way, `why_not` why none can be asked for; `known` stands for what was
    seen, so that a page can tell whether it has become something else."""

    at: datetime | None
    looking: bool
    why_not: str
    known: str


def read_seen(environment: Environment) -> Seen:
    """From rows alone. Needs `environment.stacks` prefetched."""
    now, stacks = timezone.now(), list(environment.stacks.all())
    there = [stack.observed_at for stack in stacks if not stack_status(stack.status).gone]
    looks = [at for at in there or [stack.observed_at for stack in stacks] if at is not None]
    facts = (environment.status, *((one.stack_id, one.status, one.updated_at, one.outside) for one in stacks))
    return Seen(
        at=min(looks) if looks and len(looks) >= len(there) else None,
        looking=any(stack.look_due_at is not None and stack.look_due_at <= now for stack in stacks),
        why_not=why_not_look(environment),
        known=hashlib.sha256(repr(facts).encode()).hexdigest()[:12],
    )
