"""What was written in a table, and taking a write back."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.items.answers import Problem, answer
from portal.items.conflicts import conflict_page
from portal.items.place import Place, place_of
from portal.items.shown import write_lines
from provisioning.actions.editing import ItemChanged, do_undo_write
from provisioning.actions.item_history import key_left, tell, writes_of_table
from provisioning.lifecycle import WriteState
from provisioning.models import ItemWrite

PAGE_SIZE = 25


@require_safe
@never_cache
def writes(request: HttpRequest, application: str, name: str, table: str) -> HttpResponse:
    """Every write of this table's items, the newest first."""
    place = place_of(request, application, name, table)
    found = writes_of_table(place.environment, place.table)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page", "1"))
    told = write_lines(tell(place.environment, place.table, page.object_list))
    return render(request, "items/writes.html", place.context(page=page, history=told))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, application: str, name: str, table: str, write: int) -> HttpResponse:
    """What a write did, and taking it back."""
    place = place_of(request, application, name, table)
    row = writes_of_table(place.environment, place.table).filter(pk=write).first()
    if row is None:
        raise Http404("There is no such write of this table.")
    reason = request.POST.get("reason", "")
    if request.method != "POST":
        return _undo_page(request, place, row)

    def act() -> ItemWrite:
        return do_undo_write(place.actor, place.environment, place.table, row, reason=reason)

    done = answer(request, place, act, back=lambda back: _address_of(place, back))
    if isinstance(done, Problem):
        return _already(request, place, row) or _undo_page(request, place, row, problem=done)
    return conflict_page(request, place, done, reason, verb="undo") if isinstance(done, ItemChanged) else done


def _already(request: HttpRequest, place: Place, row: ItemWrite) -> HttpResponse | None:
    """What the second of two clicks is answered with: what the first one did. None where it is no such click."""
    back = ItemWrite.objects.filter(undoes=row, by=place.actor.user_id, state=WriteState.DONE).first()
    if back is None or "at_once" not in request.POST:
        return None
    messages.info(request, "You have taken this back already.")
    return redirect(_address_of(place, back))


def _address_of(place: Place, write: ItemWrite | None) -> str:
    key = key_left(write) if write else None
    return place.address("table_item", key) if key else place.address("table_writes")


def _undo_page(request: HttpRequest, place: Place, row: ItemWrite, *, problem: Problem | None = None) -> HttpResponse:
    (told,) = write_lines(tell(place.environment, place.table, [row]))
    context = place.context(told=told, problem=problem, reason=request.POST.get("reason", ""))
    return render(request, "items/undo.html", context, status=problem.status if problem else 200)
