"""What stands on top of a change: why it failed, how it ended, or whose turn it is while it waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from portal.changes.parameters import done_words
from portal.changes.standing import Standing, names
from provisioning.actions.actor import Actor
from provisioning.engine.ending import NOTHING
from provisioning.lifecycle import BESIDE_STACKS, CANCEL_LATE, ChangeKind, ChangeStatus
from provisioning.models import Change, Event, SealedPlan
from provisioning.planning.reasons import AWS

_DONE = {
    ChangeKind.CREATE: "{} was created.",
    ChangeKind.UPDATE: "{} was updated.",
    ChangeKind.PARK: "{} was parked: its compute is gone, its tables stay.",
    ChangeKind.WAKE: "{} was woken.",
    ChangeKind.DELETE_COMPUTE: "The compute of {} was deleted, its tables stay.",
    ChangeKind.DELETE_DATA_STACK: "The data stack of {} was deleted, its tables stay.",
    ChangeKind.UNPROTECT: "The protection of {} is off. Its data can be deleted now, by a change of its own.",
    ChangeKind.PROTECT: "The protection of {} is on.",
    ChangeKind.DELETE_DATA: "The data of {} was deleted. The receipt below says what went, and where the backups are.",
    ChangeKind.ADOPT: "{} was taken over. Stackyard looks after its stacks from now on.",
    ChangeKind.RECOVER: "{} is out of the state it was stuck in.",
    ChangeKind.REPAIR_DRIFT: "{} is as its template says again.",
    ChangeKind.ACCEPT_DRIFT: "What differs in {} was accepted as it is.",
    ChangeKind.WRITE_ITEMS: "The items of {} are as was asked for.",
    ChangeKind.SET_PARAMETERS: "The parameters of {} are as was asked for.",
    ChangeKind.REDEPLOY: "{} was redeployed.",
    ChangeKind.ROLL_BACK: "{} was rolled back.",
    ChangeKind.DEPLOY: "It was deployed to {}, and proved.",
}


@dataclass(frozen=True)
class Failure:
    """Why it failed, whose turn it is and what to do, AWS's own words apart."""

    sentence: str
    turn: str
    raw: str
    followed: str = ""


@dataclass(frozen=True)
class Remark:
    """One notice on top of the page, as pieces/notice.html shows it."""

    tone: str
    text: str
    title: str = ""
    url: str = ""
    link_label: str = ""


def failure_of(actor: Actor, change: Change) -> Failure | None:
    """Why a change failed; None for one that did not."""
    problem: Mapping[str, Any] | None = change.problem
    if change.status != ChangeStatus.FAILED or not problem:
        return None
    advice = problem.get("advice", "")
    turn = f"{_turn(actor, change, problem.get('turn', ''))} {advice}"
    return Failure(problem["sentence"], turn, problem.get("raw", ""), _followed(int(problem.get("followed", 0))))


def _followed(count: int) -> str:
    """How many failed only because of the one that the sentence is about."""
    if not count:
        return ""
    return f"{count} more {'was' if count == 1 else 'were'} cancelled because of it."


def remarks(
    actor: Actor, change: Change, standing: Standing, plans: Sequence[SealedPlan], events: Sequence[Event] = ()
) -> tuple[Remark, ...]:
    """How it ended, or what somebody has to know before they go on."""
    found = (
        _end(change, standing),
        _set_aside(actor, change),
        _late(change, events),
        _sent_back(actor, change, standing),
        _moved(change, plans),
    )
    return tuple(remark for remark in found if remark)


def _set_aside(actor: Actor, change: Change) -> Remark | None:
    if change.set_aside_at is None:
        return None
    locked = "" if change.kind in BESIDE_STACKS else ", and its stacks stay locked"
    text = (
        f"{change.set_aside_because} Nobody works on it now{locked}. An administrator finds out why in the workers'"
        " log, then takes it up."
    )
    url = reverse("engine") if actor.is_admin else ""
    return Remark("attention", text, title="Set aside", url=url, link_label="Open the engine's page")


