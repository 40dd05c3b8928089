"""The costs page, its files, where its numbers come from, and having them read now. None of it asks AWS."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.costs.exporting import as_csv, as_json
from portal.costs.knowing import read_knowing, read_notes
from portal.costs.reading import DEFAULT_SORT, read_overview, read_scene
from portal.costs.tabs import costs_tabs
from portal.costs.visibility import sees_all
from portal.requesting.reading import default_account
from provisioning.actions.refreshing_costs import do_refresh_costs
from provisioning.actions.refusals import Refusal


@require_safe
def costs(request: HttpRequest) -> HttpResponse:
    """How much in all, what changed and why, where, and who."""
    actor = actor_of(request)
    scene = read_scene(actor, request.GET)
    context: dict[str, object] = {
        "tabs": costs_tabs("costs"),
        "notes": read_notes(),
        "may_refresh": actor.is_admin,
        "whole": sees_all(actor),
    }
    if scene is not None:
        sort, page = request.GET.get("sort", DEFAULT_SORT), request.GET.get("page", "1")
        context |= {"scene": scene, "view": read_overview(scene, sort, page), "form": scene.form}
    return render(request, "costs/costs.html", context)


@require_safe
def costs_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """What the page shows, day by day, for a spreadsheet."""
    scene = read_scene(actor_of(request), request.GET)
    if scene is None:
        return redirect("costs")
    answer = StreamingHttpResponse(as_csv(scene), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="costs-{scene.wanted.first}-{scene.wanted.by}.csv"'
    return answer


@require_safe
def costs_json(request: HttpRequest) -> HttpResponse:
    """What the page shows, day by day, for a program."""
    scene = read_scene(actor_of(request), request.GET)
    if scene is None:
        return redirect("costs")
    return HttpResponse(as_json(scene), content_type="application/json")


@require_safe
def costs_source(request: HttpRequest) -> HttpResponse:
    """What reading costs has cost, what AWS changed later, and which tags costs are split by."""
    actor = actor_of(request)
    scene = read_scene(actor, request.GET)
    context = {
        "tabs": costs_tabs("costs_source"),
        "scene": scene,
        "view": read_knowing(default_account(), scene.mine if scene else (), whole=sees_all(actor)),
        "may_refresh": actor.is_admin,
    }
    return render(request, "costs/source.html", context)


@require_POST
def costs_refresh(request: HttpRequest) -> HttpResponse:
    """Have costs read now; for admins."""
    account = default_account()
    if account is None:
        messages.error(request, "There is no account yet whose costs could be read.")
        return redirect("costs")
    try:
        refresh = do_refresh_costs(actor_of(request), account)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        messages.error(request, refusal.sentence)
        return redirect("costs_source")
    if refresh.asked_by_id == request.user.pk:
        messages.success(request, "Costs are being read. The new numbers appear when all of them are there.")
    else:
        messages.success(request, "Costs are being read already. You will see the result of that reading.")
    return redirect("costs_source")
