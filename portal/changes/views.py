"""The list of changes, and the page of one: full, its live part, its story, and each of its plans."""

import uuid

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal.access import access_change, actor_of
from portal.changes import reading, story
from portal.changes.deciding import decision_line
from portal.changes.deploys import deploy_view
from portal.changes.earlier import access_plan
from portal.changes.forms import ChangeFilter, DecisionForm, RevealForm
from portal.changes.items import items_view
from portal.changes.listing import NEWEST, PAGE_SIZE, listed
from portal.changes.parameters import parameters_view
from portal.changes.plans import plan_view
from portal.changes.states import change_state
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change

NO_CONTENT = 204
PROD = "prod"


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """The list: everybody's or mine, filtered, sorted, paged."""
    form = ChangeFilter(request.GET)
    sort = request.GET.get("sort", NEWEST)
    found = listed(form.chosen, person=actor_of(request).user_id, sort=sort)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [
        {"change": change, "kind": _kind(change), "status": change_state(change), "took": reading.took(change)}
        for change in page
    ]
    context = {"form": form, "page": page, "rows": rows, "default": NEWEST, "filtered": bool(form.chosen)}
    return render(request, "changes/list.html", context)


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def change(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """One change. For htmx, only the parts around the live one, when its state has changed."""
    return show(request, access_change(request, change_id))


def show(
    request: HttpRequest,
    change: Change,
    form: DecisionForm | None = None,
    *,
    reveal: RevealForm | None = None,
    revealed: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Answer with the page of a change; `form` is a decision, `reveal` a wish to see what is hidden, that was refused,
    with what was typed. `revealed` shows items with nothing hidden, this once."""
    page = reading.read_page(actor_of(request), change, failed_only=_failed_only(request), revealed=revealed)
    context = {
        "page": page,
        "change": change,
        "live": page.live,
        "rights": page.rights,
        "kind": _kind(change),
        "status": change_state(change),
        "said": reading.say_state(change),
        "form": form or DecisionForm(initial={"digest": change.plan_digest}),
        "reveal": reveal or RevealForm(auto_id="reveal_%s"),
        "failed_only": _failed_only(request),
        "prod_strip": change.environment.stage == PROD,
    }
    template = "changes/_moved.html" if is_partial(request) else "changes/change.html"
    response = render(request, template, context, status=status)
    add_never_cache_headers(response)  # it may show what is in items
    return response


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def change_live(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """Rail, waiting, failure, resources. `seen` is what the page shows already, `state` what the rest rests on."""
    change = access_change(request, change_id)
    if not is_partial(request):
        return redirect("change", change_id)
    live, state = reading.read_live(actor_of(request), change)
    if request.GET.get("seen") == live.seen:
        return HttpResponse(status=NO_CONTENT)
    # Rendered without the request: the frame's rail is not in it, so what it counts need not be counted.
    told = live.expected.left if request.GET.get("told") != live.expected.key else ""
    context = {"live": live, "change": change, "state": state, "told": told}
    response = HttpResponse(render_to_string("changes/_live.html", context))
    if request.GET.get("state") != state:
        response["HX-Trigger"] = "change-moved"
    return response


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def change_events(request: HttpRequest, change_id: uuid.UUID) -> HttpResponse:
    """The story after a line, for htmx; all of it as a page otherwise."""
    change = access_change(request, change_id)
    context = {"change": change, "failed_only": _failed_only(request), "kind": _kind(change)}
    if not is_partial(request):
        events = story.read_events(change.pk)
        whole = story.told(change, events, failed_only=_failed_only(request), limit=None)
        return render(request, "changes/story.html", {**context, "story": whole, "poll": 0})
    # The pause is from before the events were read: a change that was over then has none to come.
    poll = reading.poll_pause(change) * 2
    part = story.told_since(
        change, _number(request, "after") or 0, _number(request, "count"), failed_only=_failed_only(request)
    )
    context |= {"story": part, "poll": poll}
    if part.late:
        response = HttpResponse(render_to_string("changes/_story_list.html", context))
        response["HX-Retarget"], response["HX-Reswap"] = "#story", "outerHTML"
        return response
    if poll and part.last == _number(request, "after"):
        return HttpResponse(status=NO_CONTENT)
    return HttpResponse(render_to_string("changes/_lines.html", context))


@require_safe
@never_cache
def change_plan_at(request: HttpRequest, change_id: uuid.UUID, number: int) -> HttpResponse:
    """One sealed plan, also when it is no longer the one of its change. Raises Http404 for a number that none has."""
    change = access_change(request, change_id)
    plan, decisions = access_plan(change, number), change.decisions.select_related("by")
    context = {
        "change": change,
        "kind": _kind(change),
        "sealed": plan,
        "plan": plan_view(plan.content, plan.digest),
        "items": items_view(change, plan.content),
        "parameters": parameters_view(change, plan.content),
        "deploy": deploy_view(change, plan.content),
        "decisions": [decision_line(change, one) for one in decisions.filter(plan_digest=plan.digest)],
        "current": not plan.void_because and plan.digest == change.plan_digest,
        "prod_strip": change.environment.stage == PROD,
    }
    return render(request, "changes/plan_at.html", context)


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def _kind(change: Change) -> str:
    return ChangeKind(change.kind).label


def _failed_only(request: HttpRequest) -> bool:
    return request.GET.get("failed") == "1"


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
