"""The request form and the parts of it that follow what is typed."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from portal.access import access_environment, actor_of
from portal.catalogue.reading import access_blueprint
from portal.requesting.asking import NamedForm
from portal.requesting.assuming import UsageForm, figures_of, has_usage
from portal.requesting.desk import Desk, create_desk, create_page, update_desk, update_page
from portal.requesting.fields import posted_value
from portal.requesting.forms import RequestForm, shown_values
from portal.requesting.naming import name_and_stage, names_of
from portal.requesting.preview import preview_of
from portal.requesting.prices import price_of
from portal.requesting.reading import default_account, monthly_now, repeated_change
from portal.requesting.replacing import accepted, offer_for_name, wants_replacement
from portal.requesting.starting import stage_names, start_of_create, start_of_update
from provisioning.actions.actor import require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import do_request, do_request_create
from provisioning.costs.calibration import calibrations
from provisioning.costs.usage import kept_usage
from provisioning.engine.usage import usage_of
from provisioning.lifecycle import ChangeKind
from provisioning.models import Environment
from provisioning.planning.lifetimes import has_lifetime
from provisioning.planning.policy import may_start_later

UNPROCESSABLE = 422
LOOK = "look"  # the button of those without JavaScript: names, choices and price again, nothing is sent
KEPT = ("key", "stage", "reason", "start_at", "lifetime_days")
OF_STAGE = ("start_at", "lifetime_days")  # typed at one stage, they are kept on the way over another without them


@require_http_methods(["GET", "POST"])
def request_create(request: HttpRequest, application: str) -> HttpResponse:
    """The form of a new environment; sending it leads to its change."""
    blueprint = access_blueprint(application)
    account = default_account()
    if account is None:
        return render(request, "requesting/no_account.html", {"blueprint": blueprint})
    desk = create_desk(blueprint, account)
    if request.method == "POST":
        return _look_again(request, desk) if LOOK in request.POST else _create(request, desk)
    begun = start_of_create(
        blueprint,
        desk.layout,
        account,
        username=actor_of(request).name,
        name=request.GET.get("name", "").strip()[:60],
        source=repeated_change(request, application),
        replaces=request.GET.get("replaces", ""),
    )
    lasts = begun.source.goal.get("lifetime_days") if begun.source else None
    kept = {"stage": begun.stage, "reason": begun.reason, "lifetime_days": lasts}
    usage = kept_usage(begun.source.goal) if begun.source else None
    form = _form(desk, start=begun.values, name=begun.name, initial=kept, usage=usage, assumed=request.GET)
    return create_page(request, desk, form, source=begun.source)


def _form(desk: Desk, **options: Any) -> RequestForm:
    return RequestForm(desk.blueprint, desk.account, layout=desk.layout, **options)


def _look_again(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The form as typed, with choices, names and price read again."""
    kept = _of_stage(request.POST) | {field: request.POST[field] for field in KEPT if field in request.POST}
    form = _form(
        desk,
        start=_typed(request, desk),
        name=request.POST.get("name", ""),
        initial=kept,
        suggests=False,
        assumed=request.POST,
    )
    return create_page(request, desk, form, live=True)


def _of_stage(sent: QueryDict) -> dict[str, str]:
    """What was typed of what only some stages ask for."""
    return {key: sent.get(key) or sent.get(f"kept_{key}", "") for key in OF_STAGE}


def _typed(request: HttpRequest, desk: Desk) -> dict[str, dict[str, str]]:
    current = {setting.key: posted_value(request.POST, setting.key) for setting in desk.layout.settings}
    return shown_values(desk.layout, current)


