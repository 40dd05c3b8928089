"""What a plan is held against: the stage below, the tables that it takes over, and what a deletion takes along."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.lifecycle import StackKind


@dataclass(frozen=True)
class ParameterLine:
    """A parameter that has another value at the stage below; None where a stack does not have it."""

    stack: str
    name: str
    here: str | None
    there: str | None


@dataclass(frozen=True)
class StageBelow:
    """How the plan differs from the same application one stage below; the sentence is `tone`d."""

    environment: str
    sentence: str
    tone: str
    parameters: tuple[ParameterLine, ...]


@dataclass(frozen=True)
class ComparedLine:
    """One property of a table, as the template wants it and as the table has it."""

    what: str
    template: str
    table: str
    same: bool


@dataclass(frozen=True)
class AdoptedTable:
    """A table that exists and is taken over, or why it cannot be."""

    name: str
    fits: bool
    reason: str
    lines: tuple[ComparedLine, ...]


@dataclass(frozen=True)
class DeletedTable:
    """A table that is deleted; `backup` when one is made first."""

    name: str
    items: int | None
    bytes: int | None
    backup: bool


@dataclass(frozen=True)
class Deletion:
    """What a deletion of data takes along; `saved` is dollars a month."""

    tables: tuple[DeletedTable, ...]
    importers: tuple[str, ...]
    saved: str | None

    @property
    def without_backup(self) -> tuple[str, ...]:
        """The tables that nothing is left of."""
        return tuple(table.name for table in self.tables if not table.backup)


def stage_below_view(found: Mapping[str, Any] | None, kinds: Collection[str]) -> StageBelow | None:
    """The difference from the stage below; None where the plan has none, such as at dev. `kinds` are the stacks that
    the plan sends a template for; not all of them need to be there below."""
    if not found:
        return None
    name: str = found["environment"]
    stacks = found.get("stacks") or []
    if not found.get("there"):
        return StageBelow(name, f"There is no {name} of this application to compare with.", "attention", ())
    if not stacks:
        return StageBelow(name, f"{name.capitalize()} has no such stack now to compare with.", "attention", ())
    parameters = tuple(
        ParameterLine(_stack(stack["kind"]), line["name"], _text(line["here"]), _text(line["there"]))
        for stack in stacks
        for line in stack.get("parameters") or []
    )
    other = [_stack(stack["kind"]).lower() for stack in stacks if not stack["same_template"]]
    missing = [_stack(kind).lower() for kind in sorted(set(kinds) - {stack["kind"] for stack in stacks})]
    sentence = (
        _differing(name, other, len(parameters)) if other else _same(name, found.get("ready_for_days"), len(parameters))
    )
    if missing:
        sentence += f" The {' and the '.join(missing)} {'are' if len(missing) > 1 else 'is'} not there to compare with."
    return StageBelow(name, sentence, "attention" if other or missing else "good", parameters)


def adoption_view(found: list[Mapping[str, Any]] | None) -> tuple[AdoptedTable, ...]:
    """The tables that exist already, each compared with the template."""
    return tuple(
        AdoptedTable(
            name=one["table"],
            fits=one["fits"],
            reason=one.get("reason") or "",
            lines=tuple(
                ComparedLine(line["what"], _text(line["template"]) or "", _text(line["table"]) or "", line["same"])
                for line in one.get("lines") or []
            ),
        )
        for one in found or []
    )


def deletion_view(found: Mapping[str, Any] | None) -> Deletion | None:
    """What goes with the data; None for every other kind of change."""
    if not found:
        return None
    return Deletion(
        tables=tuple(
            DeletedTable(one["name"], one.get("items"), one.get("bytes"), bool(one.get("backup")))
            for one in found.get("tables") or []
        ),
        importers=tuple(found.get("importers") or []),
        saved=found.get("saved_monthly"),
    )


def _stack(kind: str) -> str:
    return StackKind(kind).label


def _same(name: str, days: int | None, parameters: int) -> str:
    ran = "" if days is None else ", ran there less than a day" if days < 1 else f", ran there {_count(days, 'day')}"
    return f"Same template as {name}{ran}; {_in_parameters(parameters)}."


def _differing(name: str, stacks: list[str], parameters: int) -> str:
    which = " and the ".join(stacks)
    return f"{name.capitalize()} has another template for the {which}; the plan {_in_parameters(parameters)}."


def _in_parameters(count: int) -> str:
    return f"differs in {_count(count, 'parameter')}" if count else "has the same parameters"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
