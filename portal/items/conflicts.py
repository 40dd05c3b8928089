"""The page of a conflict: what was read, what is wanted, what the server has, and a choice for each place."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.items.place import Place
from portal.items.shown import full_text
from provisioning.actions.editing import ItemChanged
from provisioning.items.patching import Sides
from provisioning.items.values import TYPES, Value, dumps


@dataclass(frozen=True)
class Seen:
    """A value of one side: its type and all of it; nothing for what is not there."""

    label: str = ""
    text: str = ""


@dataclass(frozen=True)
class SideRow:
    """One place of the item. `number` is which of the sides it is. Whoever both touched has to be chosen; what only
    the other one touched stays theirs."""

    number: int
    path: str
    read: Seen
    mine: Seen
    theirs: Seen
    clashes: bool
    is_mine: bool


def side_rows(sides: Sequence[Sides]) -> tuple[SideRow, ...]:
    """What can be shown of the sides; a place that is hidden, and so looks the same on all, is left out."""
    return tuple(
        SideRow(
            number,
            side.shown,
            _seen(side.read),
            _seen(side.mine),
            _seen(side.theirs),
            clashes=side.clashes,
            is_mine=side.touched_by_me,
        )
        for number, side in enumerate(sides)
        if side.touched_by_me or side.touched_by_them
    )


def _seen(value: Value | None) -> Seen:
    if value is None:
        return Seen()
    ((kind, content),) = value.items()
    return Seen(TYPES.get(kind, f"{TYPES.get(str(content), 'Value')}, hidden"), full_text(value))


def conflict_page(
    request: HttpRequest, place: Place, changed: ItemChanged, reason: str = "", *, verb: str = "edit"
) -> HttpResponse:
    """Both sides, as 409: nothing was written. `verb` is what was wanted: edit, delete, copy, undo."""
    context = place.context(
        changed=changed,
        rows=side_rows(changed.sides),
        shown=dumps(changed.shown, pretty=True) if changed.shown is not None else "",
        can_resolve=verb == "edit" and bool(changed.token) and changed.code == "changed",
        read=changed.token,
        reason=reason,
        verb=verb,
    )
    return render(request, "items/conflict.html", context, status=409)
