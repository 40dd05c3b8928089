"""Settings of an environment, and the acts on it: park, wake, delete compute, delete the data stack."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from portal.access import actor_of
from portal.environments.acts import read_settings
from portal.environments.forms import ActForm
from portal.environments.heading import access_with_stacks, page_context
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import NAME_TYPED, Ask, do_request
from provisioning.lifecycle import ChangeKind
from provisioning.models import Environment

ACTS = frozenset({ChangeKind.PARK, ChangeKind.WAKE, ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK})


@require_safe
def settings_page(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Policy, parameters, and what can be done."""
    return _settings(request, access_with_stacks(request, application, name))


@require_POST
def act(request: HttpRequest, application: str, name: str, kind: str) -> HttpResponse:
    """Ask for one of the acts; the same key again leads to the same change."""
    if kind not in ACTS:
        raise Http404("There is no such act.")
    environment, asked = access_with_stacks(request, application, name), ChangeKind(kind)
    form = ActForm(request.POST, auto_id=f"{kind}_%s")
    if asked in NAME_TYPED:
        form.ask_name(name)
    if not form.is_valid():
        return _settings(request, environment, form, kind)
    try:
        change = do_request(
            actor_of(request),
            environment,
            Ask(
                asked,
                reason=form.cleaned_data["reason"],
                key=form.cleaned_data["key"],
                confirm=form.cleaned_data["confirm"],
            ),
        )
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        if "confirm" in refusal.fields:
            form.add_error("confirm", refusal.fields["confirm"])
            return _settings(request, environment, form, kind)
        messages.error(request, _sentence(refusal))
        return redirect("environment_settings", application, name)
    return redirect("change", change.pk)


def _settings(
    request: HttpRequest, environment: Environment, sent: ActForm | None = None, sent_kind: str = ""
) -> HttpResponse:
    context = page_context(request, environment, "environment_settings")
    context["settings"] = read_settings(environment, context["open_change"], sent, sent_kind)
    return render(request, "environments/settings.html", context, status=200 if sent is None else 422)


def _sentence(refusal: Refusal) -> str | SafeString:
    """The refusal, with the way to the change that is in the way."""
    if not refusal.change_id:
        return refusal.sentence
    url = reverse("change", args=[refusal.change_id])
    return format_html('{} <a href="{}">See that change</a>', refusal.sentence, url)
