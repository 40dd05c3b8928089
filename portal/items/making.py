"""New items, and copies of an item under another key."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.items.answers import Problem, answer
from portal.items.conflicts import conflict_page
from portal.items.fields import RAW, ROWS, ItemForm, KeyField, form_with, key_fields, raw_of, read_form, read_key
from portal.items.place import Place, place_of
from portal.items.shown import cost_words
from portal.items.texts import CHOICES
from portal.items.views import open_or_answer
from provisioning.actions.editing import ItemChanged, do_copy_item, do_create_item
from provisioning.actions.item_history import key_left
from provisioning.actions.opening_items import do_open_item
from provisioning.items.patching import has_hidden
from provisioning.items.values import MOST_BYTES
from provisioning.models import ItemWrite

CORRECT = "Correct what is marked."
TRANSACTION = 2  # times the units of a plain write (B11)
KeyFields = tuple[KeyField, ...]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """The form of a new item; with `like` it begins as another one."""
    place = place_of(request, application, name, table)
    if request.method == "POST":
        return _made(request, place)
    begun, note = _begun(request, place)
    form, fields = _pieces(place, begun, _mode(request.GET.get("mode")))
    return _new_page(request, place, form, fields, note=note)


def _made(request: HttpRequest, place: Place) -> HttpResponse:
    form, (fields, key) = read_form({}, (), request.POST), read_key(place.types, request.POST)
    switching = "switch" in request.POST
    if form.sent is None or (key is None and not form.is_raw and not switching):
        return _new_page(request, place, form.with_problem(form.problem or CORRECT, {}), fields, status=400)
    typed = {field.name: {field.kind: field.text} for field in fields} if key is None else key
    sent = form.sent if form.is_raw else {**typed, **form.sent}
    if switching:
        return _new_page(request, place, *_pieces(place, sent, _mode(request.POST["switch"])))
    reason = request.POST.get("reason", "")

    def act() -> ItemWrite:
        return do_create_item(place.actor, place.environment, place.table, sent, reason=reason)

    done = answer(request, place, act, back=lambda write: _address_of(place, write))
    if isinstance(done, ItemChanged):
        shown = done.shown or {}
        there = place.address("table_item", {name: shown[name] for name in place.types if name in shown})
        form = form.with_problem(done.sentence, {})
        return _new_page(request, place, form, fields, status=409, there=there)
    if isinstance(done, Problem):
        return _new_page(request, place, form.with_problem(done.sentence, done.fields), fields, status=done.status)
    return done


def _mode(text: str | None) -> str:
    return RAW if text == RAW else ROWS


def _begun(request: HttpRequest, place: Place) -> tuple[dict[str, Any], str]:
    """What a new item begins with, as JSON has it: nothing, or another item without what is hidden of that."""
    if "like" not in request.GET:
        return {}, ""
    like = place_of(request, **place.where, token=request.GET["like"])
    opened = do_open_item(place.actor, place.environment, place.table, like.key)
    if opened is None:
        return {}, "The item that this one was to be like is not there any more."
    hidden = [name for name, value in opened.shown.items() if has_hidden(value)]
    note = f"Left out, because hidden from you: {', '.join(hidden)}." if hidden else ""
    return raw_of({name: value for name, value in opened.shown.items() if name not in hidden}), note


def _pieces(place: Place, sent: Mapping[str, Any], mode: str) -> tuple[ItemForm, KeyFields]:
    """The form and the key fields of an item so far; as typed JSON the key is part of it."""
    key = {name: sent[name] for name, kind in place.types.items() if name in sent and list(sent[name]) == [kind]}
    empty = {name: {kind: ""} for name, kind in place.types.items()}
    rest = {name: value for name, value in sent.items() if name not in key}
    whole = {**empty, **key, **rest}
    return form_with({}, whole if mode == RAW else rest, (), mode), key_fields(place.types, key)


def _address_of(place: Place, write: ItemWrite | None) -> str:
    key = key_left(write) if write else None
    return place.address("table_item", key) if key else place.address("table")


def _new_page(
    request: HttpRequest, place: Place, form: ItemForm, fields: KeyFields, *, status: int = 200, **more: str
) -> HttpResponse:
    context = place.context(
        form=form,
        key_fields=fields,
        types=CHOICES,
        names=_names(place),
        reason=request.POST.get("reason", ""),
        most=MOST_BYTES,
        cancel_url=place.address("table"),
        **more,
    )
    return render(request, "items/new.html", context, status=status)


def _names(place: Place) -> list[str]:
    """Names to choose from: what indexes have as keys, and the columns that somebody chose to see."""
    known = {name for view in place.shape.indexes for name in (*view.keys, *view.included)}
    return sorted(known - set(place.types))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, application: str, name: str, table: str, token: str) -> HttpResponse:
    """Another key for an item: the way in which a key is edited (pitfall 21)."""
    place = place_of(request, application, name, table, token)
    if request.method == "POST":
        return _copied(request, place)
    return _copy_page(request, place, key_fields(place.types, raw_of(place.key)))


def _copied(request: HttpRequest, place: Place) -> HttpResponse:
    fields, key = read_key(place.types, request.POST)
    if key is None:
        return _copy_page(request, place, fields, problem=CORRECT, status=400)
    held, reason = request.POST.get("read", ""), request.POST.get("reason", "")
    keep = request.POST.get("old") != "move"

    def act() -> ItemWrite:
        return do_copy_item(
            place.actor, place.environment, place.table, place.key, key, token=held, keep=keep, reason=reason
        )

    done = answer(request, place, act, back=lambda write: _address_of(place, write))
    if isinstance(done, Problem):
        return _copy_page(request, place, fields, problem=done.sentence, status=done.status)
    return conflict_page(request, place, done, reason, verb="copy") if isinstance(done, ItemChanged) else done


def _copy_page(
    request: HttpRequest, place: Place, fields: KeyFields, *, problem: str = "", status: int = 200
) -> HttpResponse:
    opened = open_or_answer(request, place)
    if isinstance(opened, HttpResponse):
        return opened
    price = None if opened.save_price is None else TRANSACTION * opened.save_price
    context = place.context(
        key_fields=fields,
        read=opened.token,
        problem=problem,
        move=request.POST.get("old") == "move",
        reason=request.POST.get("reason", ""),
        cost=cost_words(TRANSACTION * opened.save_units, price),
        cancel_url=place.address("table_item", place.key),
    )
    return render(request, "items/copy.html", context, status=status)