def _create(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Send the request; what cannot be sent comes back with everything typed."""
    form = _form(desk, start={}, name="", data=request.POST)
    if not form.is_valid():
        return create_page(request, desk, form, status=UNPROCESSABLE)
    ask = form.ask(ChangeKind.CREATE, form.values())
    try:
        change = do_request_create(actor_of(request), desk.blueprint.slug, form.cleaned_data["name"], ask)
    except Refusal as refusal:
        form.refuse(refusal)
        return create_page(request, desk, form, status=UNPROCESSABLE, in_the_way=refusal.change_id)
    return redirect("change", change.pk)


@require_http_methods(["GET", "POST"])
def request_update(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """The form of an environment that is there, filled with what its stacks have now."""
    environment = access_environment(request, application, name)
    require_change_right(actor_of(request), environment)
    desk = update_desk(access_blueprint(application), environment)
    if request.method == "POST" and LOOK not in request.POST:
        return _update(request, desk, environment)
    if request.method == "POST":
        kept = {field: request.POST[field] for field in KEPT if field in request.POST}
        form = _form(desk, start=_typed(request, desk), keeps=True, initial=kept, suggests=False, assumed=request.POST)
        return update_page(request, desk, environment, form)
    source = repeated_change(request, application)
    initial = {"stage": environment.stage, "reason": source.reason if source else ""}
    form = _form(
        desk,
        start=start_of_update(desk.blueprint, environment, source),
        keeps=True,
        initial=initial,
        usage=kept_usage(source.goal) if source else usage_of(environment),
        assumed=request.GET,
    )
    return update_page(request, desk, environment, form, source=source)


def _update(request: HttpRequest, desk: Desk, environment: Environment) -> HttpResponse:
    form = _form(desk, start={}, keeps=True, data=request.POST)
    if not form.is_valid():
        return update_page(request, desk, environment, form, status=UNPROCESSABLE)
    try:
        change = do_request(actor_of(request), environment, form.ask(ChangeKind.UPDATE, form.values()))
    except Refusal as refusal:
        form.refuse(refusal)
        return update_page(request, desk, environment, form, status=UNPROCESSABLE, in_the_way=refusal.change_id)
    return redirect("change", change.pk)


@require_GET
@vary_on_headers("HX-Request")
def request_names(request: HttpRequest, application: str) -> HttpResponse:
    """What a name would take and meet, while it is typed."""
    desk = _desk_of_part(application)
    name = request.GET.get("name", "").strip()[:60]
    if not _is_partial(request):
        return redirect("request_create", application)
    actor = actor_of(request)
    offer = offer_for_name(actor, desk.account, application, name) if wants_replacement(request) else None
    replacing = accepted(request, offer)
    replaces = str(replacing.change.pk) if replacing else ""
    names = names_of(desk.blueprint, desk.account, name, user_id=actor.user_id, live=True, replaces=replaces)
    policy = desk.blueprint.stages.get(names.stage)
    context = {
        "names": names,
        "replacing": replacing,
        "form": NamedForm(initial=_of_stage(request.GET)),
        "moved": names.stage != request.GET.get("shown"),
        "has_lifetime": policy is not None and has_lifetime(policy),
        "may_start_later": policy is not None and may_start_later(policy, ChangeKind.CREATE),
        "blueprint": desk.blueprint,
        "started_as": request.GET.get("stage", ""),
        "stages": stage_names(desk.blueprint, desk.account, actor.name),
        "policy": policy,
        "oob": True,
    }
    return render(request, "requesting/_names.html", context)


@require_GET
@vary_on_headers("HX-Request")
def request_choices(request: HttpRequest, application: str) -> HttpResponse:
    """One setting again, with the choices of the VPC that is chosen now."""
    desk = _desk_of_part(application)
    setting = desk.layout.setting(request.GET.get("field", ""))
    if setting is None or not setting.choices_from:
        raise Http404("There is no such list.")
    if not _is_partial(request):
        return redirect("request_create", application)
    start: dict[str, dict[str, str]] = {}
    for one in desk.layout.settings:
        start.setdefault(one.stack, {})[one.parameter.name] = posted_value(request.GET, one.key)
    form = _form(Desk(desk.blueprint, desk.account, desk.layout.around(setting)), start=start, suggests=False)
    row = form.row(setting)
    if "typed" in request.GET and row.choices and row.choices.problem:
        return HttpResponse(status=204)  # still free text: what is being typed there stays
    return render(request, "requesting/_setting.html", {"row": row, "blueprint": desk.blueprint})


@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
def request_price(request: HttpRequest, application: str) -> HttpResponse:
    """The monthly price of the values as typed. They come by POST: an address is no place for them."""
    desk = _desk_of_part(application)
    if request.method == "GET" or not _is_partial(request):
        return redirect("request_create", application)
    name, stage = name_and_stage(desk.blueprint, request.POST.get("name", "").strip())
    assumed = UsageForm(request.POST if has_usage(request.POST) else None, figures=figures_of(desk.blueprint))
    price = price_of(
        desk.blueprint,
        name=name,
        stage=stage,
        region=desk.account.region,
        values=_typed(request, desk),
        usage=assumed.usage,
        known=calibrations(),
    )
    context: dict[str, Any] = {"price": price, "assumed": assumed, "monthly_now": monthly_now(application, name)}
    if "update" in request.POST:
        environment = access_environment(request, application, name)
        context["preview"] = preview_of(desk.blueprint, environment, _typed(request, desk))
    return render(request, "requesting/_price.html", context)


def _desk_of_part(application: str) -> Desk:
    account = default_account()
    if account is None:
        raise Http404("There is no account yet.")
    return create_desk(access_blueprint(application), account)


def _is_partial(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))