def _late(change: Change, events: Sequence[Event]) -> Remark | None:
    """Somebody wanted it cancelled, and it could not be any more: told while it goes on, and at its end."""
    late = next((event for event in reversed(events) if event.status == CANCEL_LATE), None)
    if late is None or change.cancel_asked_at is not None:
        return None
    return Remark("attention", late.reason)


def utc(moment: datetime) -> str:
    """A moment inside a sentence, where a `<time>` cannot stand: "Tue 24 Nov, 18:00 UTC"."""
    return f"{moment.astimezone(UTC):%a %-d %b, %H:%M} UTC"


def _turn(actor: Actor, change: Change, turn: str) -> str:
    """Whose turn it is, from where the reader stands: "you" in a problem is the requester."""
    if turn in {"you", "the requester"}:
        return _requesters_turn(actor, change)
    if turn == AWS:
        return "It is AWS's turn."
    return f"It is the turn of {turn}." if turn else ""


def _requesters_turn(actor: Actor, change: Change) -> str:
    if change.requested_by_id == actor.user_id:
        return "It is your turn."
    return f"It is {change.requested_by.get_full_name() or change.requested_by.get_username()}'s turn."


def _end(change: Change, standing: Standing) -> Remark | None:
    status = ChangeStatus(change.status)
    if status is ChangeStatus.SUCCEEDED:
        done = _DONE[ChangeKind(change.kind)].format(change.environment)
        told = done_words(change) if change.kind == ChangeKind.SET_PARAMETERS else ""
        return Remark("good", NOTHING if change.waiting_for == NOTHING else told or done)
    if status is ChangeStatus.REJECTED and standing.rejection:
        return Remark("attention", f"{standing.rejection.reviewer} rejected this: {standing.rejection.comment}")
    if status is ChangeStatus.CANCELLED:
        return Remark("quiet", change.waiting_for or "This change was taken back before anything was altered.")
    if status is ChangeStatus.EXPIRED:
        return Remark("quiet", _expired(change, standing))
    return _superseded(change) if status is ChangeStatus.SUPERSEDED else None


def _expired(change: Change, standing: Standing) -> str:
    when = f" by {utc(change.expires_at)}" if change.expires_at else " in time"
    approved = standing.approvals and (change.held or change.start_at)
    what = f"{names(standing.approvals)} approved this, and nobody ran it" if approved else "Nobody decided"
    return f"{what}{when}, so it expired and nothing was altered. Ask again if it is still wanted."


def _superseded(change: Change) -> Remark:
    newer = Change.objects.filter(supersedes=change).only("pk").first()
    text = "Another change was asked for instead of this one. Nothing of this one was altered."
    if newer is None:
        return Remark("quiet", "Another change overtook this one before it ran. Nothing was altered.")
    return Remark("quiet", text, url=reverse("change", args=[newer.pk]), link_label="Show that one")


def _sent_back(actor: Actor, change: Change, standing: Standing) -> Remark | None:
    if change.status != ChangeStatus.AWAITING_APPROVAL or not change.sent_back or standing.sent_back is None:
        return None
    decision = standing.sent_back
    advice = "Change the request and ask again, or withdraw it."
    return Remark(
        "attention",
        f"“{decision.comment}” {_requesters_turn(actor, change)} {advice}",
        title=f"{decision.reviewer} sent this back",
    )


def _moved(change: Change, plans: Sequence[SealedPlan]) -> Remark | None:
    if change.status not in {ChangeStatus.PLANNING, ChangeStatus.AWAITING_APPROVAL}:
        return None
    void = next((plan for plan in reversed(plans) if plan.void_because), None)
    if void is None:
        return None
    new = (
        "A new plan is being made."
        if change.status == ChangeStatus.PLANNING
        else "Approvals of it no longer count: read the plan below, then decide."
    )
    return Remark(
        "attention",
        f"Plan {void.number} is void: {void.void_because.rstrip('.')}. {new}",
        title="The plan moved",
        url=reverse("change_plan_at", args=[change.pk, void.number]),
        link_label=f"Show plan {void.number}",
    )
