"""Everything there is in one account and region of the scripted AWS, and its clock."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .script import Script

Tags = dict[str, str]


@dataclass
class Pace:
    """How quickly CloudFormation works.

    A beat brings `resources` resources forward. A beat takes `looks` looks at the stack when `seconds` is 0, else
    `seconds` of the clock; with neither, everything is done before the first look, as in an emulator. A new
    operation shows only after `lag` beats, as in an eventually consistent listing. A change set is ready after
    `change_set_looks` looks at it.
    """

    looks: int = 1
    seconds: float = 0.0
    resources: int = 6
    lag: int = 0
    change_set_looks: int = 0


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
    """One CloudFormation stack. `events` are in AWS's own shape, oldest first."""

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
    cancelled: bool = False


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
    execution: str = "UNAVAILABLE"
    looks_left: int = 0


@dataclass
class Table:
    """One table: what DescribeTable answers, and the settings that have calls of their own."""

    described: dict[str, Any]
    ttl_attribute: str = ""
    recovery: bool = False
    stack_id: str = ""

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


@dataclass
class World:
    """One account and region."""

    region: str = "us-east-1"
    account_id: str = "123456789012"
    stack_limit: int = 2000
    pace: Pace = field(default_factory=Pace)
    script: Script = field(default_factory=Script)
    applies_table_settings: bool = True
    retry_safe_tokens: bool = True
    empty_wording: str = "The submitted information didn't contain changes. Submit different information."
    healthy: bool = True
    ahead: timedelta = timedelta()
    stacks: dict[str, Stack] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    by_status: dict[str, dict[str, Stack]] = field(default_factory=dict)
    late: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, tuple[str, str]] = field(default_factory=dict)
    exports: dict[str, tuple[str, str]] = field(default_factory=dict)
    importers: dict[str, set[str]] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    parameters: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    things: dict[str, Placed] = field(default_factory=dict)
    tags: dict[str, Tags] = field(default_factory=dict)
    tagged: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

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
