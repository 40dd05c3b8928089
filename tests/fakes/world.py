"""Everything there is in one account and region of the scripted AWS, and its clock."""

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .script import Script

Tags = dict[str, str]
ITEM_BYTES = 100


@dataclass
class Pace:
    """How quickly CloudFormation works.

    A beat brings `resources` resources forward. A beat takes `looks` looks at the stack when `seconds` is 0, else
    `seconds` of the clock; with neither, everything is done before the first look, as in an emulator. A new
    operation shows only after `lag` beats, as in an eventually consistent listing. A change set is ready after
    `change_set_looks` looks at it, a backup after `backup_looks`, an index that was added after `index_looks` at its
    table; a deleted table is gone after `deletion_looks` at it; a drift detection has ended after `drift_looks` at it.
    A look at a service that is redeployed brings up one more task, after `task_looks` looks for each.
    """

    looks: int = 1
    seconds: float = 0.0
    resources: int = 6
    lag: int = 0
    change_set_looks: int = 0
    backup_looks: int = 0
    index_looks: int = 0
    deletion_looks: int = 0
    drift_looks: int = 0
    task_looks: int = 0


@dataclass
class Placed:
    """One resource of a stack, as it was last applied."""

    logical_id: str
    type: str
    physical_id: str
    properties: dict[str, Any]
    deletion_policy: str
    update_replace_policy: str
    status: str
    updated_at: datetime


@dataclass
class Stack:
    """One CloudFormation stack. `events` are in AWS's own shape, oldest first. `undoing` is the operation that a
    roll-back undoes, when that did not get to its end."""

    stack_id: str
    name: str
    uid: str
    created_at: datetime
    status: str = ""
    reason: str = ""
    body: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    outputs: list[dict[str, str]] = field(default_factory=list)
    imports: frozenset[str] = frozenset()
    tags: Tags = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    protected: bool = False
    policy: str = ""
    updated_at: datetime | None = None
    token: str = ""
    tokens: set[str] = field(default_factory=set)
    resources: dict[str, Placed] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    change_sets: dict[str, "ChangeSet"] = field(default_factory=dict)
    executed: int = 0
    motion: Iterator[None] | None = None
    looks: int = 0
    next_beat: datetime | None = None
    cancelled: str = ""  # the token of the call that wants its update back
    undoing: Any = None


@dataclass
class ChangeSet:
    """One change set. `changes` are in AWS's own shape, with property values."""

    arn: str
    name: str
    kind: str
    token: str
    body: str
    parameters: dict[str, str]
    tags: Tags
    capabilities: list[str]
    created_at: datetime
    changes: list[dict[str, Any]]
    status: str
    reason: str = ""
    note: str = ""
    execution: str = "UNAVAILABLE"
    looks_left: int = 0
    reverts: bool = False


@dataclass
class Detection:
    """One drift detection: how far it is, and what it found."""

    detection_id: str
    stack_id: str
    at: datetime
    looks_left: int
    status: str = "DETECTION_IN_PROGRESS"
    result: str = ""
    reason: str = ""


@dataclass
class Table:
    """One table: what DescribeTable answers, its items, and the settings that have calls of their own.

    `filling` holds the looks after which an index is ready; `looks_left` those until a deleted table is gone.
    """

    described: dict[str, Any]
    ttl_attribute: str = ""
    recovery: bool = False
    stack_id: str = ""
    items: dict[str, Any] = field(default_factory=dict)
    recovery_since: datetime | None = None
    filling: dict[str, int] = field(default_factory=dict)
    looks_left: int = 0

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.described["TableName"])

    @property
    def arn(self) -> str:
        """The table's ARN."""
        return str(self.described["TableArn"])

    @property
    def protected(self) -> bool:
        """Whether deleting it is refused."""
        return bool(self.described["DeletionProtectionEnabled"])

    @property
    def indexes(self) -> list[dict[str, Any]]:
        """Its global indexes, as DescribeTable shows them."""
        return list(self.described.get("GlobalSecondaryIndexes") or [])

    def seen(self) -> dict[str, Any]:
        """What DescribeTable answers now."""
        count = len(self.items)
        return self.described | {"ItemCount": count, "TableSizeBytes": count * ITEM_BYTES}


@dataclass
class Backup:
    """One on-demand backup, with the items its table had."""

    arn: str
    name: str
    table: str
    table_id: str
    created_at: datetime
    items: dict[str, Any]
    status: str
    looks_left: int


