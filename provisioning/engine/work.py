"""What a step works on: one change with everything around it, and the guarded way to write."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model

from provisioning.aws.clients import Clients
from provisioning.aws.parameters import Parameter
from provisioning.blueprints.model import Blueprint, StagePolicy
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, Resolved, ResolvedResource, Template
from provisioning.blueprints.template import parse
from provisioning.engine.claims import hold
from provisioning.engine.verify.tables import Settings
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import Change, Operation, Stack
from provisioning.models import Template as TemplateRow
from provisioning.planning.impact import TableSeen
from provisioning.planning.secrets import opened

STEP_COLUMNS = (
    "action",
    "template",
    "imports",
    "spared",
    "purpose",
    "rests_on",
    "parameters",
    "keep",
    "change_set_id",
    "changes",
    "read_from",
    "token",
    "called_at",
    "cancelled_at",
    "next_events_at",
)
CANCEL = "cancel"
Row = tuple[str, Any]
STACK_COLUMNS = ("termination_protection", "update_policy", "protection_seen_at")
PLANNING_STACK_COLUMNS = ("stack_id", "status", "last_event_id", *STACK_COLUMNS)


@dataclass
class Work:
    """One tick's view of a change. Steps change operations and their stacks in memory; the reconciler, or `store`
    before a call, writes them while the lease holds. `parts` are each stack's operations in the order they run."""

    change: Change
    blueprint: Blueprint
    parts: dict[StackKind, list[Operation]]
    stacks: Mapping[StackKind, Stack]
    aws: Clients
    cost: dict[str, Any] | None = None
    parameters: Mapping[str, Parameter] | None = None
    tables_seen: tuple[TableSeen, ...] | None = None
    settings_seen: dict[str, Settings] = field(default_factory=dict)
    items_read: object | None = None
    parameters_read: Any = None
    _known: dict[Row, dict[str, str]] = field(default_factory=dict)
    _written: dict[Row, dict[str, str]] = field(default_factory=dict)

    @property
    def operations(self) -> Mapping[StackKind, Operation]:
        """The part of each stack's work that is up: the first that has not ended well, else the last."""
        return {
            kind: next((one for one in parts if not _is_over(one)), parts[-1]) for kind, parts in self.parts.items()
        }

    def every_part(self) -> Iterator[Operation]:
        """All parts of all stacks, data before compute."""
        for parts in self.parts.values():
            yield from parts

    def divide(self, kind: StackKind, later: Sequence[Operation]) -> None:
        """Give a stack's work these parts after its first one; what was divided before is forgotten. Safe to repeat."""
        first = self.parts[kind][0]
        with transaction.atomic():
            hold(self.change)
            Operation.objects.filter(change=self.change, stack=first.stack, part__gt=0).delete()
            for number, operation in enumerate(later, 1):
                operation.change, operation.stack, operation.part = self.change, first.stack, number
                operation.save(force_insert=True)
        self.parts[kind] = [first, *later]

    def undivide(self, kind: StackKind) -> None:
        """Forget parts that a planning step made before it was cut off: its first part still sends the whole."""
        if len(self.parts[kind]) > 1:
            self.divide(kind, [])

    @property
    def policy(self) -> StagePolicy:
        """What the environment's stage asks for."""
        return self.blueprint.stages[self.change.environment.stage]

    @cached_property
    def secrets(self) -> dict[str, dict[str, str]]:
        """NoEcho values by stack kind, as typed by the requester."""
        return opened(self.change.secrets)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """One short transaction while the lease holds. Raises LeaseLostError."""
        self._written = {}
        with transaction.atomic():
            hold(self.change)
            yield
        for row, columns in self._written.items():
            self._known.setdefault(row, {}).update(columns)

    def write(self, row: Model, columns: Sequence[str]) -> None:
        """Write those columns that are not known to hold this already, within `recording`. Most steps change little."""
        key: Row = (row._meta.label, row.pk)
        known = self._known.get(key, {}) | self._written.get(key, {})
        now = {column: repr(row.serializable_value(column)) for column in columns}
        new = {column: value for column, value in now.items() if known.get(column) != value}
        if new:
            row.save(update_fields=list(new))
            self._written.setdefault(key, {}).update(new)

    def store(self, operation: Operation) -> None:
        """Write an intent, or a result, right away: before and after a mutating call (L16)."""
        with self.recording():
            self.save(operation)

    def save(self, operation: Operation) -> None:
        """Write the columns that steps own, within `recording`. Once the call is made, the observer owns the stack's
        state and the operation's end; writing those here would undo what it saw in the meantime."""
        self.write(operation, STEP_COLUMNS)
        begun = any(one.called_at for one in self.parts[StackKind(operation.stack.kind)])
        self.write(operation.stack, STACK_COLUMNS if begun else PLANNING_STACK_COLUMNS)

    def token(self, operation: Operation, verb: str) -> str:
        """The request token of one mutating call: the same after a crash, another after a retry (S20)."""
        return request_token(operation, verb)

    def template(self, operation: Operation) -> Template:
        """The parsed template that this operation sends."""
        if operation.template is None:
            raise ValueError(f"{operation} sends no template")
        return self.parsed(operation.template)

    def parsed(self, template: TemplateRow) -> Template:
        """A kept template."""
        return parse(template.body)

    def deployed(self, stack: Stack) -> tuple[ResolvedResource, ...]:
        """The resources of a stack as it was last sent; none when there is no stack."""
        if stack.template is None or not stack.stack_id:
            return ()
        return resolve(self.parsed(stack.template), stack.parameters, pseudo=self.pseudo(stack)).resources

    @property
    def execution_role(self) -> str:
        """The role that CloudFormation itself uses, where one is set (A4)."""
        return str(settings.AWS_EXECUTION_ROLE_ARN)

    def pseudo(self, stack: Stack) -> Pseudo:
        """The pseudo parameters of a stack: where it is and what it is called."""
        account = self.change.environment.account
        return Pseudo(account.region, account.account_id, stack.name)

    def resolved(self, operation: Operation) -> Resolved:
        """The operation's template under its parameters, as far as it is known before AWS runs it."""
        values = {**operation.parameters, **self.hidden(operation)}
        return resolve(self.template(operation), values, pseudo=self.pseudo(operation.stack))

    def hidden(self, operation: Operation) -> dict[str, str]:
        """The values typed for the operation's NoEcho parameters, without those that it leaves as they are (P2, P3)."""
        typed = self.secrets.get(operation.stack.kind, {})
        return {name: value for name, value in typed.items() if name not in operation.keep}

    def tags(self) -> dict[str, str]:
        """The tags that every stack, and through it every resource, carries (E11, E14): always the full set."""
        environment = self.change.environment
        return {
            "Application": environment.application,
            "Environment": environment.name,
            "Stage": environment.stage,
            "Owner": environment.owner.get_username(),
            "ManagedBy": "Stackyard",
            "EnvironmentId": str(environment.pk),
        }


def request_token(operation: Operation, verb: str) -> str:
    """The token of one call about one part of a change's work, made of what the database knows (S20)."""
    part = f"-p{operation.part}" if operation.part else ""
    change = operation.change  # not always this work's: the one that it replaces is tidied up under its own names
    return f"sy-{change.pk.hex}-{operation.stack.kind}-{verb}-{change.attempt}{part}"


def shell_token(operation: Operation, stack_id: str) -> str:
    """The token of the call that removes an empty shell: one attempt may meet two, each a request of its own (S20)."""
    return request_token(operation, f"shell-{stack_id.rpartition('/')[2][:8]}")


def tokens_of(operation: Operation) -> tuple[str, ...]:
    """The tokens that an operation's events may carry: of the call that began it, and of the one that sent it back."""
    return (operation.token, request_token(operation, CANCEL)) if operation.token else (operation.token,)


def _is_over(operation: Operation) -> bool:
    """Whether this part ended well: then the next one is up."""
    status = stack_status(operation.result)
    return operation.finished_at is not None and (status.gone or (status.live and not status.failed))
