"""The search over environments, changes, tables and parameters: every word must fit, one's own come first."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from portal.environments.listing import Row
from portal.home.reading import ChangeLine, newest_of
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus
from provisioning.models import Change, Environment, Parameter, Table

LINES = 10
_ID_START = re.compile(r"[0-9a-f]{4,32}")


@dataclass(frozen=True)
class Found:
    """What fits, at most ten of each; `more` says of which there are more."""

    environments: tuple[Row, ...]
    changes: tuple[ChangeLine, ...]
    tables: tuple[Table, ...]
    parameters: tuple[Parameter, ...]
    more: frozenset[str]

    @property
    def nothing(self) -> bool:
        """Whether nothing fits at all."""
        return not (self.environments or self.changes or self.tables or self.parameters)


def search_everything(user_id: int, text: str) -> Found:
    """At most ten environments, changes, tables and parameters that have every word of `text`."""
    words = text.replace("/", " ").split()
    environments = list(_environments(user_id, words)[: LINES + 1])
    changes = newest_of(_changes(user_id, words), LINES + 1)
    tables = list(_tables(user_id, words)[: LINES + 1])
    parameters = list(_parameters(user_id, words)[: LINES + 1])
    return Found(
        environments=tuple(Row(one, EnvironmentStatus(one.status), "") for one in environments[:LINES]),
        changes=tuple(ChangeLine(one, ChangeKind(one.kind), ChangeStatus(one.status)) for one in changes[:LINES]),
        tables=tuple(tables[:LINES]),
        parameters=tuple(parameters[:LINES]),
        more=frozenset(
            name
            for name, found in (
                ("environments", environments),
                ("changes", changes),
                ("tables", tables),
                ("parameters", parameters),
            )
            if len(found) > LINES
        ),
    )


def _mine_first(path: str, user_id: int) -> Case:
    return Case(When(**{path: user_id}, then=Value(0)), default=Value(1), output_field=IntegerField())


def _environments(user_id: int, words: list[str]) -> QuerySet[Environment]:
    found = Environment.objects.select_related("owner")
    for word in words:
        found = found.filter(Q(application__icontains=word) | Q(name__icontains=word))
    return found.order_by(_mine_first("owner_id", user_id), "-changed_at")


def _changes(user_id: int, words: list[str]) -> QuerySet[Change]:
    found = Change.objects.all()
    for word in words:
        found = found.filter(
            Q(environment__application__icontains=word)
            | Q(environment__name__icontains=word)
            | Q(reason__icontains=word)
            | Q(kind__in=_kinds(word))
            | _id_starts(word)
        )
    return found.order_by(_mine_first("requested_by_id", user_id), "-requested_at")


def _kinds(word: str) -> list[str]:
    return [kind for kind in ChangeKind if word.lower() in kind.label.lower()]


def _id_starts(word: str) -> Q:
    """Ids that start with `word`, as a range that the key's index answers on every database."""
    start = word.lower().replace("-", "")
    if not _ID_START.fullmatch(start):
        return Q(pk__in=[])
    return Q(pk__range=(UUID(start.ljust(32, "0")), UUID(start.ljust(32, "f"))))


def _tables(user_id: int, words: list[str]) -> QuerySet[Table]:
    found = Table.objects.filter(environment__isnull=False).select_related("environment")
    for word in words:
        found = found.filter(name__icontains=word)
    return found.order_by(_mine_first("environment__owner_id", user_id), "name")


def _parameters(user_id: int, words: list[str]) -> QuerySet[Parameter]:
    """By name alone: finding a value would tell a secret bit by bit. One word has to be in the key itself."""
    found = Parameter.objects.filter(gone_at__isnull=True).select_related("environment")
    keyed = Q(pk__in=[])
    for word in words:
        found = found.filter(name__icontains=word)
        keyed |= Q(key__icontains=word)
    return found.filter(keyed).order_by(_mine_first("environment__owner_id", user_id), "key", "environment__name")
