"""One redeploy from its intent to its end: written down, sent once, found again after a lost answer, followed.

A redeploy that begins after this change's values were stored serves this change as well, whoever asked for it: several
toggles in a row are redeployed once (pitfall 22).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.aws.errors import Conflict, Missing, Refused
from provisioning.engine.claims import hold
from provisioning.engine.deploying.asking import NoAnswerError
from provisioning.engine.deploying.containers import CONTAINERS
from provisioning.engine.deploying.instances import BY_STACK, COMMAND, REFRESH
from provisioning.engine.deploying.live import Versions, mark_rolling, versions_now
from provisioning.engine.deploying.seen import Before, Method, Seen, failed
from provisioning.engine.deploying.target import Target, replaced_by_stack, rolled_by_stack
from provisioning.engine.deploying.telling import GITHUB, WEBHOOK
from provisioning.engine.outcome import Wait
from provisioning.engine.work import Work
from provisioning.lifecycle import (
    MOVING_ROLLOUTS,
    ChangeKind,
    ChangeStatus,
    RolloutState,
    StackKind,
    WriteState,
    stack_status,
)
from provisioning.models import Environment, Operation, Rollout

METHODS: Mapping[str, Method] = {
    "ecs": CONTAINERS,
    "instance_refresh": REFRESH,
    "run_command": COMMAND,
    "webhook": WEBHOOK,
    "github": GITHUB,
}
LONGEST = timedelta(minutes=45)
MOST_TRIES = 6  # of telling somebody who does not answer
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 15.0  # seconds between two looks
BUSY_PAUSE = 5.0
LOOKED_AT = 10  # redeploys of others that may serve this change as well


def rollout_of(work: Work, number: int) -> Rollout | None:
    """The redeploy of this attempt of the change, forward or back; None before it is decided."""
    return Rollout.objects.filter(change=work.change, attempt=work.change.attempt, number=number).first()


def roll(work: Work, target: Target, number: int) -> Wait | Rollout:
    """Bring the redeploy on. Returns it once it is over, however it ended."""
    rollout = rollout_of(work, number)
    if rollout is None:
        held_up = stack_in_the_way(work)
        if held_up is not None:
            return held_up
        method = METHODS[target.deploy.method]
        found = _intended(work, target, number, method.before(work, target))
        if isinstance(found, Wait):
            return found
        rollout = found
        waiting = _sent(work, target, rollout, is_new=True)
    else:
        waiting = _sent(work, target, rollout, is_new=False)
    if waiting is not None:
        return waiting
    if rollout.state == RolloutState.ROLLING:
        _look(work, target, rollout)
    if rollout.state in MOVING_ROLLOUTS:
        return Wait(rollout.note, _pause(rollout))
    return rollout


def stack_in_the_way(work: Work) -> Wait | None:
    """A change of the compute stack that is under way brings up new tasks itself: a redeploy beside it would be lost in
    it, or hold it up."""
    stack = work.stacks[StackKind.COMPUTE]
    others = Operation.objects.filter(stack=stack, is_open=True, change__status=ChangeStatus.RUNNING)
    other = others.exclude(change=work.change).select_related("change").first()
    if other is not None:
        return Wait(f"Waits for “{ChangeKind(other.change.kind).label}” of {stack.name} to end", BUSY_PAUSE)
    if stack_status(stack.status).moving:
        return Wait(f"{stack.name} is being changed; waits for its end", BUSY_PAUSE)
    return None


def _intended(work: Work, target: Target, number: int, before: Before) -> Wait | Rollout:
    """Write down that it will be called for, unless another redeploy serves, or has to end first."""
    change, now = work.change, timezone.now()
    with transaction.atomic():
        hold(change)
        Environment.objects.select_for_update(of=("self",), no_key=True).get(pk=change.environment_id)
        by_stack = _is_by_stack(work, target, number)
        versions = _read_by(work, by_stack=by_stack)
        others = _others(work)
        # Nobody else's redeploy brings up what a deployment deploys.
        covering = () if change.kind == ChangeKind.DEPLOY else others
        other = next((one for one in covering if _covers(work, one, versions)), None)
        moving = next((one for one in others if one.state in MOVING_ROLLOUTS), None)
        if other is None and moving is not None:
            return Wait(f"Waits for the redeploy of another change: {moving.note or 'not begun yet'}", BUSY_PAUSE)
        if other is not None and other.state == RolloutState.INTENDED:
            return Wait("Another change redeploys for this one, too", FIRST_PAUSE)
        ours = Rollout(
            environment=change.environment,
            change=change,
            attempt=change.attempt,
            number=number,
            method=target.deploy.method,
            state=RolloutState.INTENDED,
            before=list(before.ids),
            versions=versions,
            wanted=_wanted(work, target, before),
            asked_at=now,
        )
        if other is not None:
            ours.aws_id, ours.wanted = other.aws_id, other.wanted
            ours.state, ours.sent_at = RolloutState.ROLLING, other.sent_at
            ours.note = "Redeployed together with another change"
        elif by_stack:
            # CloudFormation has brought up new tasks after the values were stored: that is the redeploy. Only what the
            # stack itself says should run is as wanted then (N2).
            ours.aws_id = before.newest if target.deploy.method == "ecs" else BY_STACK
            ours.state, ours.sent_at = RolloutState.ROLLING, now
            ours.wanted = target.definition or ours.wanted
        ours.save(force_insert=True)
    return ours


def _wanted(work: Work, target: Target, before: Before) -> str:
    """The task definition that should run: the one that runs, or, after a deployment, the stack's own, whatever
    somebody has given the service beside it."""
    return (target.definition if work.change.kind == ChangeKind.DEPLOY else "") or before.wanted


def _is_by_stack(work: Work, target: Target, number: int) -> bool:
    """Whether CloudFormation has brought up what runs anew, so that nothing is left to be forced."""
    if number and work.change.kind != ChangeKind.DEPLOY:
        return False
    if target.deploy.method == "ecs":
        return rolled_by_stack(work, number)
    return target.deploy.method == "instance_refresh" and replaced_by_stack(work, number)


def _read_by(work: Work, *, by_stack: bool) -> Versions:
    """The versions that what comes up reads: those that are stored now. What a deployment's stack has brought up began
    before now, and is only known to have read what was stored when it was planned."""
    if not by_stack or work.change.kind != ChangeKind.DEPLOY:
        return versions_now(work.change.environment)
    planned: Versions = (work.change.plan or {})["deploy"]["versions"]
    return planned


def _others(work: Work) -> list[Rollout]:
    """The newest redeploys of other changes that run or have ended well; one that failed serves nobody."""
    found = Rollout.objects.filter(environment=work.change.environment).exclude(change=work.change)
    moving = Q(state__in=MOVING_ROLLOUTS, change__status=ChangeStatus.RUNNING)
    over = Q(state__in=(RolloutState.DONE, RolloutState.BLIND))
    return list(found.filter(moving | over).order_by("-asked_at")[:LOOKED_AT])


def _covers(work: Work, other: Rollout, versions: Versions) -> bool:
    """Whether what another redeploy brings up reads everything that is stored now: then it was decided on after this
    change's values were stored, whose versions are in what it wrote down."""
    if not versions or other.versions != versions:
        return False
    has_put = work.change.parameter_versions.filter(state=WriteState.DONE).exists()
    return has_put or other.state in MOVING_ROLLOUTS


