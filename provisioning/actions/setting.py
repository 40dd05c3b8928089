"""Setting parameters: toggle, edit, create, delete, restore. Each is a change; where nobody decides it runs at once.

A value is checked by AWS's rules and by what the blueprint declares before anything is sent. It is asked for on the
version that the person looked at: whoever looked at an older one is told, and nothing is overwritten (M3).
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.changing import require_start
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, Flag, StagePolicy
from provisioning.blueprints.promises import computed_names
from provisioning.blueprints.shapes import Pseudo
from provisioning.engine.parameters.opening import Opening, in_the_way, open_setting
from provisioning.engine.parameters.putting import is_revert
from provisioning.flags.rules import STRING, TYPES, flag_problem, name_problem, store_type, value_problem
from provisioning.flags.sealing import digest
from provisioning.lifecycle import ChangeKind, ChangeStatus, ParameterVerb, WriteState
from provisioning.models import Change, Environment, Parameter, ParameterVersion
from provisioning.planning import parameter_plans
from provisioning.planning.parameter_plans import Wish
from provisioning.planning.policy import needed
from provisioning.tasks import ring

MOST = 50  # parameters of one change: whoever decides has to read them all
QUICK = timedelta(seconds=60)
REDEPLOY = "redeploy"


@dataclass(frozen=True)
class Setting:
    """One parameter as somebody wants it. `value` None deletes it. `expected` is the version that was looked at, None
    for a new one. `restores` is the row of the version whose value this is, where it is an old one. `type` is for a new
    one that no blueprint declares. `copied` says that the value is another environment's."""

    key: str
    value: str | None
    expected: int | None
    restores: int | None = None
    type: str = STRING
    copied: bool = False


@dataclass(frozen=True)
class AskToSet:
    """What comes with every request: why, the form's own key so that a second click finds the first one's change, a
    start time, whether to redeploy (None: as the flags say), and that a quick second flip is meant (pitfall 22).

    `more` is added to the change's goal by verbs that ask for more than values; `also` is done with the change in the
    transaction that opens it."""

    reason: str = ""
    key: uuid.UUID | None = None
    start_at: datetime | None = None
    redeploy: bool | None = None
    confirmed: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)
    also: Callable[[Change], object] = lambda _change: None


def do_set_parameters(actor: Actor, environment: Environment, settings: Sequence[Setting], ask: AskToSet) -> Change:
    """Ask for parameters of one environment to be set. Returns the change; the same one again for a second click.
    Raises Refusal, with the field that it is about: a key, `reason`, `start_at` or `confirmed`."""
    require_change_right(actor, environment)
    known = _same_click(actor, ask)
    if known is not None:
        return known
    blueprint, path = path_of(environment)
    if ask.start_at is not None:
        require_start(ask.start_at)
    try:
        with transaction.atomic():
            Environment.objects.select_for_update(of=("self",), no_key=True).get(pk=environment.pk)
            wishes = wishes_for(environment, blueprint, path, settings)
            require_free(environment, {wish.key for wish in wishes})
            _require_patience(environment, wishes, ask)
            return _opened(actor, environment, blueprint, wishes, ask)
    except IntegrityError:
        known = _same_click(actor, ask)
        if known is None:
            raise
        return known


def path_of(environment: Environment) -> tuple[Blueprint, str]:
    """The blueprint of an environment and its parameter path. Raises Refusal where there is none."""
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise Refusal("The blueprint of this application cannot be read any more. Ask an admin.", "no-application")
    path = blueprint.path(environment.name)
    if path is None:
        raise Refusal(f"{blueprint.title} reads no parameters: its blueprint has no parameter path.", "no-path")
    return blueprint, path


def asked_of(environment: Environment, *, reverts: bool = False) -> StagePolicy:
    """What is asked for setting parameters here: how many approvals, of whom. Raises Refusal."""
    blueprint, _ = path_of(environment)
    return needed(blueprint.stages[environment.stage], ChangeKind.SET_PARAMETERS, {"reverts": reverts})


def declared(blueprint: Blueprint, key: str) -> Flag | None:
    """What the blueprint declares under a key, if anything."""
    return next((flag for flag in blueprint.flags if flag.key == key), None)


def _same_click(actor: Actor, ask: AskToSet) -> Change | None:
    found = Change.objects.filter(request_key=ask.key).first() if ask.key else None
    if found is not None and found.requested_by_id != actor.user_id:
        raise Refusal("This form was sent already. Open it again.", "sent-already")
    return found


def wishes_for(environment: Environment, blueprint: Blueprint, path: str, settings: Sequence[Setting]) -> list[Wish]:
    """The settings as wishes, each held against what is known, AWS's rules and what is declared. Raises Refusal."""
    if not settings:
        raise Refusal("Nothing is to be set.", "nothing")
    if len(settings) > MOST:
        raise Refusal(f"One change sets {MOST} parameters at most, so that somebody can read them all.", "too-many")
    if len({one.key for one in settings}) < len(settings):
        raise Refusal("A parameter is in it twice.", "twice")
    rows = {row.key: row for row in Parameter.objects.filter(environment=environment)}
    owned = owned_keys(environment, blueprint, path)
    found, wrong = [], {}
    for one in settings:
        row = rows.get(one.key)
        problem = _problem(one, row, declared(blueprint, one.key), path, owned)
        if problem:
            wrong[one.key] = problem
        else:
            found.append(_wish(one, row, declared(blueprint, one.key), path))
    if wrong:
        raise Refusal(" ".join(wrong.values()), "bad-values", fields=wrong)
    return found


