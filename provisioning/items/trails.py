"""Cursors: what stands in a link to a page of results. They name a page that Stackyard keeps, never a key (pitfall 11).

A start key from a browser would be leave to read from anywhere, and would show keys in addresses and logs. So a cursor
is encrypted and authenticated, holds the number of a kept page, and is bound to the person, the environment, the table
and the whole question.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta

from provisioning.items.query import Query
from provisioning.items.sealing import NotSealedError, digest, seal, unseal

KEPT_FOR = timedelta(hours=8)
CURSOR, START = "cursor", "start-key"  # what is sealed for what
AGAIN = "Start from the first page."


class BadCursorError(ValueError):
    """A cursor that leads nowhere, or not for this person or question; `sentence` says which."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = f"{sentence} {AGAIN}"


@dataclass(frozen=True)
class Bound:
    """Whose pages, and of what: one person's, in one environment, for one question to one table."""

    user_id: int
    environment_id: int
    digest: str


def bound_to(user_id: int, environment_id: int, table: str, query: Query) -> Bound:
    """What the pages of this query are bound to; the digest is of table, index, conditions, order and page size."""
    return Bound(user_id, environment_id, digest(CURSOR, json.dumps([table, query.pairs()])))


def cursor_of(page_id: uuid.UUID, bound: Bound) -> str:
    """The cursor of a kept page."""
    return seal(CURSOR, f"{page_id.hex} {bound.user_id} {bound.environment_id} {bound.digest}")


def page_of(cursor: str, bound: Bound) -> uuid.UUID:
    """The kept page that a cursor leads to. Raises BadCursorError for one that was altered, or is not bound so."""
    try:
        page, user_id, environment_id, asked = unseal(CURSOR, cursor).split(" ")
    except (NotSealedError, ValueError):
        raise BadCursorError("This link to a page of results is damaged.") from None
    if int(user_id) != bound.user_id:
        raise BadCursorError("This page of results was somebody else's; the question can be shared, its pages cannot.")
    if int(environment_id) != bound.environment_id or asked != bound.digest:
        raise BadCursorError("This page of results belongs to another question.")
    return uuid.UUID(page)
