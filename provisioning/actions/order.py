"""Which change may follow which: what the stacks, as last seen, and the open change allow."""

from collections.abc import Collection

from provisioning.actions.refusals import Refusal
from provisioning.blueprints.template import parse
from provisioning.engine.watching import missing
from provisioning.lifecycle import (
    UNDER_REVIEW,
    ChangeKind,
    ChangeStatus,
    EnvironmentStatus,
    StackKind,
    stack_status,
)
from provisioning.models import Environment, Operation

REASON_NEEDED = frozenset({ChangeKind.UNPROTECT, ChangeKind.DELETE_DATA})


def guard(environment: Environment, kind: ChangeKind) -> None:
    """Refuse what the stacks, as last seen, do not allow (X5). The caller holds the environment's row."""
    if Operation.objects.filter(stack__environment=environment, is_open=True).exists():
        raise in_the_way(environment)
    live = {stack.kind: not stack_status(stack.status).gone for stack in environment.stacks.all()}
    sentence = _out_of_order(environment, kind, data=live[StackKind.DATA], compute=live[StackKind.COMPUTE])
    if sentence:
        raise Refusal(sentence, "wrong-order", fields={"name": sentence} if kind == ChangeKind.CREATE else None)


def guard_stacks(environment: Environment, kind: ChangeKind, stacks: Collection[StackKind]) -> None:
    """Refuse a creation or an update of these stacks alone, where that is not what there is to do. Compute uses the
    data stack's exports, so that comes first. None named: the kind says which, and `guard` has looked at them."""
    live = {StackKind(one.kind) for one in environment.stacks.all() if not stack_status(one.status).gone}
    sentence = ""
    if kind == ChangeKind.CREATE and stacks:
        there = sorted(live & set(stacks))
        sentence = f"{environment} has its {' and '.join(there)} stack already." if there else ""
        if StackKind.DATA not in live | set(stacks):
            sentence = f"{environment} has no data stack for its compute to use. Create that first."
    elif kind == ChangeKind.UPDATE:
        gone = sorted(set(stacks) - live)
        sentence = f"{environment} has no {' and no '.join(gone)} stack to update." if gone else ""
    if sentence:
        raise Refusal(sentence, "wrong-order")


def _out_of_order(environment: Environment, kind: ChangeKind, *, data: bool, compute: bool) -> str:
    return {
        ChangeKind.CREATE: f"{environment} exists already." if data and compute else "",
        ChangeKind.UPDATE: "" if data or compute else f"{environment} has no stacks to update. Create it first.",
        ChangeKind.PARK: "" if compute else f"{environment} has no compute to park.",
        ChangeKind.DELETE_COMPUTE: "" if compute else f"{environment} has no compute to delete.",
        ChangeKind.WAKE: _wake_problem(environment, data=data, compute=compute),
        ChangeKind.DELETE_DATA_STACK: _data_problem(environment, data=data, compute=compute),
        ChangeKind.UNPROTECT: "" if environment.data_protected else f"{environment} is not protected now.",
        ChangeKind.PROTECT: _protection_problem(environment),
        ChangeKind.DELETE_DATA: _deletion_problem(environment, compute=compute),
        ChangeKind.ADOPT: f"{environment} is Stackyard's already." if data or compute else "",
        ChangeKind.RECOVER: "" if data or compute else f"{environment} has no stacks.",
        ChangeKind.REPAIR_DRIFT: "" if data or compute else f"{environment} has no stacks.",
        ChangeKind.ACCEPT_DRIFT: "" if data or compute else f"{environment} has no stacks.",
        ChangeKind.WRITE_ITEMS: "Items are written from the page of their table.",
        ChangeKind.SET_PARAMETERS: "Parameters are set from the page of flags.",
        ChangeKind.REDEPLOY: "It is redeployed from the environment's page.",
        ChangeKind.ROLL_BACK: "It is rolled back from the environment's page.",
        ChangeKind.DEPLOY: "It is deployed from the environment's page.",
    }[kind]


def _wake_problem(environment: Environment, *, data: bool, compute: bool) -> str:
    if compute:
        return f"{environment} is awake already."
    if not data:
        return f"{environment} has no data stack to wake on. Create it first."
    template = environment.stacks.get(kind=StackKind.COMPUTE).template
    if template is None:
        return f"{environment} never had compute, so there is nothing to wake. Create it."
    if any(parameter.no_echo for parameter in parse(template.body).parameters.values()):
        return "Its template has hidden values, which Stackyard does not keep. Create it again and type them."
    return ""


def _data_problem(environment: Environment, *, data: bool, compute: bool) -> str:
    if not data and environment.status != EnvironmentStatus.ATTENTION:
        return f"{environment} has no data stack."
    if compute:
        return "The compute stack uses the data stack's exports. Park the environment or delete its compute first."
    return ""


def _deletion_problem(environment: Environment, *, compute: bool) -> str:
    if compute:
        return "The compute stack uses the tables. Park the environment or delete its compute first."
    if environment.data_protected:
        return f"The data of {environment} is protected. Switch its protection off first: that is a change of its own."
    return ""


def _protection_problem(environment: Environment) -> str:
    """Switching it on also brings back what somebody switched off outside Stackyard."""
    if environment.data_protected and not missing(environment):
        return f"{environment} is protected already."
    return ""


def require_reason(kind: ChangeKind, reason: str) -> None:
    """Refuse to open the way for a loss of data, or to go it, without a reason that can be read later."""
    if kind in REASON_NEEDED and not reason.strip():
        raise Refusal("Say why: it is kept with the change.", "no-reason", fields={"reason": "Say why."})


def in_the_way(environment: Environment) -> Refusal:
    """Why a change cannot be opened beside the one that is open."""
    operation = (
        Operation.objects.filter(stack__environment=environment, is_open=True)
        .select_related("change__requested_by")
        .order_by("pk")
        .first()
    )
    if operation is None:
        return Refusal(f"{environment} exists already.", "exists", fields={"name": "This environment exists already."})
    change = operation.change
    who = change.requested_by.get_username()
    return Refusal(
        f"{who} has a change of {environment} open: {ChangeKind(change.kind).label.lower()},"
        f" {ChangeStatus(change.status).label.lower()}. One change at a time.",
        "change-open",
        fields={"name": f"{who} has a change of this environment open."},
        change_id=str(change.pk),
    )


def why_not_now(environment: Environment, kind: ChangeKind) -> str:
    """Why a change of this kind cannot be asked for now, as the verb would say; empty when it can."""
    try:
        guard(environment, kind)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def why_not_instead(environment: Environment, kind: ChangeKind) -> str:
    """Why a change of this kind could not be asked for instead of the one that waits, whose empty shells go with it
    (S6); empty when it could."""
    live = {
        stack.kind: stack.status != UNDER_REVIEW and not stack_status(stack.status).gone
        for stack in environment.stacks.all()
    }
    return _out_of_order(environment, kind, data=live[StackKind.DATA], compute=live[StackKind.COMPUTE])