def owned_keys(environment: Environment, blueprint: Blueprint, path: str) -> frozenset[str]:
    """The keys that the environment's stacks make: told by the templates, before any stack is there (pitfall 21)."""
    flags = {flag.key for flag in blueprint.flags}
    account = environment.account
    pseudo = Pseudo(account.region, account.account_id, "")
    names = computed_names(blueprint, environment.name, environment.stage, pseudo).parameters
    return frozenset(name.removeprefix(path) for name in names) - flags


def _problem(one: Setting, row: Parameter | None, flag: Flag | None, path: str, owned: frozenset[str]) -> str:
    """Why a setting cannot be asked for, in words that never repeat a secret; empty when it can."""
    if one.key in owned or (row is not None and row.owned_by):
        return f"{one.key} belongs to a stack of the environment: it says what there is, and is no switch."
    there = row is not None and row.gone_at is None
    if one.expected is None:
        if there and row is not None:
            return f"{one.key} exists already, at v{row.version}. Open it to set it."
        return name_problem(f"{path}{one.key}") or _value_problem(one, flag, _type(one, row, flag))
    if row is None or not there:
        return f"{one.key} is not there any more."
    if row.version != one.expected:
        shown = "a hidden value" if row.type == "SecureString" else parameter_plans.short(row.value)
        return f"{one.key} was set meanwhile: it is {shown} now (v{row.version}); you looked at v{one.expected}."
    if one.value is None:
        return f"{one.key} is declared by the blueprint: it can be set, not deleted." if flag else ""
    if digest(one.value) == row.digest:
        return f"{one.key} is so already."
    return _value_problem(one, flag, row.type)


def _value_problem(one: Setting, flag: Flag | None, kind: str) -> str:
    if kind not in TYPES:
        return f"“{kind}” is no type of parameter."
    value = one.value or ""
    problem = value_problem(kind, value) or (flag_problem(flag.type, value, flag.allowed) if flag else "")
    return f"{one.key}: {problem}" if problem else ""


def _type(one: Setting, row: Parameter | None, flag: Flag | None) -> str:
    if row is not None and row.gone_at is None:
        return row.type
    return store_type(flag.type) if flag else one.type


def _wish(one: Setting, row: Parameter | None, flag: Flag | None, path: str) -> Wish:
    if one.value is None:
        verb = ParameterVerb.DELETE
    elif one.copied:
        verb = ParameterVerb.COPY
    elif one.expected is None:
        verb = ParameterVerb.CREATE
    elif one.restores is not None or (row is not None and is_revert(row, one.value)):
        verb = ParameterVerb.RESTORE
    else:
        verb = ParameterVerb.EDIT
    return Wish(one.key, f"{path}{one.key}", verb, _type(one, row, flag), one.value, one.expected, one.restores)


def require_free(environment: Environment, keys: Collection[str]) -> None:
    """One open change for a parameter at a time. The caller holds the environment's row. Raises Refusal."""
    found = in_the_way(environment, keys)
    if found is not None:
        change, both = found
        who = change.requested_by.get_username()
        status = ChangeStatus(change.status).label.lower()
        sentence = f"{who} has a change of {', '.join(both)} open, {status}. One at a time."
        raise Refusal(sentence, "change-open", fields={both[0]: sentence}, change_id=str(change.pk))


def _require_patience(environment: Environment, wishes: Sequence[Wish], ask: AskToSet) -> None:
    """Two flips of one parameter within a minute are meant knowingly, or not at all (pitfall 22)."""
    if ask.confirmed:
        return
    lately = ParameterVersion.objects.filter(
        parameter__environment=environment,
        parameter__key__in=[wish.key for wish in wishes],
        state=WriteState.DONE,
        by__isnull=False,
        at__gt=timezone.now() - QUICK,
    ).select_related("parameter", "by")
    put = lately.first()
    if put is None or put.by is None:
        return
    ago = round((timezone.now() - put.at).total_seconds())
    sentence = f"{put.by.get_username()} set {put.parameter.key} {ago} s ago. Set it again all the same?"
    raise Refusal(sentence, "quick-flip", fields={"confirmed": sentence})


def _opened(
    actor: Actor, environment: Environment, blueprint: Blueprint, wishes: Sequence[Wish], ask: AskToSet
) -> Change:
    change = open_setting(
        environment,
        wishes,
        Opening(
            by_id=actor.user_id,
            reason=ask.reason,
            redeploy=redeploys(blueprint, [wish.key for wish in wishes]) if ask.redeploy is None else ask.redeploy,
            key=ask.key,
            start_at=ask.start_at,
            reverts=all(wish.verb == ParameterVerb.RESTORE and _goes_back(environment, wish) for wish in wishes),
            address=actor.address,
            more=ask.more,
            detail=actor.traces,
        ),
    )
    ask.also(change)
    ring(change.pk)
    return change


def redeploys(blueprint: Blueprint, keys: Sequence[str]) -> bool:
    """Whether the blueprint wants a redeploy after one of these parameters was set."""
    return any(flag.key in keys and flag.after == REDEPLOY for flag in blueprint.flags)


def _goes_back(environment: Environment, wish: Wish) -> bool:
    """Whether it is a way back by the rule of `is_revert`: an older value is restored by whoever wants, but only what
    was right before is one that nobody has to decide about."""
    row = Parameter.objects.filter(environment=environment, key=wish.key).first()
    return row is not None and wish.value is not None and is_revert(row, wish.value)
