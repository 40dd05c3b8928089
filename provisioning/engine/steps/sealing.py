"""Planning, last part: the price, and the plan put together and sealed."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.blueprints.shapes import ResolvedResource
from provisioning.costs.allowance import Allowance
from provisioning.costs.estimate import difference, estimate
from provisioning.costs.model import Estimate, PricedInput
from provisioning.costs.scenarios import SCENARIOS
from provisioning.costs.usage import Usage
from provisioning.engine.claims import hold
from provisioning.engine.deploying import planned, preparing, promotions
from provisioning.engine.outcome import Done, Outcome
from provisioning.engine.steps import adopting, configuration, deletion, items, looking, parameters
from provisioning.engine.steps.checking import CREATE, NONE, SETTINGS, TAKE_OVER, UPDATE
from provisioning.engine.usage import usage_of_change
from provisioning.engine.work import Work
from provisioning.lifecycle import UNDER_REVIEW, ChangeKind, StackKind
from provisioning.models import Change, Operation, SealedPlan, Stack
from provisioning.planning import changes, plan
from provisioning.planning.ways_out import CONTINUE, ROLL_BACK, SPARING

Resources = tuple[ResolvedResource, ...]
PLANNED_AGAIN = "it was planned again"
EMPTY: Mapping[str, Any] = {"adoption": [], "stage_below": None, "deletion": None, "flags": []}
# Parts of the plan that steps elsewhere know about: what each reads is kept under its name.
PARTS: Mapping[str, Callable[[Work], Any]] = {
    "impact": looking.impact,
    "stage_below": looking.below,
    "adoption": adopting.comparison,
    "deletion": deletion.deletion,
    "flags": configuration.planned_flags,
}

# The same for changes that hold no stack, by kind; such a plan has no price a month.
_DEPLOYS: Mapping[str, Callable[[Work], Any]] = {
    "parameters": parameters.parameters_part,
    "redeploy": planned.redeploy_part,
}
BESIDE: Mapping[str, Mapping[str, Callable[[Work], Any]]] = {
    ChangeKind.WRITE_ITEMS: {"impact": items.impact, "items": items.items_part},
    ChangeKind.SET_PARAMETERS: _DEPLOYS,
    ChangeKind.REDEPLOY: _DEPLOYS,
}
# What changes of these kinds hold besides the parts of every change of stacks.
MORE: Mapping[str, Mapping[str, Callable[[Work], Any]]] = {
    ChangeKind.ROLL_BACK: {**_DEPLOYS, "rollback": planned.rollback_part},
    ChangeKind.DEPLOY: {**_DEPLOYS, "deploy": preparing.deploy_part, "proof": promotions.proof_part},
}


def ensure_priced(work: Work) -> Outcome:
    """What each stack costs a month before and after, by resource, on the assumptions of the request."""
    after = Decimal(_price(work)["after"])
    return Done(f"{after:.2f} USD a month, {usage_of_change(work.change).words}")


def _price(work: Work) -> dict[str, Any]:
    """The price, on the environment too: the plan is written with it, in whichever tick that is."""
    if work.cost is None:
        work.cost = _cost(work)
        work.change.environment.monthly_cost = Decimal(work.cost["after"])
    return work.cost


def _cost(work: Work) -> dict[str, Any]:
    usage = usage_of_change(work.change)
    sides = {kind: _sides(work, kind, stack) for kind, stack in work.stacks.items()}
    was = _estimates({kind: before for kind, (before, _) in sides.items() if before}, usage)
    then = _estimates({kind: after for kind, (_, after) in sides.items()}, usage)
    before, after = _sum(was), _sum(then)
    return {
        "stacks": {kind: difference(was.get(kind), one).as_dict() for kind, one in then.items()},
        "before": str(before),
        "after": str(after),
        "delta": str(after - before),
        "usage": usage.as_dict(),
        "totals": {
            scenario: str(_sum(_estimates({kind: one for kind, (_, one) in sides.items()}, usage.within(scenario))))
            for scenario in SCENARIOS
        },
    }


def _sides(work: Work, kind: StackKind, stack: Stack) -> tuple[Resources, Resources]:
    before = work.deployed(stack) if stack.outputs else _adopted(work, kind)
    return before, _after(work, kind, before)


def _estimates(stacks: Mapping[StackKind, Resources], usage: Usage) -> dict[StackKind, Estimate]:
    """Every stack, with what is free in the account given away once."""
    allowance = Allowance()
    return {
        kind: estimate(
            [PricedInput(item.logical_id, item.type, item.properties) for item in resources],
            usage=usage,
            allowance=allowance,
        )
        for kind, resources in stacks.items()
    }


def _sum(estimates: Mapping[StackKind, Estimate]) -> Decimal:
    return sum((one.monthly for one in estimates.values()), Decimal(0))


def _adopted(work: Work, kind: StackKind) -> Resources:
    """What a stack that was made elsewhere costs already: adopting it adds nothing."""
    operation = work.operations.get(kind)
    if operation is None or operation.action != TAKE_OVER:
        return ()
    return work.resolved(operation).resources


def _after(work: Work, kind: StackKind, before: Resources) -> Resources:
    parts = work.parts.get(kind)
    operation = parts[-1] if parts else None  # an earlier part is a stop on the way
    if operation is None or operation.action in {NONE, SETTINGS, CONTINUE, ROLL_BACK}:
        return before
    if operation.template is not None:
        return work.resolved(operation).resources
    kept = tuple(item for item in before if item.type in changes.DATA_TYPES and item.deletion_policy != "Delete")
    return () if work.change.kind == ChangeKind.DELETE_DATA else kept


def ensure_plan_sealed(work: Work) -> Outcome:
    """Put the parts together, seal them with a digest (C15), and keep what was sealed for ever."""
    change = work.change
    parts = BESIDE.get(change.kind) or {**PARTS, **MORE.get(change.kind, {})}
    made = plan.build(
        kind=change.kind,
        stacks=[sealed_part(work, operation) for operation in work.every_part()],
        findings=change.findings,
        cost=None if change.kind in BESIDE else _price(work),
        more={"attempt": change.attempt, **EMPTY, **{name: read(work) for name, read in parts.items()}},
    )
    change.plan, change.plan_digest = made, plan.digest(made)
    _keep(change)
    return Done("Sealed")


def sealed_part(work: Work, operation: Operation) -> dict[str, Any]:
    """One part of a stack's work, as the plan holds it."""
    parts = work.parts[StackKind(operation.stack.kind)]
    _rest(operation)
    return {
        "kind": operation.stack.kind,
        "name": operation.stack.name,
        "part": operation.part,
        "parts": len(parts),
        "purpose": operation.purpose,
        "action": operation.action,
        "read_from": operation.read_from,
        "template": operation.template_id or "",
        "parameters": operation.parameters,
        "parameters_before": operation.stack.parameters if operation.action == UPDATE else {},
        "keep": operation.keep,
        "tags": work.tags() if operation.action in {CREATE, UPDATE} else {},
        "imports": operation.imports,
        "stack": operation.rests_on,
        "change_set": operation.change_set_id,
        "changes": operation.changes or [],
        **({"spared": operation.spared} if operation.action in SPARING else {}),
    }


def _rest(operation: Operation) -> None:
    """Where the change set itself made the stack, the plan rests on that empty shell (S6)."""
    if operation.change_set_id and not operation.rests_on.get("stack_id"):
        operation.rests_on = {"stack_id": operation.stack.stack_id, "status": UNDER_REVIEW, "at": ""}


def _keep(change: Change) -> None:
    """A row for each plan that was sealed: none for one that is there, and none that stands beside the newest."""
    with transaction.atomic():
        hold(change)
        earlier = change.plans.filter(void_because="").exclude(digest=change.plan_digest)
        earlier.update(void_because=PLANNED_AGAIN)
        if change.plans.filter(digest=change.plan_digest).exists():
            return
        SealedPlan.objects.create(
            change=change,
            number=change.plans.count() + 1,
            digest=change.plan_digest,
            content=change.plan,
            sealed_at=timezone.now(),
        )
