"""What a look at a redeploy finds, and what every way to redeploy can do."""

from collections.abc import Callable
from dataclasses import dataclass

from provisioning.engine.deploying.target import Target
from provisioning.engine.work import Work
from provisioning.lifecycle import RolloutState
from provisioning.models import Rollout


@dataclass(frozen=True)
class Seen:
    """How far it is. `on` of `of` are new; `problem` says why it failed; `aws_id` is set where another deployment has
    taken its place and serves as well."""

    state: RolloutState
    note: str
    on: int = 0
    of: int = 0
    problem: str = ""
    aws_id: str = ""


def rolling(on: int, of: int, what: str = "on the new deployment") -> Seen:
    """Under way."""
    return Seen(RolloutState.ROLLING, f"rolling: {on} of {of} {what}", on, of)


def done(on: int, of: int, note: str) -> Seen:
    """Over, and all of what runs is new."""
    return Seen(RolloutState.DONE, note, on, of)


def failed(problem: str, on: int = 0, of: int = 0) -> Seen:
    """Over, and not as it should be."""
    return Seen(RolloutState.FAILED, problem[:300], on, of, problem)


def blind(note: str) -> Seen:
    """Over as far as anybody can see."""
    return Seen(RolloutState.BLIND, note)


@dataclass(frozen=True)
class Before:
    """What AWS lists before the call: ids, by which the new one is told apart, the newest of them, and the task
    definition that is to run again."""

    ids: tuple[str, ...] = ()
    newest: str = ""
    wanted: str = ""


@dataclass(frozen=True)
class Method:
    """One way to redeploy. `before` looks, `landed` finds the call whose answer was lost ("" when none arrived), `send`
    makes the one altering call and returns its id, `look` follows it."""

    before: Callable[[Work, Target], Before]
    landed: Callable[[Work, Target, Rollout], str]
    send: Callable[[Work, Target, Rollout], str]
    look: Callable[[Work, Target, Rollout], Seen]
