"""Pages of results that somebody can go to: kept on our side, found by cursor, forgotten after some hours."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from provisioning.items.sealing import NotSealedError, seal, unseal
from provisioning.items.trails import KEPT_FOR, START, BadCursorError, Bound, cursor_of, page_of
from provisioning.items.values import Item, dumps, restored
from provisioning.models import ReadTrail


@dataclass(frozen=True)
class Place:
    """Where in the results a page is. The first page has no `row`; `start` is the key that a page begins after."""

    row: ReadTrail | None = None
    start: Item | None = None

    @property
    def number(self) -> int:
        """The number of the page, counted from 1."""
        return self.row.page if self.row else 1

    @property
    def shown(self) -> int:
        """Items on the pages before."""
        return self.row.shown if self.row else 0

    @property
    def scanned(self) -> int:
        """Items that were read for the pages before."""
        return self.row.scanned if self.row else 0


def find_place(cursor: str, bound: Bound) -> Place:
    """The place of a cursor, an empty one for the first page. Raises BadCursorError."""
    if not cursor:
        return Place()
    row = ReadTrail.objects.filter(
        pk=page_of(cursor, bound),
        user_id=bound.user_id,
        environment_id=bound.environment_id,
        query_digest=bound.digest,
        expires_at__gt=timezone.now(),
    ).first()
    if row is None:
        hours = int(KEPT_FOR.total_seconds() // 3600)
        raise BadCursorError(f"This page of results has expired: pages are kept for {hours} hours.")
    try:
        return Place(row, restored(unseal(START, row.start)))
    except NotSealedError:
        raise BadCursorError("This page of results cannot be read any more.") from None


def keep_next(place: Place, bound: Bound, table: str, start: Item, *, shown: int, scanned: int) -> str:
    """Keep the page that follows a place and begins after `start`; returns its cursor."""
    row = ReadTrail.objects.create(
        user_id=bound.user_id,
        environment_id=bound.environment_id,
        table=table,
        query_digest=bound.digest,
        before=place.row,
        page=place.number + 1,
        shown=place.shown + shown,
        scanned=place.scanned + scanned,
        start=seal(START, dumps(start)),
        expires_at=timezone.now() + KEPT_FOR,
    )
    return cursor_of(row.pk, bound)


def forget_pages(now: datetime) -> None:
    """Remove the pages that have expired, with those that follow them."""
    ReadTrail.objects.filter(expires_at__lte=now).delete()


def previous_of(place: Place, bound: Bound) -> str | None:
    """The cursor of the page that led here: empty for the first one, None on it."""
    if place.row is None:
        return None
    return cursor_of(place.row.before_id, bound) if place.row.before_id else ""
