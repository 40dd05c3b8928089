"""Changes as they are told: a line of the list, and the whole of one."""

import uuid
from datetime import datetime
from typing import Any

from django.urls import reverse
from ninja import Schema

from portal.changes.items import readable
from portal.changes.plans import plan_view
from portal.changes.rights import stage_policy
from provisioning.engine.playbooks import PLAYBOOKS, Playbook
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Change, Decision, Step


class ChangeLine(Schema):
    """One change of the list. `title` is its kind in words; `url` is its page."""

    id: uuid.UUID
    environment: str
    stage: str
    kind: ChangeKind
    title: str
    status: ChangeStatus
    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    reason: str
    url: str


class ChangeList(Schema):
    """A page of changes, the newest first."""

    items: list[ChangeLine]
    next: str | None


class StepLine(Schema):
    """How far one step is. `name` is for programs, `label` for people."""

    name: str
    label: str
    state: str
    note: str
    started_at: datetime | None
    finished_at: datetime | None


class DecisionLine(Schema):
    """What somebody, or a rule, decided about the plan with that digest."""

    verdict: str
    by: str
    by_rule: bool
    comment: str
    at: datetime
    plan_digest: str


class Trouble(Schema):
    """Why it failed."""

    code: str
    sentence: str


class ChangeDetail(ChangeLine):
    """One change. `sentence` is its plan in one; `digest` is what an approval has to name; `approvals_needed` of
    `approver_groups` have to agree. `held`: approved, and runs when somebody says so; `start_at`: not before."""

    attempt: int
    waiting_for: str
    started_at: datetime | None
    expires_at: datetime | None
    start_at: datetime | None
    held: bool
    sent_back: bool
    cancel_asked_at: datetime | None
    digest: str
    sentence: str
    plan: dict[str, Any] | None
    findings: list[dict[str, Any]]
    problem: Trouble | None
    approvals_needed: int
    approver_groups: list[str]
    steps: list[StepLine]
    decisions: list[DecisionLine]
    supersedes: uuid.UUID | None
    superseded_by: uuid.UUID | None


def change_line(change: Change) -> dict[str, Any]:
    """What the list says of a change. Needs its environment and requester at hand."""
    return {
        "id": change.pk,
        "environment": str(change.environment),
        "stage": change.environment.stage,
        "kind": ChangeKind(change.kind),
        "title": ChangeKind(change.kind).label,
        "status": ChangeStatus(change.status),
        "requested_by": change.requested_by.get_username(),
        "requested_at": change.requested_at,
        "finished_at": change.finished_at,
        "reason": change.reason,
        "url": reverse("change", args=[change.pk]),
    }


def change_detail(change: Change) -> ChangeDetail:
    """The whole of a change. What is hidden of items in its plan is hidden here too."""
    policy = stage_policy(change)
    return ChangeDetail(
        **change_line(change),
        attempt=change.attempt,
        waiting_for=change.waiting_for,
        started_at=change.started_at,
        expires_at=change.expires_at,
        start_at=change.start_at,
        held=change.held,
        sent_back=change.sent_back,
        cancel_asked_at=change.cancel_asked_at,
        digest=change.plan_digest,
        sentence="" if change.plan is None else plan_view(change.plan, change.plan_digest).sentence,
        plan=None if change.plan is None else readable(change, change.plan),
        findings=list(change.findings),
        problem=_trouble(change),
        approvals_needed=policy.approvals if policy else 0,
        approver_groups=list(policy.approver_groups) if policy else [],
        steps=[_step(step, PLAYBOOKS[ChangeKind(change.kind)]) for step in change.steps.all()],
        decisions=[decision_line(one) for one in change.decisions.select_related("by")],
        supersedes=change.supersedes_id,
        superseded_by=Change.objects.filter(supersedes=change).values_list("pk", flat=True).first(),
    )


def _trouble(change: Change) -> Trouble | None:
    found = change.problem
    return Trouble(code=str(found.get("code", "")), sentence=str(found.get("sentence", ""))) if found else None


def _step(step: Step, playbook: Playbook) -> StepLine:
    known = playbook.step(step.name)
    return StepLine(
        name=step.name,
        label=known.label if known else step.name.replace("_", " "),
        state=step.state,
        note=step.note,
        started_at=step.started_at,
        finished_at=step.finished_at,
    )


def decision_line(one: Decision) -> DecisionLine:
    """A decision as it is told. Needs its person at hand."""
    return DecisionLine(
        verdict=one.verdict,
        by=one.by.get_username() if one.by else one.rule,
        by_rule=one.by is None,
        comment=one.comment,
        at=one.at,
        plan_digest=one.plan_digest,
    )
