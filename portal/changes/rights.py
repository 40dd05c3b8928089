"""What this person may do with a change now, and why not: buttons are off with a reason, never merely missing for
those who may change things at all. The verbs check the same again."""

from dataclasses import dataclass

from django.urls import reverse

from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.deciding import policy_of, why_not_decide
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import CANCELLABLE_CHANGES, OPEN_CHANGES, ChangeKind, ChangeStatus, EnvironmentStatus
from provisioning.models import Change

# What an environment must be for its pages to be of use after a change.
_THERE = frozenset({EnvironmentStatus.READY, EnvironmentStatus.DATA_ONLY, EnvironmentStatus.PARKED})


@dataclass(frozen=True)
class Button:
    """A button that posts; `blocked` is why it is off, empty when it is on."""

    label: str
    url: str
    blocked: str = ""


@dataclass(frozen=True)
class Links:
    """Where one may go from here."""

    environment: str = ""
    connect: str = ""
    again: str = ""


@dataclass(frozen=True)
class Rights:
    """What may be done with the change. `why_not_decide` is empty for those who may decide now."""

    cancel: Button | None
    retry: Button | None
    links: Links
    awaiting: bool
    why_not_decide: str
    may_change: bool


def rights(actor: Actor, change: Change) -> Rights:
    """The buttons of one person for one change."""
    awaiting = change.status == ChangeStatus.AWAITING_APPROVAL
    return Rights(
        cancel=_cancel(actor, change) if actor.may_change else None,
        retry=_retry(actor, change) if actor.may_change else None,
        links=_links(actor, change),
        awaiting=awaiting,
        why_not_decide=_why_not_decide(actor, change) if awaiting else "",
        may_change=actor.may_change,
    )


def stage_policy(change: Change) -> StagePolicy | None:
    """The policy of the change's stage; None when its blueprint is gone."""
    try:
        return policy_of(change)
    except Refusal:
        return None


def _why_not_decide(actor: Actor, change: Change) -> str:
    try:
        return why_not_decide(actor, change)
    except Refusal as refusal:
        return refusal.sentence


def _why_not_change(actor: Actor, change: Change) -> str:
    try:
        require_change_right(actor, change.environment)
    except Refusal as refusal:
        return refusal.sentence
    return ""


def _cancel(actor: Actor, change: Change) -> Button | None:
    if change.status not in CANCELLABLE_CHANGES:
        return None
    return Button("Cancel this change", reverse("change_cancel", args=[change.pk]), _why_not_change(actor, change))


def _retry(actor: Actor, change: Change) -> Button | None:
    if change.status != ChangeStatus.FAILED:
        return None
    blocked = _why_not_change(actor, change)
    if not blocked and change.cleanup:
        blocked = "Stackyard is still tidying up after the failure."
    newer = Change.objects.filter(environment=change.environment, requested_at__gt=change.requested_at)
    if not blocked and newer.exists():
        blocked = "A newer change of this environment exists; this one is history."
    return Button("Retry", reverse("change_retry", args=[change.pk]), blocked)


def _links(actor: Actor, change: Change) -> Links:
    environment = change.environment
    names = [environment.application, environment.name]
    done = change.status == ChangeStatus.SUCCEEDED
    again = change.kind == ChangeKind.CREATE and change.status not in OPEN_CHANGES and actor.may_change
    return Links(
        environment=reverse("environment", args=names) if done and environment.status in _THERE else "",
        connect=reverse("environment_connect", args=names)
        if done and environment.status == EnvironmentStatus.READY
        else "",
        again=f"{reverse('request_create', args=[environment.application])}?from={change.pk}" if again else "",
    )
