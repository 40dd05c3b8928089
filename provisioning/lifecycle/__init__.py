"""Statuses with label and tone, the moves that are legal, and the meaning of CloudFormation's 23 stack statuses.

No other module holds a status literal. A tone is one of good, busy, attention, bad, quiet. One module per noun;
everything is imported from here.
"""

from provisioning.lifecycle.changes import (
    BESIDE_STACKS,
    CANCEL_LATE,
    CANCELLABLE_CHANGES,
    MOVING_CHANGES,
    OPEN_CHANGES,
    ChangeKind,
    ChangeStatus,
    IllegalMoveError,
    StepState,
    Verdict,
    move,
)
from provisioning.lifecycle.costs import (
    BudgetScope,
    CostSource,
    RefreshStatus,
)
from provisioning.lifecycle.drift import (
    DRIFT_CHECKED,
    DriftStatus,
)
from provisioning.lifecycle.environments import (
    EnvironmentStatus,
    Outcome,
    Outside,
    set_environment_status,
)
from provisioning.lifecycle.items import (
    MOVING_JOBS,
    JobKind,
    JobStatus,
    WriteState,
    WriteVerb,
)
from provisioning.lifecycle.parameters import (
    MOVING_ROLLOUTS,
    LiveFrom,
    ParameterVerb,
    RolloutState,
    ScheduleStatus,
)
from provisioning.lifecycle.stacks import (
    BEING_DELETED,
    BEING_UPDATED,
    FAILED_BY_HOOK,
    FAILED_VALIDATION,
    IMPORT_UNDONE,
    MOVING_STACKS,
    NO_STACK,
    SENT_BACK,
    STACK_STATUSES,
    UNDER_REVIEW,
    StackKind,
    StackStatus,
    stack_status,
)

__all__ = [
    "BEING_DELETED",
    "BEING_UPDATED",
    "BESIDE_STACKS",
    "CANCELLABLE_CHANGES",
    "CANCEL_LATE",
    "DRIFT_CHECKED",
    "FAILED_BY_HOOK",
    "FAILED_VALIDATION",
    "IMPORT_UNDONE",
    "MOVING_CHANGES",
    "MOVING_JOBS",
    "MOVING_ROLLOUTS",
    "MOVING_STACKS",
    "NO_STACK",
    "OPEN_CHANGES",
    "SENT_BACK",
    "STACK_STATUSES",
    "UNDER_REVIEW",
    "BudgetScope",
    "ChangeKind",
    "ChangeStatus",
    "CostSource",
    "DriftStatus",
    "EnvironmentStatus",
    "IllegalMoveError",
    "JobKind",
    "JobStatus",
    "LiveFrom",
    "Outcome",
    "Outside",
    "ParameterVerb",
    "RefreshStatus",
    "RolloutState",
    "ScheduleStatus",
    "StackKind",
    "StackStatus",
    "StepState",
    "Verdict",
    "WriteState",
    "WriteVerb",
    "move",
    "set_environment_status",
    "stack_status",
]