def _sent(work: Work, target: Target, rollout: Rollout, *, is_new: bool) -> Wait | None:
    """Make the call, once: after a worker that ended, or an answer that was lost, look before calling (L16)."""
    if rollout.state != RolloutState.INTENDED:
        return None
    method = METHODS[rollout.method]
    landed = "" if is_new else method.landed(work, target, rollout)
    try:
        aws_id = landed or method.send(work, target, rollout)
    except NoAnswerError as trouble:
        return _untold(work, rollout, trouble)
    except Conflict as busy:
        return Wait(f"Waits for what is under way: {busy.message}", BUSY_PAUSE)
    except (Missing, Refused) as refusal:
        _keep(work, rollout, failed(refusal.sentence))
        return None
    if not aws_id:
        return Wait("Looks whether the redeploy was taken", FIRST_PAUSE)
    rollout.aws_id, rollout.sent_at, rollout.state = aws_id, timezone.now(), RolloutState.ROLLING
    _store(work, rollout)
    return None


def _untold(work: Work, rollout: Rollout, trouble: NoAnswerError) -> Wait | None:
    """Whoever redeploys did not take it: asked again a few times, each later, then it has failed."""
    rollout.tries += 1
    if not trouble.passes or rollout.tries >= MOST_TRIES:
        _keep(work, rollout, failed(trouble.sentence))
        return None
    rollout.note = f"{trouble.sentence} Try {rollout.tries} of {MOST_TRIES}."[:300]
    _store(work, rollout)
    return Wait(rollout.note, FIRST_PAUSE * 2**rollout.tries)


def _look(work: Work, target: Target, rollout: Rollout) -> None:
    seen = METHODS[rollout.method].look(work, target, rollout)
    if seen.state == RolloutState.ROLLING and timezone.now() - _since(rollout) > LONGEST:
        minutes = LONGEST.seconds // 60
        seen = failed(f"After {minutes} minutes it still is not over ({seen.note}).", seen.on, seen.of)
    _keep(work, rollout, seen)


def _since(rollout: Rollout) -> datetime:
    return rollout.sent_at or rollout.asked_at


def _keep(work: Work, rollout: Rollout, seen: Seen) -> None:
    """Write down what was seen, on the parameters too, so that the page shows how many of what runs have them."""
    rollout.state, rollout.note, rollout.on, rollout.of = seen.state, seen.note[:300], seen.on, seen.of
    rollout.problem, rollout.aws_id = seen.problem, seen.aws_id or rollout.aws_id
    if seen.state not in MOVING_ROLLOUTS:
        rollout.finished_at = timezone.now()
    with transaction.atomic():
        hold(work.change)
        rollout.save()
        if seen.of:
            mark_rolling(rollout)


def _store(work: Work, rollout: Rollout) -> None:
    with transaction.atomic():
        hold(work.change)
        rollout.save()


def _pause(rollout: Rollout) -> float:
    """The longer it takes, the longer until the next look: a quarter of the time it took so far."""
    age = (timezone.now() - _since(rollout)).total_seconds()
    return min(LONGEST_PAUSE, max(FIRST_PAUSE, age / 4))
