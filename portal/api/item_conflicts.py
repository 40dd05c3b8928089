"""The version of an item that a request is about, and both sides where it is another one by now."""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from django.http import HttpRequest

from portal.api.item_shapes import Json, tag, typed
from portal.api.items import Place
from portal.api.problems import Conflict, ProblemError
from portal.api.problems import Place as Side
from provisioning.actions.editing import ItemChanged
from provisioning.actions.opening_items import Opened, do_open_item
from provisioning.items.intents import BadIntentError, Edit, patched, shown_path
from provisioning.items.patching import Patch, patch_of_sent
from provisioning.items.paths import steps_of, value_at
from provisioning.items.values import BadValueError, Item, Value, check_value, dumps

GONE = "The item is not there any more. Nothing was written."
CHANGED = "The item is another one than the one that was read. Nothing was written. Look at both sides, then decide."
Wanted = Callable[[Item], Patch]


def looked_at(request: HttpRequest, place: Place, wanted: Wanted) -> Opened:
    """The item, which is the version that If-Match names; `wanted` gives what is to become of it as it is shown. Raises
    ProblemError: 428 where no version is named, 412 with both sides where it is another one by now."""
    match = request.headers.get("If-Match")
    if match is None:
        said = "Name the version that you looked at in If-Match: it is the ETag of the item."
        raise ProblemError(HTTPStatus.PRECONDITION_REQUIRED, "no-version", said)
    opened = do_open_item(*place.where, place.key)
    if opened is None:
        raise _refused("gone", GONE, Conflict(item=None, etag=None, places=[]))
    if tag(opened.version) not in [one.strip() for one in match.split(",")]:
        sides = [_side(opened.shown, edit) for edit in _checked(wanted, opened.shown)]
        found = Conflict(item=typed(opened.shown), etag=tag(opened.version), places=sides)
        raise _refused("changed", CHANGED, found)
    return opened


def conflict(changed: ItemChanged, status: HTTPStatus = HTTPStatus.PRECONDITION_FAILED) -> ProblemError:
    """The refusal where somebody was quicker than a request that was under way."""
    sides = [
        Side(path=side.shown, read=_json(side.read), mine=_json(side.mine), theirs=_json(side.theirs))
        for side in changed.sides
    ]
    etag = tag(changed.version) if changed.version else None
    item = None if changed.shown is None else typed(changed.shown)
    return _refused(changed.code, changed.sentence, Conflict(item=item, etag=etag, places=sides), status)


def whole(sent: Json) -> Wanted:
    """What becomes of an item that is to be as it was sent."""
    return lambda shown: patch_of_sent(shown, sent)


def parts(sets: Mapping[str, Json], removes: Sequence[str]) -> Patch:
    """What is to become of some places of an item. Raises ProblemError, with the field it is about."""
    edits = [_edit("set", path, value) for path, value in sets.items()]
    edits += [_edit("remove", path, None) for path in removes]
    if not edits:
        raise _wrong({"set": "Say what to set or to remove."})
    paths = [edit.path for edit in edits]
    for path in paths:
        if sum(path == other[: len(path)] for other in paths) > 1:
            raise _wrong({"set": f"{shown_path(path)} is in it twice, or within another place of it."})
    return tuple(edits)


def with_parts(shown: Item, edits: Patch) -> Json:
    """An item as it is shown, with these edits made. Raises ProblemError where a place is not there."""
    # Places of lists from behind, so that taking one away moves none of the others.
    ordered = sorted(edits, key=lambda edit: [_place(step) for step in edit.path], reverse=True)
    try:
        made: Json = json.loads(dumps(patched(shown, ordered)))
    except BadIntentError as wrong:
        raise _wrong({"set": wrong.sentence}) from None
    return made


def _place(step: str | int) -> tuple[int, str]:
    return (step, "") if isinstance(step, int) else (-1, step)


def _edit(field: str, path: str, value: Json | None) -> Edit:
    try:
        return Edit(steps_of(path), None if value is None else check_value(value, path))
    except BadValueError as wrong:
        raise _wrong({f"{field}.{path}": wrong.sentence}) from None


def _checked(wanted: Wanted, shown: Item) -> Patch:
    try:
        return wanted(shown)
    except BadValueError as wrong:
        raise _wrong({wrong.path or "item": wrong.sentence}) from None


def _side(shown: Item, edit: Edit) -> Side:
    return Side(path=shown_path(edit.path), mine=_json(edit.value), theirs=_json(value_at(shown, edit.path)))


def _json(value: Value | None) -> Json | None:
    return None if value is None else typed(value)


def _refused(
    code: str, said: str, found: Conflict, status: HTTPStatus = HTTPStatus.PRECONDITION_FAILED
) -> ProblemError:
    headers = {"ETag": found.etag, "Cache-Control": "no-store, private"} if found.etag else {}
    return ProblemError(status, code, said, headers=headers, conflict=found)


def _wrong(fields: Mapping[str, str]) -> ProblemError:
    said = next(iter(fields.values()))
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-item", said, fields=fields)
