"""Lists in pages. A cursor is opaque: it says after which row the next page begins, in an order that never changes for
a row, so that nothing is skipped or told twice while rows are added."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from django.db.models import Model, Q, QuerySet
from ninja import Schema
from pydantic import Field

from portal.api.problems import ProblemError
from portal.api.text import Line

MOST = 100
Row = TypeVar("Row", bound=Model)
Found = TypeVar("Found")
Limit = Annotated[int, Field(ge=1, le=MOST, description="How many on a page.")]
Key = tuple[Any, ...]


class Paged(Schema):
    """What every list takes."""

    cursor: Line = Field("", max_length=1000, description="The `next` of the page before.")
    limit: Limit = 25


def page_of_rows(
    found: QuerySet[Row], order: Sequence[str], paged: Paged, kinds: Sequence[Callable[[str], Any]]
) -> tuple[list[Row], str | None]:
    """One page of `found`, and the cursor of the next, None after the last. `order` are columns, of which the last is
    unique and a leading minus means down; `kinds` read each column's value from a cursor's text."""
    if paged.cursor:
        found = found.filter(_after(order, read_cursor(paged.cursor, kinds)))
    rows = list(found.order_by(*order)[: paged.limit + 1])
    if len(rows) <= paged.limit:
        return rows, None
    last = rows[paged.limit - 1]
    return rows[: paged.limit], cursor_of([_text(_value(last, column)) for column in order])


def page_of_list(
    found: Sequence[Found], key: Callable[[Found], tuple[str, str]], paged: Paged
) -> tuple[list[Found], str | None]:
    """The same of what is at hand as a whole, in the order of its keys, of which each is there once."""
    rows = sorted(found, key=key)
    if paged.cursor:
        last = read_cursor(paged.cursor, (str, str))
        rows = [row for row in rows if key(row) > last]
    shown = rows[: paged.limit]
    return shown, cursor_of(key(shown[-1])) if len(rows) > paged.limit else None


def cursor_of(key: Sequence[str]) -> str:
    """A place in a list as opaque text."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode().rstrip("=")


def read_cursor(cursor: str, kinds: Sequence[Callable[[str], Any]]) -> Key:
    """The place that a cursor says. Raises ProblemError for one that nobody gave out."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        parts = _texts(json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)))
        return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, binascii.Error, OverflowError, RecursionError) as wrong:
        said = "This cursor is none that was given out. Begin at the first page."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-cursor", said, fields={"cursor": said}) from wrong


def _texts(parts: object) -> list[str]:
    if not isinstance(parts, list) or not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise ValueError(parts)
    return parts


def moment(text: str) -> datetime:
    """A time within a cursor. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def number(text: str) -> int:
    """A row's number within a cursor. Raises ValueError."""
    found = int(text)
    if not -(2**63) <= found < 2**63:
        raise ValueError(text)
    return found


def _after(order: Sequence[str], key: Key) -> Q:
    """Rows that come after the key: by the first column, or that being equal by the second, and so on."""
    found, same = Q(), Q()
    for column, value in zip(order, key, strict=True):
        name = column.removeprefix("-")
        found |= same & Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        same &= Q(**{name: value})
    return found


def _value(row: Model, column: str) -> Any:
    return getattr(row, column.removeprefix("-"))


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
