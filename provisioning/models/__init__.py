"""What Stackyard remembers: one module per noun. The statuses in here get their meaning in `lifecycle`."""

from provisioning.models.account import Account, Heartbeat
from provisioning.models.audit import AuditEntry
from provisioning.models.change import Change, Decision, Event, Operation, SealedPlan, Step
from provisioning.models.environment import Check, Environment, Stack, StackResource, Template
from provisioning.models.table import FoundStack, Table

__all__ = [
    "Account",
    "AuditEntry",
    "Change",
    "Check",
    "Decision",
    "Environment",
    "Event",
    "FoundStack",
    "Heartbeat",
    "Operation",
    "SealedPlan",
    "Stack",
    "StackResource",
    "Step",
    "Table",
    "Template",
]
