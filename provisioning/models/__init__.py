"""What Stackyard remembers: one module per noun. The statuses in here get their meaning in `lifecycle`."""

from provisioning.models.account import Account, CallBudget, Heartbeat, HintQueue
from provisioning.models.audit import AuditEntry
from provisioning.models.browsing import ColumnChoice, ReadBudget, ReadTrail
from provisioning.models.change import Change, Decision, Event, Operation, SealedPlan, Step
from provisioning.models.cost import (
    Budget,
    BudgetNotice,
    CostCalibration,
    CostCall,
    CostDay,
    CostMeter,
    CostRefresh,
    CostRevision,
    CostStage,
    CostTag,
    CostTotal,
)
from provisioning.models.drift import DriftCheck, DriftedResource
from provisioning.models.environment import Check, Environment, Stack, StackResource, Template
from provisioning.models.item import ItemWrite
from provisioning.models.job import DownloadTicket, ItemJob, JobChunk, JobPart
from provisioning.models.parameter import Parameter, ParameterPath, ParameterSchedule, ParameterVersion
from provisioning.models.release import Release, Rollout
from provisioning.models.table import FoundStack, Table
from provisioning.models.timing import ResourceTime

__all__ = [
    "Account",
    "AuditEntry",
    "Budget",
    "BudgetNotice",
    "CallBudget",
    "Change",
    "Check",
    "ColumnChoice",
    "CostCalibration",
    "CostCall",
    "CostDay",
    "CostMeter",
    "CostRefresh",
    "CostRevision",
    "CostStage",
    "CostTag",
    "CostTotal",
    "Decision",
    "DownloadTicket",
    "DriftCheck",
    "DriftedResource",
    "Environment",
    "Event",
    "FoundStack",
    "Heartbeat",
    "HintQueue",
    "ItemJob",
    "ItemWrite",
    "JobChunk",
    "JobPart",
    "Operation",
    "Parameter",
    "ParameterPath",
    "ParameterSchedule",
    "ParameterVersion",
    "ReadBudget",
    "ReadTrail",
    "Release",
    "ResourceTime",
    "Rollout",
    "SealedPlan",
    "Stack",
    "StackResource",
    "Step",
    "Table",
    "Template",
]
