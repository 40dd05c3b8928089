"""What was found of hand-made stacks, as the pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from provisioning.actions.adopting import Pair, found_pairs
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import StackKind, StackStatus, stack_status
from provisioning.models import FoundStack, Table
from provisioning.planning.matching import stage_of_name


@dataclass(frozen=True)
class FoundLine:
    """One hand-made stack; `tables` are those it owns, as last listed, on the page of one pair."""

    kind: str
    name: str
    status: StackStatus
    tags: Mapping[str, str]
    made_at: datetime | None
    updated_at: datetime | None
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class FoundRow:
    """One pair that was found: `lines` are one or both of its stacks."""

    pair: Pair
    title: str
    stage: str
    lines: tuple[FoundLine, ...]
    missing: str

    @property
    def owner(self) -> str:
        """Who the tags say it belongs to; empty when they do not."""
        return next((line.tags["Owner"] for line in self.lines if line.tags.get("Owner")), "")


def read_found() -> tuple[FoundRow, ...]:
    """Everything that was found, by application and environment."""
    return tuple(_row(pair) for pair in found_pairs())


def read_pair(application: str, name: str) -> FoundRow | None:
    """One pair with the tables of its stacks; None when nothing was found under that name."""
    pair = next(iter(found_pairs(application, name)), None)
    if pair is None:
        return None
    row = _row(pair)
    names = [line.name for line in row.lines]
    tables = list(Table.objects.filter(stack_name__in=names).order_by("name"))
    lines = (
        replace(line, tables=tuple(table for table in tables if table.stack_name == line.name)) for line in row.lines
    )
    return replace(row, lines=tuple(lines))


def stage_policy(row: FoundRow) -> StagePolicy | None:
    """What the stage asks for; None when the blueprint is gone or has no such stage."""
    blueprint = library().blueprints.get(row.pair.application)
    return blueprint.stages.get(row.stage) if blueprint else None


def _row(pair: Pair) -> FoundRow:
    blueprint = library().blueprints.get(pair.application)
    kinds = {stack.kind for stack in pair.stacks}
    return FoundRow(
        pair=pair,
        title=blueprint.title if blueprint else pair.application,
        stage=stage_of_name(pair.name),
        lines=tuple(_line(stack) for stack in pair.stacks),
        missing=next((kind.label.lower() for kind in StackKind if kind not in kinds), ""),
    )


def _line(stack: FoundStack) -> FoundLine:
    return FoundLine(
        kind=StackKind(stack.kind).label,
        name=stack.name,
        status=stack_status(stack.status),
        tags=stack.tags,
        made_at=stack.made_at,
        updated_at=stack.updated_at,
    )
