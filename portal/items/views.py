"""The page of one item, and the act of showing what is hidden of it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.items.place import Place, place_of
from portal.items.shown import attributes_of, cost_words, index_links, write_lines
from portal.tables.plain import lies
from provisioning.actions.item_history import writes_of_item
from provisioning.actions.opening_items import Opened, do_open_item
from provisioning.actions.refusals import Refusal
from provisioning.actions.revealing import do_reveal, why_not_reveal
from provisioning.items.masking import mask_for
from provisioning.items.patching import has_hidden
from provisioning.items.values import Item, dumps, size_of


@require_safe
@never_cache
def item(request: HttpRequest, application: str, name: str, table: str, token: str) -> HttpResponse:
    """One item as it is now, with all that was written to it."""
    place = place_of(request, application, name, table, token)
    opened = open_or_answer(request, place)
    if isinstance(opened, HttpResponse):
        return opened
    cost = cost_words(opened.save_units, opened.save_price)
    return _page(request, place, opened.shown, size=opened.size, read_units=opened.read_units, save_cost=cost)


@require_POST
@never_cache
def reveal(request: HttpRequest, application: str, name: str, table: str, token: str) -> HttpResponse:
    """The item with nothing hidden, once, for a reason that the audit keeps."""
    place = place_of(request, application, name, table, token)
    reason = request.POST.get("reason", "")
    try:
        found = do_reveal(place.actor, place.environment, place.table, place.key, reason=reason)
    except Refusal as refusal:
        if "reason" not in refusal.fields:
            raise
        opened = open_or_answer(request, place)
        if isinstance(opened, HttpResponse):
            return opened
        return _page(request, place, opened.shown, status=400, reveal_problem=refusal.fields["reason"], reason=reason)
    return gone(request, place) if found is None else _page(request, place, found, revealed=True, size=size_of(found))


def open_or_answer(request: HttpRequest, place: Place) -> Opened | HttpResponse:
    """The item as it is now; or, where there is none or nobody can say, a page that tells so."""
    try:
        opened = do_open_item(place.actor, place.environment, place.table, place.key)
    except Refusal as refusal:
        history = write_lines(writes_of_item(place.environment, place.table, place.key))
        return render(request, "items/away.html", place.context(trouble=refusal.sentence, history=history))
    return gone(request, place) if opened is None else opened


def gone(request: HttpRequest, place: Place) -> HttpResponse:
    """The page of a key that no item has (any more), with what was written under it."""
    history = write_lines(writes_of_item(place.environment, place.table, place.key))
    return render(request, "items/gone.html", place.context(history=history), status=404)


def _page(request: HttpRequest, place: Place, shown: Item, *, status: int = 200, **more: object) -> HttpResponse:
    mask = mask_for(place.environment, place.table)
    context = place.context(
        attributes=attributes_of(shown, place.shape, place.table.ttl_attribute, timezone.now()),
        raw=dumps(shown, pretty=True),
        links=index_links(shown, place.shape),
        history=write_lines(writes_of_item(place.environment, place.table, place.key)),
        hidden=[name for name, value in shown.items() if has_hidden(value)],
        masks=not mask.is_empty,
        lies=lies([shown]),
        why_not_reveal=why_not_reveal(place.actor),
        **more,
    )
    return render(request, "items/item.html", context, status=status)
