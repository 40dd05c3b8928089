"""What Stackyard remembers: one module per noun. The statuses in here get their meaning in `lifecycle`."""

from provisioning.models.account import Account, Heartbeat
from provisioning.models.audit import AuditEntry
from provisioning.models.change import Change, Decision, Event, Operation, Step
from provisioning.models.environment import Check, Environment, Stack, StackResource, Template

__all__ = [
    "Account",
    "AuditEntry",
    "Change",
    "Check",
    "Decision",
    "Environment",
    "Event",
    "Heartbeat",
    "Operation",
    "Stack",
    "StackResource",
    "Step",
    "Template",
]
