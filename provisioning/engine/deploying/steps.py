"""The steps of every change that redeploys: redeploy, prove, go back where that failed, write down what runs."""

from collections.abc import Mapping
from typing import Any

from provisioning.engine.deploying.artifacts import BACK, FORWARD, asked, way_back
from provisioning.engine.deploying.coming_up import brings_release, mark_started, notice_parameters, proof_by_checks
from provisioning.engine.deploying.instances import cancelled
from provisioning.engine.deploying.live import mark_unseen
from provisioning.engine.deploying.planned import released_back, restored
from provisioning.engine.deploying.proving import prove
from provisioning.engine.deploying.putting_back import put_back, puts_of, story
from provisioning.engine.deploying.releasing import keep_release, label_good
from provisioning.engine.deploying.rolling import roll, rollout_of, stack_in_the_way
from provisioning.engine.deploying.sending import stack_put_back
from provisioning.engine.deploying.target import PARKED, target_of
from provisioning.engine.outcome import Cancelled, Done, Outcome, Problem, Stop, Wait
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind, RolloutState
from provisioning.models import Release, Rollout
from provisioning.planning.reasons import ADMINISTRATOR

FAILED_CODE, BACK_CODE = "redeploy", "put-back"
ASK_AGAIN = "Find out what failed, then ask for it again."


def ensure_redeployed(work: Work) -> Outcome:
    """What runs is started anew, so that it reads what is stored. One that fails does not end the change here: what it
    was for goes back first."""
    if not work.change.goal.get("redeploy"):
        return Done(skipped=True)
    target = target_of(work)
    if target is None:
        mark_unseen(work.change.environment)
        return Done(PARKED)
    rolled = roll(work, target, FORWARD)
    if isinstance(rolled, Wait):
        return rolled
    if rolled.state == RolloutState.FAILED:
        return Done(f"It failed: {rolled.problem}"[:1000])
    return Done(rolled.note)


def ensure_proved(work: Work) -> Outcome:
    """The values that are live, read back, and well for as long as the blueprint wants it watched."""
    rollout, target = rollout_of(work, FORWARD), target_of(work)
    if rollout is None or target is None or rollout.state == RolloutState.FAILED:
        return Done(skipped=True)
    waiting = stack_in_the_way(work) or prove(work, target, rollout, watch=True)
    if waiting is not None:
        return waiting
    if rollout.state == RolloutState.FAILED:
        return Done(f"It failed: {rollout.problem}"[:1000])
    return Done(_said(rollout.proof))


def _said(proof: Mapping[str, Any]) -> str:
    return "; ".join([*proof["lines"], *proof["blind"]]) or "Nothing of it can be seen here"


def ensure_put_back(work: Work) -> Outcome:
    """Where the redeploy failed: earlier values put as new versions, redeployed, and the change ends failed, with the
    whole story. A roll-back is never taken back by itself: what it left was worse."""
    forward = rollout_of(work, FORWARD)
    if forward is None or forward.state != RolloutState.FAILED:
        return Done(skipped=True)
    is_deployment = work.change.kind == ChangeKind.DEPLOY
    because = f"The {'deployment' if is_deployment else 'redeploy'} failed: {forward.problem}"
    proof = forward.proof or {"healthy": False, "lines": [forward.problem]}
    keep_release(work, good=False, proof=proof, rollout=forward if is_deployment else None)
    if is_deployment:
        return _artifact_back(work, forward, because)
    if work.change.kind != ChangeKind.SET_PARAMETERS or not puts_of(work):
        return Stop(Problem(because, "you", f"{ASK_AGAIN} What was stored stays.", code=FAILED_CODE))
    waiting = put_back(work, because) or _cancelled_first(work, forward)
    if waiting is not None:
        return waiting
    back = _redeployed_back(work)
    if isinstance(back, Wait):
        return back
    return Stop(Problem(" ".join([because, *story(work), _back_said(back)]), "you", ASK_AGAIN, code=BACK_CODE))


def _artifact_back(work: Work, forward: Rollout, because: str) -> Outcome:
    """The last good release's artifact is put back, by the stack where that holds it, redeployed, and proved."""
    back = way_back(work.change)
    if back is None:
        asked_for = asked(work.change)
        stays = f"{because} No other artifact is known to have been good here, so {asked_for} stays as it is."
        return Stop(Problem(stays, "you", ASK_AGAIN, code=FAILED_CODE))
    waiting = _cancelled_first(work, forward)
    if waiting is not None:
        return waiting
    returned = stack_put_back(work, because)
    if isinstance(returned, Wait | Cancelled):
        return returned
    name = f"{back['artifact']} (release {back['release']})"
    if isinstance(returned, Stop):
        said = f"{because} {name} could not be put back: {returned.problem.sentence}"
        return Stop(Problem(said, ADMINISTRATOR, returned.problem.advice, returned.problem.raw, code=BACK_CODE))
    redeployed = _redeployed_back(work)
    if isinstance(redeployed, Wait):
        return redeployed
    return Stop(Problem(f"{because} {name} was put back. {_back_said(redeployed)}", "you", ASK_AGAIN, code=BACK_CODE))


def _cancelled_first(work: Work, forward: Rollout) -> Wait | None:
    """An instance refresh that failed and still moves is stopped, so that another one can begin."""
    target = target_of(work)
    if target is None or forward.method != "instance_refresh" or rollout_of(work, BACK) is not None:
        return None
    return Wait("Stops the instance refresh that failed", 5.0) if cancelled(work, target) else None


def _redeployed_back(work: Work) -> Wait | Rollout | None:
    """The redeploy on the values that were put back, proved and written down; None where nothing runs any more."""
    target = target_of(work)
    if target is None:
        return None
    rolled = roll(work, target, BACK)
    if isinstance(rolled, Wait) or rolled.state == RolloutState.FAILED:
        return rolled
    waiting = prove(work, target, rolled, watch=False)
    if waiting is not None:
        return waiting
    if rolled.state != RolloutState.FAILED:
        restores = released_back(work.change)
        is_deployment = work.change.kind == ChangeKind.DEPLOY
        by = rolled if is_deployment else None
        release, previous = keep_release(work, good=True, proof=rolled.proof, restores=restores, rollout=by)
        label_good(work, release, previous)
    return rolled


def _back_said(back: Rollout | None) -> str:
    if back is None:
        return PARKED
    if back.state == RolloutState.FAILED:
        return f"The redeploy of that failed as well: {back.problem} An administrator has to look at what runs."
    return f"It was redeployed: {back.note}."


def ensure_released(work: Work) -> Outcome:
    """What runs together now, written down as good, with what was seen of it; the label of good versions moves."""
    rollout = rollout_of(work, FORWARD)
    if rollout is None:
        return Done(skipped=True)
    is_deployment = work.change.kind == ChangeKind.DEPLOY
    release, previous = keep_release(
        work,
        good=True,
        proof=rollout.proof,
        restores=restored(work.change),
        rollout=rollout if is_deployment else None,
    )
    return _kept(release, label_good(work, release, previous))


def ensure_release_kept(work: Work) -> Outcome:
    """The same after the compute stack came up, or was changed: what was verified is the proof."""
    if not brings_release(work):
        return Done(skipped=True)
    notice_parameters(work)
    mark_started(work)
    release, previous = keep_release(work, good=True, proof=proof_by_checks(work))
    return _kept(release, label_good(work, release, previous))


def _kept(release: Release, moved: int) -> Outcome:
    labelled = f"; {moved} version{'' if moved == 1 else 's'} labelled good" if moved else ""
    return Done(f"Release {release.number}{labelled}")
