"""The compute stack's part of a deployment: sent with the new artifact, and back with the one that ran before.

Both go through CloudFormation, so that the stack always says what runs. Where it rolls back by itself, as after ECS's
circuit breaker, what ran before is there again, and the story says so (N2).
"""

from django.db import transaction
from django.utils import timezone

from provisioning.blueprints.artifacts import held_in
from provisioning.engine.claims import hold
from provisioning.engine.deploying import artifacts
from provisioning.engine.deploying.putting_back import PUT_BACK
from provisioning.engine.deploying.releasing import keep_attempt
from provisioning.engine.outcome import Outcome, Problem, Stop
from provisioning.engine.steps import stacks
from provisioning.engine.steps.change_sets import TEMPLATE
from provisioning.engine.steps.checking import UPDATE
from provisioning.engine.work import Work
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import AuditEntry, Operation

AGAIN = "Find out why it does not come up, then retry, or deploy another one."


def ensure_artifact_sent(work: Work) -> Outcome:
    """The compute stack with the new artifact. One that does not come up is rolled back by CloudFormation."""
    outcome = stacks.ensure_compute_stack(work)
    if not isinstance(outcome, Stop) or not work.parts.get(StackKind.COMPUTE):
        return outcome
    status = stack_status(work.parts[StackKind.COMPUTE][0].result)
    if not (status.live and status.failed):
        return outcome
    why, asked, before = outcome.problem, artifacts.asked(work.change), artifacts.in_stack(work)
    keep_attempt(work, asked, [why.sentence])
    sentence = f"{asked} did not come up: {why.sentence} CloudFormation has put {before or 'what ran before'} back."
    told = Problem(sentence, "you", AGAIN, why.raw, why.code, cause=why.cause, followed=why.followed)
    return Stop(told, outcome.replan)


def stack_put_back(work: Work, because: str) -> Outcome | None:
    """The compute stack with the artifact that the plan goes back to; None where the stack was sent nothing, or there
    is nothing to go back to. Its change set has to change the very resources that the deployment has changed."""
    back, parts = artifacts.way_back(work.change), work.parts.get(StackKind.COMPUTE, [])
    if back is None or not parts or parts[0].called_at is None:
        return None
    if len(parts) == 1:
        _begin(work, parts[0], back, because)
    return stacks.ensure_part(work, work.parts[StackKind.COMPUTE][1])


def _begin(work: Work, sent: Operation, back: artifacts.Back, because: str) -> None:
    """Write down that it goes back, as a second part of the work on the stack, with its audit entry (L16)."""
    change = work.change
    said = f"{change.environment} goes back to {back['artifact']}, release {back['release']}, by itself"
    part = Operation(
        template=sent.template,
        parameters={**sent.parameters, held_in(work.blueprint.deploy): str(back["value"])},
        keep=sent.keep,
        action=UPDATE,
        changes=sent.changes,
        read_from=TEMPLATE,
        purpose=f"Back to {back['artifact']}"[:200],
    )
    with transaction.atomic():
        hold(change)
        AuditEntry.objects.create(
            at=timezone.now(),
            verb=PUT_BACK,
            environment=change.environment,
            change=change,
            summary=said[:300],
            reason=because,
            detail={"release": back["release"], "attempt": change.attempt},
        )
        work.divide(StackKind.COMPUTE, [part])
