"""Plans with everything a reviewer reads, and changes that wait with them in each state."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Change, Environment
from provisioning.planning import plan as planning

from . import rows
from .change_rows import resource

MESSAGES, SESSIONS = "prod-hello-erlang-messages", "prod-hello-erlang-sessions"
TABLE = "AWS::DynamoDB::Table"
IMPACT = {
    "tone": "attention",
    "sentence": f"{MESSAGES} is changed in place with all items: about 41,203.",
    "lines": [
        {
            "name": MESSAGES,
            "effect": "is changed in place, items stay",
            "items": 41_203,
            "bytes": 18_874_368,
            "protected": True,
            "recovery": {
                "enabled": True,
                "earliest": "2026-04-01T08:00:00+00:00",
                "latest": "2026-05-04T11:55:00+00:00",
            },
            "last_write": "2026-05-04T11:00:00+00:00",
        },
        {
            "name": SESSIONS,
            "effect": "is not touched",
            "items": 0,
            "bytes": 0,
            "protected": False,
            "recovery": {"enabled": False, "earliest": None, "latest": None},
            "last_write": None,
        },
    ],
}
BELOW = {
    "environment": "staging",
    "there": True,
    "ready_for_days": 9,
    "stacks": [
        {"kind": "data", "same_template": True, "parameters": []},
        {
            "kind": "compute",
            "same_template": True,
            "parameters": [
                {"name": "InstanceType", "here": "t3.large", "there": "t3.small"},
                {"name": "MinSize", "here": "2", "there": None},
            ],
        },
    ],
}
FINDINGS = [
    {"severity": "info", "about": "Messages", "sentence": "One index is added, which takes a while.", "fix": ""},
    {
        "severity": "warning",
        "about": "Quota",
        "sentence": "The account is at 91 % of its stacks.",
        "fix": "Ask AWS for more before the next one.",
    },
]
DELETION = {
    "tables": [
        {"name": MESSAGES, "items": 41_203, "bytes": 18_874_368, "backup": True},
        {"name": SESSIONS, "items": None, "bytes": None, "backup": False},
    ],
    "importers": ["reporting-prod"],
    "saved_monthly": "12.5000",
}
ADOPTION = [
    {
        "table": MESSAGES,
        "fits": True,
        "reason": "",
        "lines": [
            {"what": "Partition key", "template": "user_id (S)", "table": "user_id (S)", "same": True},
            {"what": "Stream", "template": "NEW_IMAGE", "table": "NEW_IMAGE", "same": True},
        ],
    },
    {
        "table": SESSIONS,
        "fits": False,
        "reason": "Its partition key is another one. A table's key cannot be changed.",
        "lines": [{"what": "Partition key", "template": "session_id (S)", "table": "id (N)", "same": False}],
    },
]
RECEIPT = {
    "who": "alice",
    "approved_by": ["ada"],
    "why": "The product has ended.",
    "at": "2026-05-04T12:00:00+00:00",
    "ended_at": "2026-05-04T12:09:00+00:00",
    "attempt": 1,
    "stack": {"name": "hello-erlang-data-prod", "stack_id": "arn:stack/data", "outcome": "deleted", "reason": ""},
    "tables": [
        {
            "name": MESSAGES,
            "arn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{MESSAGES}",
            "items": 41_203,
            "bytes": 18_874_368,
            "backup_arn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{MESSAGES}/backup/01",
            "earlier_backups": [],
            "outcome": "deleted",
            "reason": "",
        },
        {
            "name": SESSIONS,
            "arn": f"arn:aws:dynamodb:us-east-1:123456789012:table/{SESSIONS}",
            "items": 12,
            "bytes": 2_048,
            "backup_arn": "",
            "earlier_backups": [],
            "outcome": "skipped",
            "reason": "Another table has this name by now.",
        },
    ],
    "resources": [
        {
            "logical_id": "AccessPolicy",
            "physical_id": "arn:aws:iam::123456789012:policy/access",
            "type": "AWS::IAM::ManagedPolicy",
            "outcome": "deleted",
            "reason": "",
        }
    ],
}


def stack(kind: str, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One part of a plan, as it is sealed."""
    name = "hello-erlang-data-prod" if kind == "data" else "hello-erlang-prod"
    plain = {
        "kind": kind,
        "name": name,
        "part": 0,
        "parts": 1,
        "purpose": "",
        "action": "update",
        "read_from": "change_set",
        "template": "0" * 64,
        "parameters": {"Environment": "prod", "InstanceType": "t3.large"},
        "parameters_before": {"Environment": "prod", "InstanceType": "t3.small"},
        "tags": {},
        "imports": [],
        "stack": {"stack_id": f"arn:stack/{name}", "status": "UPDATE_COMPLETE", "at": "2026-04-25T09:00:00+00:00"},
        "change_set": "arn:aws:cloudformation:set",
        "changes": list(changes),
    }
    return {**plain, **more}