@dataclass
class Rollout:
    """One deployment of a container service: how many of its tasks run, and in how many looks the next one does."""

    deployment_id: str
    definition: str
    created_at: datetime
    running: int = 0
    state: str = "IN_PROGRESS"
    reason: str = ""
    fails: str = ""
    looks_left: int = 0


@dataclass
class Service:
    """One container service and its deployments, newest first: the first is the primary one. `template` is the task
    definition that its stack last gave it."""

    arn: str
    wanted: int
    rollouts: list[Rollout]
    template: str = ""
    messages: list[str] = field(default_factory=list)


@dataclass
class World:
    """One account and region.

    `disable_rollback` on, whatever is executed stays where it failed, as somebody can choose in the console.
    `tells_events` off, it is an endpoint without DescribeEvents; `told` is what that tells beside resources: failures
    of hooks and of checks, in its own shape. `early_validation` off is the older AWS, which notices a taken name only
    when it creates (R4). `writes` is what CloudWatch measured, by table; `alarmed` names its alarms that are in alarm;
    `scalable` what Application Auto Scaling has registered, and for which stack. `rollouts_fail` are the reasons for
    which the next redeploys fail, one each ("" lets one go well); ECS's circuit breaker `rolls_back` then. A service
    that its stack gives another definition takes one of them as well: the stack is complete before that shows (N2).
    """

    region: str = "us-east-1"
    account_id: str = "123456789012"
    stack_limit: int = 2000
    pace: Pace = field(default_factory=Pace)
    script: Script = field(default_factory=Script)
    applies_table_settings: bool = True
    disable_rollback: bool = False
    early_validation: bool = True
    tells_events: bool = True
    told: list[dict[str, Any]] = field(default_factory=list)
    retry_safe_tokens: bool = True
    empty_wording: str = "The submitted information didn't contain changes. Submit different information."
    healthy: bool = True
    services: dict[str, "Service"] = field(default_factory=dict)
    refreshes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    commands: list[dict[str, Any]] = field(default_factory=list)
    rollouts_fail: list[str] = field(default_factory=list)
    rolls_back: bool = True
    ahead: timedelta = timedelta()
    stacks: dict[str, Stack] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    by_status: dict[str, dict[str, Stack]] = field(default_factory=dict)
    late: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, tuple[str, str]] = field(default_factory=dict)
    exports: dict[str, tuple[str, str]] = field(default_factory=dict)
    importers: dict[str, set[str]] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    backups: dict[str, Backup] = field(default_factory=dict)
    writes: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)
    alarmed: set[str] = field(default_factory=set)
    scalable: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    things: dict[str, Placed] = field(default_factory=dict)
    detections: dict[str, Detection] = field(default_factory=dict)
    drifts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    altered: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    reverts_drift: bool = True
    tags: dict[str, Tags] = field(default_factory=dict)
    tagged: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def copied(self) -> "World":
        """The same again, to go on differently from here. Nothing may be moving (see `FakeAws.finish`)."""
        following = itertools.count(next(self._numbers))
        return copy.deepcopy(self, {id(self._numbers): following})

    def now(self) -> datetime:
        """The clock of this AWS: the machine's, and as far ahead as it was advanced."""
        return datetime.now(UTC) + self.ahead

    def number(self) -> int:
        """A number that was not given out before."""
        return next(self._numbers)

    def arn(self, service: str, rest: str) -> str:
        """An ARN in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{rest}"

    def tag(self, arn: str, tags: Tags) -> None:
        """Replace the tags of something."""
        self.untag(arn)
        self.tags[arn] = dict(tags)
        for pair in tags.items():
            self.tagged.setdefault(pair, {})[arn] = None

    def untag(self, arn: str) -> None:
        """Forget the tags of something that is gone."""
        for pair in self.tags.pop(arn, {}).items():
            self.tagged[pair].pop(arn, None)

    def set_status(self, stack: Stack, status: str, reason: str = "") -> None:
        """Move a stack to a status; listings find it there from now on."""
        self.by_status.get(stack.status, {}).pop(stack.stack_id, None)
        self.late.pop(stack.stack_id, None)
        stack.status, stack.reason = status, reason
        self.by_status.setdefault(status, {})[stack.stack_id] = stack
