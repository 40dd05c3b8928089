"""What this person may do with a change now, and why not: buttons are off with a reason, never merely missing for
those who may change things at all. The verbs check the same again."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from portal.changes.item_forms import form_of
from provisioning.actions.actor import Actor
from provisioning.actions.changing import waits_to_run
from provisioning.actions.deciding import policy_of
from provisioning.actions.refusals import Refusal
from provisioning.actions.retrying import why_not_retry
from provisioning.actions.running import why_not_run
from provisioning.actions.taking_back import operation_up, why_not_cancel
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import CANCELLABLE_CHANGES, OPEN_CHANGES, ChangeKind, ChangeStatus, EnvironmentStatus
from provisioning.models import Change

# What an environment must be for its pages to be of use after a change.
_THERE = frozenset({EnvironmentStatus.READY, EnvironmentStatus.DATA_ONLY, EnvironmentStatus.PARKED})
# The forms that can begin with what another change asked for.
_WITH_VALUES = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE})


@dataclass(frozen=True)
class Button:
    """A button that posts; `blocked` is why it is off, empty when it is on."""

    label: str
    url: str
    blocked: str = ""


@dataclass(frozen=True)
class Links:
    """Where one may go from here. `edit` asks again with other values instead of this change."""

    environment: str = ""
    connect: str = ""
    again: str = ""
    edit: str = ""


@dataclass(frozen=True)
class Rights:
    """What may be done with the change."""

    cancel: Button | None
    retry: Button | None
    run: Button | None
    links: Links
    may_change: bool
    why_no_cancel: str = ""


def rights(actor: Actor, change: Change) -> Rights:
    """The buttons of one person for one change."""
    if not actor.may_change:
        return Rights(None, None, None, _places(change), may_change=False)
    own = change.requested_by_id == actor.user_id
    runs = change.status == ChangeStatus.RUNNING
    cancel = _button(_cancel_label(change, own=own), "change_cancel", change, actor, why_not_cancel)
    retry = _button("Retry", "change_retry", change, actor, why_not_retry)
    run = _button("Run now", "change_run", change, actor, why_not_run)
    return Rights(
        # Where CloudFormation cannot cancel, there is no button, only the reason (S10).
        cancel=cancel if change.status in CANCELLABLE_CHANGES or (runs and not cancel.blocked) else None,
        why_no_cancel=cancel.blocked if runs else "",
        retry=retry if change.status == ChangeStatus.FAILED else None,
        run=run if waits_to_run(change) else None,
        links=_links(actor, change),
        may_change=True,
    )


def _cancel_label(change: Change, *, own: bool) -> str:
    """What the button does now: nothing was altered yet, or an update is rolled back."""
    if change.status == ChangeStatus.RUNNING:
        return "Cancel and roll back" if operation_up(change) else "Cancel this change"
    return "Withdraw" if own else "Cancel this change"


def stage_policy(change: Change) -> StagePolicy | None:
    """The policy of the change's stage; None when its blueprint is gone."""
    try:
        return policy_of(change)
    except Refusal:
        return None


def reason(ask: Callable[[Actor, Change], str], actor: Actor, change: Change) -> str:
    """Why a verb would refuse, also where it cannot even tell."""
    try:
        return ask(actor, change)
    except Refusal as refusal:
        return refusal.sentence


def _button(label: str, name: str, change: Change, actor: Actor, ask: Callable[[Actor, Change], str]) -> Button:
    return Button(label, reverse(name, args=[change.pk]), reason(ask, actor, change))


def _places(change: Change) -> Links:
    """Where everybody may go once it is done."""
    environment = change.environment
    names = [environment.application, environment.name]
    done = change.status == ChangeStatus.SUCCEEDED
    ready = done and environment.status == EnvironmentStatus.READY
    return Links(
        environment=reverse("environment", args=names) if done and environment.status in _THERE else "",
        connect=reverse("environment_connect", args=names) if ready else "",
    )


def _links(actor: Actor, change: Change) -> Links:
    places, form = _places(change), _form(change)
    sent_back = change.status == ChangeStatus.AWAITING_APPROVAL and change.sent_back
    mine = sent_back and change.requested_by_id == actor.user_id
    return Links(
        environment=places.environment,
        connect=places.connect,
        again=f"{form}?from={change.pk}" if form and change.status not in OPEN_CHANGES else "",
        edit=_instead(change, form) if mine else "",
    )


def _instead(change: Change, form: str) -> str:
    """The form that sends another request instead of this one."""
    if change.kind == ChangeKind.WRITE_ITEMS:
        return form_of(change)
    return f"{form}?from={change.pk}&replaces={change.pk}" if form else ""


def _form(change: Change) -> str:
    """The form that asked for a change with values of its own; empty for a change that has none."""
    if change.kind not in _WITH_VALUES:
        return ""
    environment = change.environment
    if change.kind == ChangeKind.CREATE:
        return reverse("request_create", args=[environment.application])
    return reverse("request_update", args=[environment.application, environment.name])
