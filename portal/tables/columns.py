"""Which columns stand in a table of items, and in which order: keys, then what kind of item it is, then the rest by
name; over that what somebody chose for themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provisioning.models import ColumnChoice, Table

ENTITY = ("_type", "type", "entity", "entity_type", "entityType")
MOST = 400  # names that a choice remembers


@dataclass(frozen=True)
class Choice:
    """What somebody chose: the names that come first, in order, and those that are not shown."""

    first: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was chosen."""
        return not (self.first or self.hidden)


@dataclass(frozen=True)
class Columns:
    """The columns of a page: `shown` in their order; `known` are all of them, for choosing."""

    shown: tuple[str, ...]
    known: tuple[str, ...]
    choice: Choice

    @property
    def left_out(self) -> int:
        """How many are there that are not shown."""
        return len(self.known) - len(self.shown)


def arrange(names: Iterable[str], keys: Sequence[str], choice: Choice) -> Columns:
    """The columns for these attributes; `keys` are those of what is read, then of its table."""
    known = ordered(names, keys, choice.first)
    return Columns(tuple(name for name in known if name not in choice.hidden), known, choice)


def ordered(names: Iterable[str], keys: Sequence[str], first: Sequence[str] = ()) -> tuple[str, ...]:
    """Names in the order of their columns: keys, what was put first, the kind of item, the rest by name."""
    there = set(names) | set(keys)
    rest = sorted(there, key=lambda name: (name not in ENTITY, name.casefold(), name))
    return tuple(dict.fromkeys((*keys, *(name for name in first if name in there), *rest)))


def subject(table: Table) -> str:
    """What a choice is kept under, so that it holds for this table in every environment of its application."""
    return table.logical_id or table.name


def choice_of(person: int, table: Table) -> Choice:
    """What this person chose for this table; nothing when they did not."""
    row = ColumnChoice.objects.filter(user_id=person, application=table.application, table=subject(table)).first()
    return Choice(tuple(row.shown), frozenset(row.hidden)) if row else Choice()


def keep_choice(person: int, table: Table, choice: Choice) -> None:
    """Remember what this person chose; an empty choice is forgotten."""
    if choice.is_empty:
        ColumnChoice.objects.filter(user_id=person, application=table.application, table=subject(table)).delete()
        return
    ColumnChoice.objects.update_or_create(
        user_id=person,
        application=table.application,
        table=subject(table),
        defaults={"shown": list(choice.first)[:MOST], "hidden": sorted(choice.hidden)[:MOST]},
    )


def changed(before: Choice, known: Sequence[str], wanted: Iterable[str], first: str = "") -> Choice:
    """A choice after the form of columns: of the names that it had (`known`), `wanted` are shown; others stay as they
    were. `first` is put before all others."""
    hidden = (before.hidden - set(known)) | (set(known) - set(wanted))
    order = tuple(dict.fromkeys((first, *before.first))) if first else before.first
    return Choice(order, frozenset(hidden - {first}))
