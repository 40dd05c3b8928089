"""What a stage's policy asks for, and which of its rules may approve a plan in nobody's stead. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from provisioning.blueprints.model import NEVER_BY_RULE, AutoApproval, StagePolicy
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.planning.changes import DATA_TYPES, endangers_data
from provisioning.planning.ways_out import FORCE, RETAIN

SECOND_PERSON = frozenset(
    {
        ChangeKind.DELETE_DATA,
        ChangeKind.UNPROTECT,
        ChangeKind.WRITE_ITEMS,
        ChangeKind.SET_PARAMETERS,
        ChangeKind.DEPLOY,
    }
)
GUARDED_STAGE = "prod"
GUARDIANS = ("admins",)
# Of any other action than these and Remove, AWS says only when it runs whether it replaces or deletes.
_PLAIN = frozenset({"Add", "Modify", "Keep", "Import", "SyncWithActual"})
START_DAYS = 30
START_WINDOW = timedelta(hours=24)


def needed(policy: StagePolicy, kind: str, goal: Mapping[str, Any] | None = None) -> StagePolicy:
    """What is asked for a change of this kind, with this goal where it has one: the stage's policy, and in prod a
    second person wherever data is at stake or something else is to run, even where the policy asks nobody. A way out
    that skips, leaves behind or forces something of a data stack takes an admin's consent at every stage (S8, S11).
    Nobody is asked about a way back of parameters where the stage allows that, nor about one whose time was part of a
    plan that was decided already."""
    if takes_two(kind, goal or {}):
        return replace(policy, approvals=max(1, policy.approvals), approver_groups=GUARDIANS, auto_approvals=())
    if (goal or {}).get("within") or (policy.revert_without_approval and (goal or {}).get("reverts") is True):
        return replace(policy, approvals=0, approver_groups=(), auto_approvals=())
    if kind not in SECOND_PERSON or policy.stage != GUARDED_STAGE:
        return policy
    return replace(
        policy,
        approvals=max(1, policy.approvals),
        approver_groups=policy.approver_groups or GUARDIANS,
        auto_approvals=(),
    )


def takes_two(kind: str, goal: Mapping[str, Any]) -> bool:
    """Whether a change goes at a data stack in a way that one person alone may not, whatever the stage."""
    if kind != ChangeKind.RECOVER or goal.get("stack") != StackKind.DATA:
        return False
    return bool(goal.get("second_person") or goal.get("spared") or goal.get("what") in {RETAIN, FORCE})


def writes_need_change(stage: str) -> bool:
    """Whether items are written only by a change with a second person: in prod, whatever its policy says."""
    return stage == GUARDED_STAGE


def may_start_later(policy: StagePolicy, kind: str, goal: Mapping[str, Any] | None = None) -> bool:
    """Whether a start may be asked for: where somebody decides first, and always in prod."""
    return bool(needed(policy, kind, goal).approvals) or policy.stage == GUARDED_STAGE


def latest_start(start_at: datetime) -> datetime:
    """Until when an approved change that starts at a given time may still start: 24 hours later."""
    return start_at + START_WINDOW


def approving_rule(policy: StagePolicy, kind: str, plan: Mapping[str, Any]) -> AutoApproval | None:
    """The first rule of the stage that approves this plan; None when a person has to decide.

    A plan that endangers data, deletes some, or carries an error is never a rule's to approve.
    """
    if kind in NEVER_BY_RULE or not needed(policy, kind).auto_approvals or _wants_eyes(plan):
        return None
    return next((rule for rule in policy.auto_approvals if kind in rule.kinds and _covers(rule, plan)), None)


def _rows(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for stack in plan.get("stacks", ()):
        yield from stack.get("changes", ())


def _wants_eyes(plan: Mapping[str, Any]) -> bool:
    wrong = any(finding.get("severity") == "error" for finding in plan.get("findings", ()))
    return wrong or plan.get("deletion") is not None or any(endangers_data(row) for row in _rows(plan))


def _covers(rule: AutoApproval, plan: Mapping[str, Any]) -> bool:
    rows = list(_rows(plan))
    if rule.data != "any" and any(row["type"] in DATA_TYPES and row["action"] != "Add" for row in rows):
        return False
    if not rule.replaces and any(_may_replace(row) for row in rows):
        return False
    if not rule.deletes and any(_may_delete(row) for row in rows):
        return False
    return rule.monthly_increase is None or _costs_at_most(rule.monthly_increase, plan)


def _may_replace(row: Mapping[str, Any]) -> bool:
    doubt = row["replacement"] not in {"", "False"} or row["policy_action"].startswith("Replace")
    return doubt or row["action"] not in {*_PLAIN, "Remove"}


def _may_delete(row: Mapping[str, Any]) -> bool:
    return row["action"] not in _PLAIN


def _costs_at_most(limit: Decimal, plan: Mapping[str, Any]) -> bool:
    """Whether the price is known to rise by no more than this, in US dollars a month."""
    cost = plan.get("cost")
    if cost is None or cost.get("delta") is None:
        return False
    touched = {(stack.get("kind"), row["logical_id"]) for stack in plan["stacks"] for row in stack["changes"]}
    not_known = {
        (kind, line["logical_id"])
        for kind, difference in cost.get("stacks", {}).items()
        for line in difference.get("lines", ())
        if line["delta"] is None
    }
    return not touched & not_known and Decimal(cost["delta"]) <= limit
