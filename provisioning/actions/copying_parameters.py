"""Copying values of parameters from one environment to another of the same application.

Both sides are looked at first, and what was looked at is what is copied: a value that has moved since, on either side,
is told with both values and nothing is asked for. Secrets are compared by keyed digest and copied without being shown;
those of prod stay in prod. What a stack makes is its own on both sides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import AskToSet, Setting, declared, do_set_parameters, owned_keys, path_of
from provisioning.engine.parameters.copying import copied_goal
from provisioning.flags.rules import SECURE, flag_problem
from provisioning.flags.sealing import UnreadableError, opened
from provisioning.models import Change, Environment, Parameter
from provisioning.planning.parameter_plans import short
from provisioning.planning.policy import GUARDED_STAGE

MOVED = "moved"


class State(StrEnum):
    """How the two sides of one key stand to each other."""

    DIFFERS = "differs"
    MISSING = "missing"  # at the target
    SAME = "same"
    ONLY_THERE = "only there"  # at the target, and not at the source


@dataclass(frozen=True)
class Pair:
    """One key on both sides. `why_not` says why it is left out; empty where it can be copied."""

    key: str
    source: Parameter | None
    target: Parameter | None
    state: State
    why_not: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return SECURE in {one.type for one in (self.source, self.target) if one is not None}


@dataclass(frozen=True)
class Picked:
    """A key to copy, and the versions that were looked at; `target` None where it was missing."""

    key: str
    source: int
    target: int | None


def compared(source: Environment, target: Environment) -> tuple[Pair, ...]:
    """All keys of both sides: what differs, what is missing, what is the same. Raises Refusal where one of the two has
    no parameters, or they are not of one application."""
    _require_pair(source, target)
    mine, theirs = _there(source), _there(target)
    blueprint, path = path_of(target)
    owned = owned_keys(target, blueprint, path)
    pairs = []
    for key in sorted(mine.keys() | theirs.keys()):
        pair = Pair(key, mine.get(key), theirs.get(key), _state(mine.get(key), theirs.get(key)))
        why = _stacks_own(pair, owned) or _why_not(pair, source)
        flag = declared(blueprint, key)
        if not why and flag is not None and pair.source is not None and flag.type != "secret":
            why = flag_problem(flag.type, pair.source.value, flag.allowed)
        pairs.append(replace(pair, why_not=why))
    return tuple(pairs)


def do_copy_parameters(
    actor: Actor, source: Environment, target: Environment, picked: Sequence[Picked], ask: AskToSet
) -> Change:
    """Ask for values to be copied, as one change of the target. Returns the change; the same one again for a second
    click. Raises Refusal: with the code `moved`, and by key what moved, where a side is not as it was looked at."""
    require_change_right(actor, target)
    known = Change.objects.filter(request_key=ask.key, requested_by=actor.user_id).first() if ask.key else None
    if known is not None:
        return known
    if not picked:
        raise Refusal("Choose what is to be copied.", "nothing")
    pairs = {pair.key: pair for pair in compared(source, target)}
    moved = {one.key: why for one in picked if (why := _why_moved(one, pairs.get(one.key), source, target))}
    if moved:
        raise Refusal(" ".join(moved.values()), MOVED, fields=moved)
    wrong = {one.key: f"{one.key}: {why}" for one in picked if (why := pairs[one.key].why_not)}
    if wrong:
        raise Refusal(" ".join(wrong.values()), "left-out", fields=wrong)
    rows = {one.key: pairs[one.key].source for one in picked}
    taken = {key: row for key, row in rows.items() if row is not None}
    settings = [
        Setting(
            one.key,
            opened(taken[one.key].type, taken[one.key].value),
            one.target,
            type=taken[one.key].type,
            copied=True,
        )
        for one in picked
    ]
    return do_set_parameters(actor, target, settings, replace(ask, more={**ask.more, **copied_goal(source, taken)}))


def _require_pair(source: Environment, target: Environment) -> None:
    if source.application != target.application:
        raise Refusal("Values are copied within one application.", "other-application")
    if source.pk == target.pk:
        raise Refusal("Choose another environment to copy from.", "same-environment")
    for one in (source, target):
        path_of(one)


def _there(environment: Environment) -> Mapping[str, Parameter]:
    """What is stored below the environment's own path, each name asked again by itself (pitfall 2)."""
    _, path = path_of(environment)
    rows = Parameter.objects.filter(environment=environment, gone_at__isnull=True, version__gt=0)
    return {row.key: row for row in rows if row.name == f"{path}{row.key}"}


def _state(source: Parameter | None, target: Parameter | None) -> State:
    if source is None:
        return State.ONLY_THERE
    if target is None:
        return State.MISSING
    return State.SAME if (source.digest, source.type) == (target.digest, target.type) else State.DIFFERS


def _stacks_own(pair: Pair, owned: frozenset[str]) -> str:
    if pair.key in owned or any(one is not None and one.owned_by for one in (pair.source, pair.target)):
        return "A stack makes it: it says what there is."
    return ""


def _why_not(pair: Pair, source: Environment) -> str:
    if pair.source is None:
        return f"Not in {source}."
    if pair.state == State.SAME:
        return "The same already."
    if pair.target is not None and pair.source.type != pair.target.type:
        return f"A {pair.source.type} there, a {pair.target.type} here: AWS cannot change the type."
    if pair.source.type == SECURE and source.stage == GUARDED_STAGE:
        return "A secret of prod stays in prod."
    try:
        opened(pair.source.type, pair.source.value)
    except UnreadableError:
        return "Kept under another SECRET_KEY: it is read again within ten minutes."
    return ""


def _why_moved(one: Picked, pair: Pair | None, source: Environment, target: Environment) -> str:
    """How a side is not as it was looked at, with what it is now."""
    sides = ((source, pair.source if pair else None, one.source), (target, pair.target if pair else None, one.target))
    for environment, row, looked_at in sides:
        if (row.version if row else None) == looked_at:
            continue
        was = "you saw none there" if looked_at is None else f"you looked at v{looked_at}"
        if row is None:
            return f"{one.key} of {environment} is not there any more; {was}."
        value = "a hidden value" if row.type == SECURE else short(row.value)
        return f"{one.key} of {environment} was set meanwhile: it is {value} now (v{row.version}); {was}."
    return ""
