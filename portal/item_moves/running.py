"""What the pages that run something have in common: who decides, why not, and sending the form."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.access import actor_of
from portal.item_jobs.access import address
from portal.item_moves.forms import RunForm
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite, asked_of, why_not_ask
from provisioning.items.masking import PROD
from provisioning.lifecycle import JobKind
from provisioning.models import Change, Environment, ItemJob, Table
from provisioning.planning.policy import writes_need_change

INVALID = 422


def needs_change(environment: Environment) -> bool:
    """Whether items are written by changes only here."""
    return writes_need_change(environment.stage)


def asks_for(request: HttpRequest, environment: Environment) -> Asks | None:
    """Who has to agree; None where nobody has."""
    return asks_of(asked_of(environment), actor_of(request).user_id) if needs_change(environment) else None


def why_not_here(request: HttpRequest, environment: Environment) -> str:
    """Why this person cannot have items of this environment written now; empty when they can."""
    actor = actor_of(request)
    try:
        require_change_right(actor, environment)
    except Refusal as refusal:
        return refusal.sentence
    return why_not_ask(actor, environment) if needs_change(environment) else ""


def send(
    form: RunForm, run: Callable[[], ItemJob], request_change: Callable[[AskToWrite], Change], *, asks: bool
) -> HttpResponse | None:
    """Do what the form says, and lead to the job or the change that came of it; None when it was refused, with the
    form saying why. Raises Refusal for what this person may not do at all."""
    try:
        if asks:
            return redirect("change", request_change(form.asked()).pk)
        return redirect(address("item_job", run()))
    except Refusal as refusal:
        if refusal.forbidden:
            raise
        form.refuse(refusal)
        return None


def about(environment: Environment, table: Table, label: str = "") -> dict[str, Any]:
    """What every page shows of where it is."""
    return {"environment": environment, "table": table, "label": label, "prod_strip": environment.stage == PROD}


def is_of(job: ItemJob, kind: JobKind, phase: str) -> bool:
    """Whether a job is of that kind and phase."""
    return job.kind == kind and job.goal.get("phase") == phase
