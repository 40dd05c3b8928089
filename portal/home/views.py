"""Home: what is mine, what waits for me, what is running; and the search."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.access import actor_of
from portal.home.reading import read_board
from portal.home.searching import search_everything


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "home/home.html", {"live": _live(request)[0]})


@require_safe
@never_cache
def home_live(request: HttpRequest) -> HttpResponse:
    """The part that moves. 204 when it still is what the page shows (`seen`), so nothing under the pointer jumps."""
    part, digest = _live(request)
    if request.GET.get("seen") == digest:
        return HttpResponse(status=204)
    return HttpResponse(part)


def _live(request: HttpRequest) -> tuple[str, str]:
    """The part that moves, and the digest that tells whether it moved."""
    board = read_board(request)
    body = render_to_string("home/_board.html", {"board": board}, request)
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return render_to_string("home/_live.html", {"board": board, "body": body, "digest": digest}, request), digest


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Environments, changes and tables that fit the words, one's own first."""
    text = request.GET.get("q", "").strip()[:100]
    found = search_everything(actor_of(request).user_id, text) if text else None
    return render(request, "home/search.html", {"text": text, "found": found})
