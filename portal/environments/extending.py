"""Giving an environment more time."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.access import access_environment, actor_of
from portal.environments.lifetimes import seen_end
from portal.errors import say
from provisioning.actions.lifetimes import do_extend
from provisioning.actions.refusals import Refusal

SETTINGS = "environment_settings"


class ExtendForm(forms.Form):
    """How many days, and the end that the page showed."""

    days = forms.IntegerField(min_value=1, max_value=365)
    seen = forms.CharField(max_length=40)


@require_POST
def extend(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Move the end of an environment's lifetime."""
    environment = access_environment(request, application, name)
    form = ExtendForm(request.POST)
    seen = seen_end(form.cleaned_data["seen"]) if form.is_valid() else None
    if seen is None:
        messages.error(request, "Say how many days, from 1 to 365. Nothing was extended.")
        return redirect(SETTINGS, application, name)
    try:
        until = do_extend(actor_of(request), environment, form.cleaned_data["days"], seen)
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        say(request, refusal)
        return redirect(SETTINGS, application, name)
    messages.success(request, f"{environment} lasts until {until:%Y-%m-%d %H:%M} UTC now.")
    return redirect(SETTINGS, application, name)
