"""The protection of an environment's data: Stackyard's own lock, and what AWS was last seen to hold (D1, D3, T13)."""

from dataclasses import dataclass
from datetime import datetime

from portal.environments.acts import Act, Asked
from provisioning.blueprints.loader import library
from provisioning.engine.watching import missing
from provisioning.lifecycle import ChangeKind, StackKind, stack_status
from provisioning.models import Environment, Table

TERMINATION = "Termination protection of the data stack"
UPDATES = "Updates may not replace or remove tables"


@dataclass(frozen=True)
class Layer:
    """One thing that keeps data from being deleted, as last seen; `on` None where nobody has looked yet."""

    label: str
    on: bool | None
    detail: str


@dataclass(frozen=True)
class Protection:
    """Whether data may be deleted. `lost` is what the stage asks for and was last found missing, in words; `off` and
    `on_again` are the ways to switch."""

    on: bool
    layers: tuple[Layer, ...]
    seen_at: datetime | None
    lost: tuple[str, ...]
    off: Act
    on_again: Act


@dataclass(frozen=True)
class ProtectionNote:
    """What the overview says of the lock: who opened it, when and why, and what was found missing in AWS."""

    on: bool
    lost: tuple[str, ...]
    asked: bool


def read_note(environment: Environment) -> ProtectionNote:
    """The short form; one query more where the stage asks for protection."""
    blueprint = library().blueprints.get(environment.application)
    policy = blueprint.stages.get(environment.stage) if blueprint else None
    asked = policy is not None and policy.protection
    return ProtectionNote(environment.data_protected, _lost(environment, asked=asked), asked)


def read_protection(asked: Asked) -> Protection:
    """The protection from rows alone."""
    environment, stack = asked.environment, asked.stack(StackKind.DATA)
    wanted = asked.policy is not None and asked.policy.protection
    return Protection(
        on=environment.data_protected,
        layers=_layers(asked, wanted=wanted),
        seen_at=stack.protection_seen_at,
        lost=_lost(environment, asked=wanted),
        off=_switch(asked, ChangeKind.UNPROTECT, "Opens the way for deleting the data. Deletes nothing itself."),
        on_again=_switch(asked, ChangeKind.PROTECT, "Closes the way for deleting the data again."),
    )


def _lost(environment: Environment, *, asked: bool) -> tuple[str, ...]:
    return missing(environment) if asked and environment.data_protected else ()


def _layers(asked: Asked, *, wanted: bool) -> tuple[Layer, ...]:
    stack = asked.stack(StackKind.DATA)
    tables = tables_of(asked.environment)
    found = []
    if not stack_status(stack.status).gone:
        seen, said = (
            stack.protection_seen_at is not None,
            "asked for by this stage" if wanted else "beyond what is asked",
        )
        stands = {TERMINATION: stack.termination_protection, UPDATES: stack.update_policy}
        found = [Layer(label, on if seen or on else None, said) for label, on in stands.items() if on or wanted]
    if tables:
        refusing = sum(table.protected for table in tables)
        found.append(Layer("Tables refuse deletion", refusing == len(tables), f"{refusing} of {len(tables)}"))
    return tuple(found)


def tables_of(environment: Environment) -> list[Table]:
    """The environment's tables as last listed: of its data stack, or kept without one."""
    own = {"", *(stack.name for stack in environment.stacks.all() if stack.kind == StackKind.DATA)}
    rows = Table.objects.filter(
        account=environment.account_id, application=environment.application, environment_name=environment.name
    )
    return list(rows.filter(stack_name__in=own).order_by("name"))


def _switch(asked: Asked, kind: ChangeKind, text: str) -> Act:
    return Act(
        kind=kind,
        title=kind.label,
        text=text,
        icon="lock",
        blocked=asked.blocked(kind),
        form=asked.form(kind),
        asks=asked.asks(kind),
        offer=asked.offer(kind),
    )
