"""Editing and deleting an item: forms that carry what was read, and pages that show both sides of a conflict."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.items.answers import Problem, answer, problem_of
from portal.items.conflicts import conflict_page
from portal.items.fields import RAW, ROWS, ItemForm, form_of, form_with, read_form
from portal.items.place import Place, place_of
from portal.items.shown import attributes_of, cost_words
from portal.items.texts import CHOICES
from portal.items.views import open_or_answer
from provisioning.actions.editing import ItemChanged, do_delete_item, do_edit_item, do_resolve_edit
from provisioning.actions.opening_items import Opened, shown_back
from provisioning.actions.refusals import Refusal
from provisioning.items.values import MOST_BYTES
from provisioning.models import ItemWrite


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, application: str, name: str, table: str, token: str) -> HttpResponse:
    """The form of an item, and what becomes of it."""
    place = place_of(request, application, name, table, token)
    if request.method != "POST":
        opened = open_or_answer(request, place)
        if isinstance(opened, HttpResponse):
            return opened
        mode = RAW if request.GET.get("mode") == RAW else ROWS
        return _form_page(request, place, form_of(opened.shown, place.types, mode), opened.token, opened=opened)
    return _resolved(request, place) if "resolve" in request.POST else _saved(request, place)


def _saved(request: HttpRequest, place: Place) -> HttpResponse:
    held, reason = request.POST.get("read", ""), request.POST.get("reason", "")
    try:
        shown = shown_back(place.actor, place.environment, place.table, place.key, held)
    except Refusal as refusal:
        return _unusable(request, place, problem_of(refusal))
    form = read_form(shown, place.types, request.POST)
    if form.sent is None:
        return _form_page(request, place, form, held, status=400)
    if "switch" in request.POST:
        mode = RAW if request.POST["switch"] == RAW else ROWS
        return _form_page(request, place, form_with(shown, form.sent, place.types, mode), held)
    sent = form.sent

    def act() -> ItemWrite | None:
        return do_edit_item(place.actor, place.environment, place.table, place.key, sent, token=held, reason=reason)

    done = answer(request, place, act, back=lambda _write: place.address("table_item", place.key))
    if isinstance(done, Problem):
        return _form_page(request, place, form.with_problem(done.sentence, done.fields), held, status=done.status)
    return conflict_page(request, place, done, reason) if isinstance(done, ItemChanged) else done


def _resolved(request: HttpRequest, place: Place) -> HttpResponse:
    """An edit again, with what was chosen of both sides."""
    held, reason = request.POST.get("read", ""), request.POST.get("reason", "")
    mine = {int(key.removeprefix("take-")) for key, side in request.POST.items() if _is_choice(key) and side == "mine"}

    def act() -> ItemWrite | None:
        return do_resolve_edit(place.actor, place.environment, place.table, place.key, mine, token=held, reason=reason)

    done = answer(request, place, act, back=lambda _write: place.address("table_item", place.key))
    if isinstance(done, Problem):
        return _unusable(request, place, done)
    return conflict_page(request, place, done, reason) if isinstance(done, ItemChanged) else done


def _is_choice(key: str) -> bool:
    return key.startswith("take-") and key.removeprefix("take-").isdecimal()


def _unusable(request: HttpRequest, place: Place, problem: Problem) -> HttpResponse:
    """A form that cannot be taken as it is: it is opened anew, with a sentence."""
    opened = open_or_answer(request, place)
    if isinstance(opened, HttpResponse):
        return opened
    form = form_of(opened.shown, place.types).with_problem(problem.sentence, problem.fields)
    return _form_page(request, place, form, opened.token, opened=opened, status=problem.status)


def _form_page(
    request: HttpRequest, place: Place, form: ItemForm, held: str, *, opened: Opened | None = None, status: int = 200
) -> HttpResponse:
    context = place.context(
        form=form,
        read=held,
        types=CHOICES,
        reason=request.POST.get("reason", ""),
        most=MOST_BYTES,
        cost=cost_words(opened.save_units, opened.save_price) if opened else "",
        cancel_url=place.address("table_item", place.key),
    )
    return render(request, "items/edit.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, application: str, name: str, table: str, token: str) -> HttpResponse:
    """What goes with an item, and its deletion, if it still is as it was shown."""
    place = place_of(request, application, name, table, token)
    problem = None
    if request.method == "POST":
        held, reason = request.POST.get("read", ""), request.POST.get("reason", "")

        def act() -> ItemWrite:
            return do_delete_item(place.actor, place.environment, place.table, place.key, token=held, reason=reason)

        done = answer(request, place, act, back=lambda _write: place.address("table_writes"))
        if isinstance(done, ItemChanged):
            return conflict_page(request, place, done, reason)
        if not isinstance(done, Problem):
            return done
        problem = done
    opened = open_or_answer(request, place)
    if isinstance(opened, HttpResponse):
        return opened
    context = place.context(
        read=opened.token,
        attributes=attributes_of(opened.shown, place.shape, place.table.ttl_attribute, timezone.now()),
        cost=cost_words(opened.delete_units, opened.delete_price),
        problem=problem,
        reason=request.POST.get("reason", ""),
    )
    return render(request, "items/delete.html", context, status=problem.status if problem else 200)
