"""What may be asked of a table's items where it stands, whoever reads: a page, a statement, a job.

Prod is read by queries, never by scans, not even to count (B10, pitfall 35). Conditions on what is hidden would tell it
bit by bit (pitfall 41); whoever knows a whole key may ask for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.items.masking import PROD, Mask, mask_for
from provisioning.items.paths import steps_of
from provisioning.items.query import Query, View, shape_of
from provisioning.models import Environment, Table

NEVER_SCANNED = "Tables of prod are queried, never scanned: a scan reads everything."


@dataclass(frozen=True)
class Ban:
    """Why something may not be asked: a code, a sentence, and the fields of a query that it is about."""

    code: str
    sentence: str
    fields: Mapping[str, str]


def ban_on(environment: Environment, table: Table, query: Query) -> Ban | None:
    """Why a checked query may not be asked of this table here; None when it may."""
    shape = shape_of(table)
    view = shape.view(query.index) or shape.itself
    if environment.stage == PROD and query.is_scan:
        needed = f"a value of {view.partition}."
        return Ban("no-scan-in-prod", f"{NEVER_SCANNED} Give {needed}", {"pk": f"Needed in prod: {needed}"})
    hidden = _asked_of_hidden(query, view, mask_for(environment, table))
    return Ban("hidden", next(iter(hidden.values())), hidden) if hidden else None


def why_not_read(environment: Environment, table: Table, query: Query) -> str:
    """The same as a sentence; empty when it may be asked."""
    ban = ban_on(environment, table, query)
    return ban.sentence if ban else ""


def _asked_of_hidden(query: Query, view: View, mask: Mask) -> dict[str, str]:
    """Conditions on what is hidden, by field."""
    found: dict[str, str] = {}
    if query.sort is not None and query.sort.operator != "=" and mask.touches((view.sort,)):
        found["sk_op"] = f"{view.sort} is hidden here, so it can only be asked for with a whole value."
    for place, condition in enumerate(query.filters):
        if mask.touches(steps_of(condition.path)):
            found[f"filter.{place}"] = f"{condition.path} is hidden here, so nothing can be filtered by it."
    return found
