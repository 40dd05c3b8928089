"""Getting a stuck stack out of where it is: what is stuck, why, and asking for its one way out."""

from dataclasses import dataclass, replace

from django.db import transaction

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.order import guard
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.retrying import why_not_retry
from provisioning.engine.ways_out import TAKES_AWAY, known_way_out, to_retry
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, stack_status
from provisioning.models import Change, Environment, Stack
from provisioning.planning.ways_out import DELETING, FORCE, RETAIN, WayOut


@dataclass(frozen=True)
class Stuck:
    """A stack that rests in a bad state: the state in words, what led there, and the way out. `change` is the failed
    change that is to be tried again, where that is the way."""

    stack: Stack
    condition: str
    cause: str
    way_out: WayOut
    change: Change | None = None


def stuck(environment: Environment) -> tuple[Stuck, ...]:
    """Every stack of the environment that needs a way out, data before compute, as last seen. One that a change is
    at work on is left out."""
    stacks = environment.stacks.exclude(operations__is_open=True).order_by("-kind")
    found = ((stack, known_way_out(stack)) for stack in stacks)
    return tuple(_stuck(stack, way) for stack, way in found if way is not None)


def _stuck(stack: Stack, way: WayOut) -> Stuck:
    return Stuck(stack, way.condition, _cause(stack), way, to_retry(stack) if way.retry else None)


def _cause(stack: Stack) -> str:
    """What went wrong, in words: the problem of the newest failed change that worked on the stack; else AWS's own."""
    failed = (
        Change.objects.filter(operations__stack=stack, status=ChangeStatus.FAILED).order_by("-requested_at").first()
    )
    if failed is not None and failed.problem:
        return str(failed.problem.get("sentence", ""))
    return f"AWS says: {stack.status_reason}" if stack.status_reason else ""


def do_request_recover(
    actor: Actor, environment: Environment, ask: Ask, *, stack: StackKind, what: str, spared: tuple[str, ...] = ()
) -> Change:
    """Ask for the way out of a stuck stack. `what` must be its way out as the stack was last seen, and `spared` among
    the resources that it proposes to skip or to leave behind; forcing it needs the environment's name, typed. The
    second of two clicks finds the first one's change. Raises Refusal."""
    require_change_right(actor, environment)
    known = Change.objects.filter(request_key=ask.key).first() if ask.key else None
    if known is not None:
        return known
    with transaction.atomic():
        locked = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
        guard(locked, ChangeKind.RECOVER)
        row = locked.stacks.get(kind=stack)
        way = _checked(row, what, spared, ask.reason)
        if what == FORCE and ask.confirm != locked.name:
            here = f"Type {locked.name} here."
            raise Refusal(f"Type {locked.name} to confirm.", "confirm", fields={"confirm": here})
        goal = {
            "stack": str(stack),
            "stack_id": row.stack_id,
            "what": what,
            "spared": sorted(set(spared)),
            "second_person": way.asks_two(spared),
            "finishes": _finishes(row, what),
        }
        full = replace(ask, kind=ChangeKind.RECOVER, values={}, stacks=(stack,), goal={**ask.goal, **goal})
        return do_request(actor, locked, full)


def _checked(stack: Stack, what: str, spared: tuple[str, ...], reason: str) -> WayOut:
    way = known_way_out(stack)
    if way is None:
        state = stack_status(stack.status).label.lower()
        raise Refusal(f"{stack.name} is not stuck: it is {state}.", "not-the-way-out")
    if way.retry:
        raise Refusal(f"Try the failed change again: that gets {stack.name} out of there.", "not-the-way-out")
    if not what or what != way.what:
        offered = f"The way out of there is “{way.label}” now." if way.label else way.sentence
        raise Refusal(f"{stack.name}: {way.condition.lower()}. {offered}", "not-the-way-out")
    others = sorted(set(spared) - {one.logical_id for one in way.proposals})
    if others:
        sentence = f"{', '.join(others)} cannot be chosen: only what keeps {stack.name} stuck can."
        raise Refusal(sentence, "not-proposed", fields={"spared": sentence})
    if what == RETAIN and not spared:
        sentence = "Choose what is left behind; without that it would get stuck again."
        raise Refusal(sentence, "not-proposed", fields={"spared": sentence})
    if way.needs_reason(spared) and not reason.strip():
        raise Refusal("Say why: it is kept with the change.", "no-reason", fields={"reason": "Say why."})
    return way


def _finishes(stack: Stack, what: str) -> str:
    """The kind of the failed change whose deletion this brings to its end: parked is parked, also by a way out."""
    if what not in DELETING:
        return ""
    failed = (
        Change.objects.filter(operations__stack=stack, status=ChangeStatus.FAILED).order_by("-requested_at").first()
    )
    if failed is None:
        return ""
    return failed.kind if failed.kind in TAKES_AWAY else str(failed.goal.get("finishes", ""))


def why_not_recover(actor: Actor, environment: Environment, *, stack: StackKind) -> str:
    """Why this person cannot take the stack's way out now, as the verbs would say; empty when they can."""
    row = environment.stacks.get(kind=stack)
    way = known_way_out(row)
    if way is None:
        return f"{row.name} is not stuck: it is {stack_status(row.status).label.lower()}."
    if not way.label:
        return way.sentence
    try:
        require_change_right(actor, environment)
        guard(environment, ChangeKind.RECOVER)
    except Refusal as refusal:
        return refusal.sentence
    change = to_retry(row) if way.retry else None
    return why_not_retry(actor, change) if change is not None else ""
