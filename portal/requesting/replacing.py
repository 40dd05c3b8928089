"""A change that waits need not be a dead end: who may take it back may send another one instead of it."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from provisioning.actions.actor import Actor
from provisioning.actions.changing import waits_to_run
from provisioning.actions.order import why_not_instead
from provisioning.actions.superseding import why_not_replace
from provisioning.lifecycle import BESIDE_STACKS, OPEN_CHANGES, ChangeKind, ChangeStatus
from provisioning.models import Account, Change, Environment

BECOMES = "Then nothing of the waiting one runs, its plan stays readable, and what it prepared in AWS is removed."
_WITH_VALUES = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE})


@dataclass(frozen=True)
class Offer:
    """A change that waits and may be replaced by one of the given kind. `becomes` says what becomes of it."""

    change: Change
    kind: ChangeKind
    becomes: str = BECOMES

    @property
    def what(self) -> str:
        """The change that waits, in a sentence."""
        change = self.change
        who, kind = change.requested_by.get_username(), ChangeKind(change.kind).label.lower()
        return f"{who} asked for this change of {change.environment}: {kind}. {self._state}"

    @property
    def _state(self) -> str:
        if waits_to_run(self.change):
            return "It is approved and has not begun."
        if self.change.sent_back:
            return "It was sent back."
        planned = self.change.status == ChangeStatus.AWAITING_APPROVAL
        return "It waits for approval." if planned else "It is being planned."

    @property
    def query(self) -> str:
        """What an address of a form says to begin with the replacement; with its values where it has such."""
        source = f"from={self.change.pk}&" if self.kind == self.change.kind and self.kind in _WITH_VALUES else ""
        return f"?{source}replaces={self.change.pk}"

    @property
    def url(self) -> str:
        """The form that sends a create or an update instead."""
        environment = self.change.environment
        if self.kind == ChangeKind.CREATE:
            return f"{reverse('request_create', args=[environment.application])}{self.query}"
        return f"{reverse('request_update', args=[environment.application, environment.name])}{self.query}"


def open_change(environment: Environment) -> Change | None:
    """The change of its stacks that is under way."""
    found = Change.objects.filter(environment=environment, status__in=OPEN_CHANGES).exclude(kind__in=BESIDE_STACKS)
    return found.select_related("environment__owner", "requested_by").defer("plan", "findings").first()


def offer_of(actor: Actor, change: Change | None, kind: ChangeKind, environment: Environment) -> Offer | None:
    """The offer to send a change of this kind of `environment` instead of its open one; None where that is not
    possible."""
    if change is None or why_not_replace(actor, change) or why_not_instead(environment, kind):
        return None
    return Offer(change, kind)


def offer_for_name(actor: Actor, account: Account, application: str, name: str) -> Offer | None:
    """The offer to create an environment instead of what waits under its name."""
    environment = Environment.objects.filter(account=account, application=application, name=name).first()
    if environment is None:
        return None
    return offer_of(actor, open_change(environment), ChangeKind.CREATE, environment)


def wants_replacement(request: HttpRequest) -> bool:
    """Whether the address or the form that was sent names a change to replace."""
    return bool(request.POST.get("replaces") or request.GET.get("replaces"))


def accepted(request: HttpRequest, offer: Offer | None) -> Offer | None:
    """The offer, if the address or the form that was sent takes it."""
    wanted = request.POST.get("replaces", "") or request.GET.get("replaces", "")
    return offer if offer is not None and wanted == str(offer.change.pk) else None
