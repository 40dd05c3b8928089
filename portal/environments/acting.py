"""Settings of an environment, and the acts on it: each is asked for here, the dangerous ones on pages of their own."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.environments.acts import Asked, data_stack_act, resources_of, shaped
from portal.environments.deleting import read_deletion
from portal.environments.forms import ActForm
from portal.environments.heading import access_with_stacks, page_context
from portal.environments.protection import read_protection
from portal.environments.settings import read_settings
from portal.errors import say
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import do_request
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import ChangeKind
from provisioning.models import Environment

UNPROCESSABLE = 422
SETTINGS = "environment_settings"
# The page on which an act is asked for, by its URL name: those that lead to a loss have one of their own.
PAGE_OF = {
    ChangeKind.PARK: SETTINGS,
    ChangeKind.WAKE: SETTINGS,
    ChangeKind.DELETE_COMPUTE: SETTINGS,
    ChangeKind.PROTECT: SETTINGS,
    ChangeKind.UNPROTECT: "environment_unprotect",
    ChangeKind.DELETE_DATA_STACK: "environment_delete_data_stack",
    ChangeKind.DELETE_DATA: "environment_delete_data",
}


@require_safe
def settings_page(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Policy, protection, parameters, and what can be done."""
    return _page(request, access_with_stacks(request, application, name), ChangeKind.PARK)


@require_safe
def unprotect(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What switching protection off means, and the form that asks for it."""
    return _page(request, access_with_stacks(request, application, name), ChangeKind.UNPROTECT)


@require_safe
def delete_data_stack(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """What becomes of the tables when their stack goes, and the form that asks for it."""
    return _page(request, access_with_stacks(request, application, name), ChangeKind.DELETE_DATA_STACK)


@require_safe
def delete_data(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Every table that would go, what has to happen first, and the form that asks for it."""
    return _page(request, access_with_stacks(request, application, name), ChangeKind.DELETE_DATA)


@require_POST
def act(request: HttpRequest, application: str, name: str, kind: str) -> HttpResponse:
    """Ask for one of the acts; the same key again leads to the same change."""
    if kind not in PAGE_OF:
        raise Http404("There is no such act.")
    environment, asked = access_with_stacks(request, application, name), ChangeKind(kind)
    form = shaped(ActForm(request.POST, auto_id=f"{kind}_%s"), asked, environment, _policy(environment))
    if not form.is_valid():
        return _page(request, environment, asked, form)
    try:
        ask = form.ask(asked, confirm=form.cleaned_data["confirm"])
        change = do_request(actor_of(request), environment, ask)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        if any(field in form.fields for field in refusal.fields):
            form.refuse(refusal)
            return _page(request, environment, asked, form)
        say(request, refusal)
        return redirect(PAGE_OF[asked], application, name)
    return redirect("change", change.pk)


def _policy(environment: Environment) -> StagePolicy | None:
    blueprint = library().blueprints.get(environment.application)
    return blueprint.stages.get(environment.stage) if blueprint else None


def _page(
    request: HttpRequest, environment: Environment, kind: ChangeKind, sent: ActForm | None = None
) -> HttpResponse:
    """The page of an act; with the form that has just been refused, if one was."""
    context = page_context(request, environment, SETTINGS)
    asked = Asked(
        actor=actor_of(request),
        environment=environment,
        under_way=context["open_change"],
        policy=_policy(environment),
        sent={kind: sent} if sent is not None else {},
    )
    template = "environments/settings.html"
    if kind is ChangeKind.UNPROTECT:
        template, context["protection"] = "environments/unprotect.html", read_protection(asked)
    elif kind is ChangeKind.DELETE_DATA_STACK:
        template, context["act"] = (
            "environments/delete_data_stack.html",
            data_stack_act(asked, resources_of(environment)),
        )
    elif kind is ChangeKind.DELETE_DATA:
        template, context["deletion"] = "environments/delete_data.html", read_deletion(asked)
    else:
        context["settings"] = read_settings(asked)
    return render(request, template, context, status=UNPROCESSABLE if sent is not None else 200)
