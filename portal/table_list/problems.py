"""What may be wrong with a table as a whole, as something to filter by in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q

ANY = "any"
_PROD = Q(environment__stage="prod")


@dataclass(frozen=True)
class Trouble:
    """One kind of trouble. `counts` says whether it is one wherever it is, or only something to look for."""

    label: str
    where: Q
    counts: bool = True


PROBLEMS: Mapping[str, Trouble] = {
    "alarms": Trouble("Alarms firing", Q(firing__gt=0)),
    "unprotected": Trouble("Unprotected in prod", _PROD & Q(protected=False)),
    "unrecoverable": Trouble("No recovery in prod", _PROD & Q(recovery_from__isnull=True)),
    "no-expiry": Trouble("No expiry", Q(ttl_attribute=""), counts=False),
}


def with_problem(code: str) -> Q:
    """The tables that have this trouble, any of them for ANY; all tables for what is no trouble."""
    if code == ANY:
        return reduce(or_, (one.where for one in PROBLEMS.values() if one.counts))
    return PROBLEMS[code].where if code in PROBLEMS else Q()
