"""Deleting an environment's data for good: what goes, what stays, and what has to happen first."""

from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from portal.environments.acts import (
    TABLE,
    Act,
    Asked,
    beside_tables,
    monthly_of,
    resources_of,
)
from portal.environments.protection import tables_of
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, stack_status
from provisioning.models import StackResource, Table


@dataclass(frozen=True)
class DoomedTable:
    """One table that goes. Items and bytes are DynamoDB's own counts (T16), None while nobody has counted."""

    name: str
    items: int | None
    bytes: int | None
    protected: bool


@dataclass(frozen=True)
class Precondition:
    """One line of the checklist: done, not done, or what comes of itself (`done` None); `url` leads to doing it."""

    label: str
    detail: str
    done: bool | None = None
    url: str = ""
    link_label: str = ""


@dataclass(frozen=True)
class Deletion:
    """The page that deletes data. `others` are the things beside tables that go, `exports` what other stacks may
    import."""

    act: Act
    tables: tuple[DoomedTable, ...]
    items: int | None
    others: tuple[str, ...]
    exports: tuple[str, ...]
    steps: tuple[Precondition, ...]
    compute_there: bool
    stack_there: bool


def delete_act(asked: Asked) -> Act:
    """The act alone, as the settings page shows it."""
    kind = ChangeKind.DELETE_DATA
    return Act(
        kind=kind,
        title=f"Delete the data of {asked.environment.name}",
        text="Deletes its tables with every item, after a backup of each.",
        icon="trash",
        blocked=asked.blocked(kind),
        form=asked.form(kind),
        saves=_saved(asked),
        asks=asked.asks(kind),
        offer=asked.offer(kind),
    )


def read_deletion(asked: Asked) -> Deletion:
    """The page from rows alone; the plan looks at AWS itself."""
    environment, stack = asked.environment, asked.stack(StackKind.DATA)
    there = not stack_status(stack.status).gone
    inside = [one for one in resources_of(environment) if one.stack_id == stack.pk] if there else []
    tables = _tables(tables_of(environment), inside)
    known = [table.items for table in tables if table.items is not None]
    return Deletion(
        act=delete_act(asked),
        tables=tables,
        items=sum(known) if len(known) == len(tables) else None,
        others=(f"Stack {stack.name}", *beside_tables(stack, inside)) if there else (),
        exports=tuple(str(output["export"]) for output in stack.outputs if there and output.get("export")),
        steps=tuple(_steps(asked, len(tables))),
        compute_there=_compute_there(asked),
        stack_there=there,
    )


def _tables(rows: list[Table], inside: list[StackResource]) -> tuple[DoomedTable, ...]:
    """Tables as last listed, and those of the stack that were not listed yet."""
    found = {row.name: DoomedTable(row.name, row.item_count, row.size_bytes, row.protected) for row in rows}
    for one in inside:
        if one.type == TABLE:
            found.setdefault(one.physical_id, DoomedTable(one.physical_id, None, None, protected=False))
    return tuple(found[name] for name in sorted(found))


def _compute_there(asked: Asked) -> bool:
    return not stack_status(asked.stack(StackKind.COMPUTE).status).gone


def _saved(asked: Asked) -> Decimal | None:
    """What is not paid any more, US dollars a month; None where it is not known."""
    if not stack_status(asked.stack(StackKind.DATA).status).gone:
        return monthly_of(asked.environment, StackKind.DATA)
    costs = [table.monthly_cost for table in tables_of(asked.environment) if table.monthly_cost is not None]
    return sum(costs, Decimal(0)) if costs else None


def _steps(asked: Asked, count: int) -> list[Precondition]:
    environment = asked.environment
    names = [environment.application, environment.name]
    settings, unprotect = reverse("environment_settings", args=names), reverse("environment_unprotect", args=names)
    compute, protected = _compute_there(asked), environment.data_protected
    asks = asked.asks(ChangeKind.DELETE_DATA)
    steps = [
        Precondition(
            "Compute is gone",
            "It uses the tables." if compute else "Nothing uses the tables from here.",
            not compute,
            f"{settings}#park" if compute else "",
            "Park it",
        ),
        Precondition(
            "Protection is off",
            _how(asked) if protected else _since(asked),
            not protected,
            unprotect if protected else "",
            "Switch protection off",
        ),
        Precondition(
            "Backups are made",
            f"Of {'its table' if count == 1 else 'every table'}, by Stackyard, before anything is deleted. They stay.",
        ),
        Precondition("You type the name", f"{environment.name}, below."),
    ]
    if asks is not None:
        people = "A second person agrees" if asks.approvals == 1 else f"{asks.approvals} other people agree"
        steps.append(Precondition(people, f"One of {asks.groups}, after reading the plan."))
    return steps


def _how(asked: Asked) -> str:
    """How protection comes off, or that somebody has asked for it."""
    open_ = asked.under_way
    if open_ is not None and open_.kind == ChangeKind.UNPROTECT:
        return f"{open_.requested_by.get_username()} has asked for it: {ChangeStatus(open_.status).label.lower()}."
    return "That is a change of its own, with a reason."


def _since(asked: Asked) -> str:
    environment = asked.environment
    by = environment.unprotected_by.get_username() if environment.unprotected_by else "Stackyard"
    because = f": “{environment.unprotected_because}”" if environment.unprotected_because else ""
    return f"Switched off by {by}{because}"
