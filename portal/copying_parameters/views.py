"""The page that copies values of parameters into an environment from another one of its application."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.access import access_environment, actor_of
from portal.copying_parameters.rows import picked_of, rows_of
from portal.copying_parameters.sources import source_of, sources_of
from portal.environments.heading import why_not_act
from portal.parameters.forms import ParameterForm
from portal.parameters.place import path_or_404
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.copying_parameters import MOVED, Pair, Picked, compared, do_copy_parameters
from provisioning.actions.looking_at_parameters import do_look_at_parameters
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import REDEPLOY, asked_of
from provisioning.blueprints.model import Blueprint
from provisioning.models import Change, Environment

PRECONDITION_FAILED, CONFLICT = 412, 409


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def copy_parameters(request: HttpRequest, application: str, name: str) -> HttpResponse:
    """Both sides; sending it asks for the ticked values as they were looked at, and for nothing where one has moved."""
    target = access_environment(request, application, name)
    blueprint, _ = path_or_404(target)
    sources = sources_of(target)
    source = source_of(sources, request.GET.get("from", ""))
    why_not = why_not_act(actor_of(request), target)
    page = _Page(request, target, source, sources, blueprint, why_not)
    if source is None or request.method != "POST" or why_not:
        return page.answer(None, status=403 if request.method == "POST" and why_not else 200)
    form = page.form(request.POST)
    picked = picked_of(request.POST.getlist("pick"))
    if not form.is_valid():
        return page.answer(form, status=400, picked=picked)
    try:
        change = do_copy_parameters(actor_of(request), source, target, picked, form.asked())
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        moved = refusal.fields if refusal.code in {MOVED, "left-out", "bad-values"} else {}
        form.refuse(Refusal(refusal.sentence, refusal.code, fields={} if moved else refusal.fields))
        status = PRECONDITION_FAILED if refusal.code == MOVED else CONFLICT
        return page.answer(form, status=status, picked=picked, problems=moved)
    return _answer(request, target, change)


@dataclass(frozen=True)
class _Page:
    """The page of one target and one source."""

    request: HttpRequest
    target: Environment
    source: Environment | None
    sources: Sequence[Environment]
    blueprint: Blueprint
    why_not: str

    @property
    def asks(self) -> Asks | None:
        """Who decides about it; None where nobody does."""
        return asks_of(asked_of(self.target), actor_of(self.request).user_id)

    def form(self, data: Any = None) -> ParameterForm:
        """Why, when, and whether something is redeployed after it."""
        form = ParameterForm(
            data,
            redeploys=any(flag.after == REDEPLOY for flag in self.blueprint.flags),
            decides=self.asks is not None,
            initial={"key": uuid.uuid4()},
        )
        form.fields["redeploy"].choices = [("", "As the flags declare"), *form.fields["redeploy"].choices]  # type: ignore[attr-defined]  # a choice field
        form.fields["redeploy"].initial = ""
        return form

    def answer(
        self,
        form: ParameterForm | None,
        *,
        status: int,
        picked: Sequence[Picked] = (),
        problems: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """The page; `problems` say by key how a side has moved."""
        do_look_at_parameters([one for one in (self.source, self.target) if one is not None])
        pairs: tuple[Pair, ...] = compared(self.source, self.target) if self.source else ()
        rows = rows_of(pairs, self.blueprint, picked, problems or {})
        asks = self.asks
        context = {
            "environment": self.target,
            "source": self.source,
            "sources": self.sources,
            "rows": [row for row in rows if not row.why_not],
            "left_out": [row for row in rows if row.why_not],
            "form": form or self.form(),
            "why_not": self.why_not,
            "decided_by": asks,
            "button": "Ask for these values" if asks and asks.approvals else "Copy these values",
            "back_url": reverse("environment_flags", args=(self.target.application, self.target.name)),
            "prod_strip": self.target.stage == "prod",
        }
        return render(self.request, "copying_parameters/copy.html", context, status=status)


def _answer(request: HttpRequest, target: Environment, change: Change) -> HttpResponse:
    messages.success(request, f"Asked for in {target}: the change below says how far it is.")
    return redirect("change", change.pk)