def detail(path: str, before: str | None, after: str | None) -> dict[str, Any]:
    """A property that changes."""
    found = {"path": f"/Properties/{path}", "before": before, "after": after}
    return {**found, "requires_recreation": "Never", "cause": "DirectModification"}


def update_plan(**parts: Any) -> dict[str, Any]:
    """An update of prod: the table changed in place, the launch template too; `parts` take the place of its own."""
    stacks = [
        stack(
            "data",
            resource(
                "MessagesTable",
                "Modify",
                physical_id=MESSAGES,
                replacement="False",
                details=[detail("BillingMode", "PAY_PER_REQUEST", "PROVISIONED"), detail("StreamArn", "old", None)],
            ),
            resource("UrlParameter", type="AWS::SSM::Parameter"),
        ),
        stack(
            "compute",
            resource("LaunchTemplate", "Modify", type="AWS::EC2::LaunchTemplate", replacement="False", details=[]),
            resource("OldAlarm", "Remove", type="AWS::CloudWatch::Alarm", policy_action="Delete"),
        ),
    ]
    plan = planning.build(kind="update", stacks=stacks, findings=FINDINGS, cost=None)
    return {**plan, "impact": IMPACT, "stage_below": BELOW, "adoption": [], "deletion": None, **parts}


def adoption_plan() -> dict[str, Any]:
    """A create that takes over one table in a part of its own, and stumbles over another."""
    taken = resource("MessagesTable", "Import", physical_id=MESSAGES)
    stacks = [
        stack("data", taken, action="import", parts=2, purpose="take over 1 table", parameters_before={}),
        stack(
            "data",
            resource("AccessPolicy", type="AWS::IAM::ManagedPolicy"),
            part=1,
            parts=2,
            purpose="bring the rest up",
            read_from="template",
            change_set="",
            parameters_before={},
        ),
        stack(
            "compute",
            resource("Balancer", type="AWS::ElasticLoadBalancingV2::LoadBalancer"),
            action="create",
            change_set="",
            read_from="template",
            parameters_before={},
        ),
    ]
    plan = planning.build(kind="create", stacks=stacks, findings=[], cost=None)
    return {**plan, "stage_below": {"environment": "staging", "there": False, "stacks": []}, "adoption": ADOPTION}


def taking_over_plan() -> dict[str, Any]:
    """An adoption of a data stack that was made by hand, one property of its table other than the blueprint's."""
    differs = detail("TableClass", "STANDARD", "not set")
    taken = resource("MessagesTable", "Import", physical_id=MESSAGES, details=[differs])
    stacks = [stack("data", taken, action="adopt", change_set="", parameters_before={})]
    return planning.build(kind="adopt", stacks=stacks, findings=[], cost=None)


def sealed(change: Change, plan: dict[str, Any], *, void_because: str = "") -> Change:
    """Seal this plan as the change's newest; one that is void is only kept."""
    digest = planning.digest(plan)
    change.plans.create(
        number=change.plans.count() + 1,
        digest=digest,
        content=plan,
        sealed_at=timezone.now(),
        void_because=void_because,
    )
    if not void_because:
        change.plan, change.plan_digest, change.findings = plan, digest, plan["findings"]
        change.save()
    return change


def asked(prod: Environment, by: User, kind: ChangeKind = ChangeKind.UPDATE, **columns: Any) -> Change:
    """A change of prod that waits for a decision about the rich plan, for another two days."""
    status = columns.pop("status", ChangeStatus.AWAITING_APPROVAL)
    plan = columns.pop("sealed_plan", None) or update_plan()
    later = timezone.now() + timedelta(days=2, hours=1)
    return sealed(rows.change(prod, by, status, kind, **{"expires_at": later, **columns}), plan)


def decided(change: Change, by: User, verdict: Verdict, comment: str = "") -> None:
    """Somebody has decided about the plan as it stands."""
    change.decisions.create(plan_digest=change.plan_digest, by=by, verdict=verdict, comment=comment, at=timezone.now())


def held(prod: Environment, by: User, approver: User, **columns: Any) -> Change:
    """An approved change that waits until somebody runs it, or until its time."""
    change = asked(prod, by, status=ChangeStatus.QUEUED, **{"held": "start_at" not in columns, **columns})
    decided(change, approver, Verdict.APPROVED, "Run it on Tuesday.")
    return change
