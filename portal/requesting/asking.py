"""What every form that asks for a change sends beside its values, and who has to agree to it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser

from portal.changes.forms import MINUTE_FORMAT
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, Values
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import ChangeKind
from provisioning.planning.policy import START_DAYS

PLAN_AGAIN = "plan_again"
# A part of the page that is renewed around such a field leaves it as it is, half typed or not.
STAYS = {"hx-preserve": "true"}


def lifetime_field() -> forms.IntegerField:
    """How many days a new environment is to last; left empty, as many as its stage says."""
    return forms.IntegerField(
        label="Lasts",
        required=False,
        min_value=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", **STAYS}),
        help_text="Then its compute is parked by itself; tables stay. Left empty, what the stage says.",
    )


class AskForm(forms.Form):
    """The part that all of them share. `key` makes two clicks one change; `replaces` is the change that waits and
    that this one is sent instead of; `start_at` is shown where a start may be asked for."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    replaces = forms.UUIDField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Read by whoever approves, and kept in the history.",
    )
    start_at = forms.DateTimeField(
        label="Start at",
        required=False,
        input_formats=[MINUTE_FORMAT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput({"type": "datetime-local", **STAYS}, format=MINUTE_FORMAT),
        help_text=f"In UTC, at most {START_DAYS} days ahead. Left empty, it runs once it is approved.",
    )

    def ask(self, kind: ChangeKind, values: Values | None = None, confirm: str = "") -> Ask:
        """What the form says, once it is valid."""
        sent = self.cleaned_data
        start_at: datetime | None = sent.get("start_at")
        return Ask(
            kind,
            values or {},
            reason=sent["reason"].strip(),
            key=sent["key"],
            confirm=confirm,
            replaces=sent["replaces"],
            start_at=start_at,
        )

    def refuse(self, refusal: Refusal) -> None:
        """Put a refusal on the fields it names, or above the form."""
        named = {key: sentence for key, sentence in refusal.fields.items() if key in self.fields}
        for key, sentence in named.items():
            self.add_error(key, sentence)
        if not named:
            self.add_error(None, refusal.sentence)


class NamedForm(AskForm):
    """What of the form of a new environment depends on its stage, renewed while the name is typed."""

    lifetime_days = lifetime_field()


@dataclass(frozen=True)
class Asks:
    """What a stage with approval or protection asks for. `expires` says what becomes of a plan that nobody decides
    about, `notes` what is switched on; `monthly` is US dollars at the stage's starting values."""

    stage: str
    approvals: int
    groups: str
    approvers: tuple[AbstractUser, ...]
    expires: str
    notes: tuple[str, ...] = ()
    monthly: Decimal | None = None


def asks_of(
    policy: StagePolicy, user_id: int, notes: tuple[str, ...] = (), monthly: Decimal | None = None
) -> Asks | None:
    """Who must agree to a request of this person; None where nobody must and nothing is to be said."""
    if not policy.approvals and not notes:
        return None
    return Asks(
        stage=policy.stage,
        approvals=policy.approvals,
        groups=" or ".join(policy.approver_groups),
        approvers=approvers(policy, user_id),
        expires=expiry_sentence(policy) if policy.approvals else "",
        notes=notes,
        monthly=monthly,
    )


def expiry_sentence(policy: StagePolicy) -> str:
    """How long a plan of this stage waits, and what happens then."""
    days, hours = divmod(policy.expires_hours, 24)
    count, unit = (policy.expires_hours, "hour") if hours else (days, "day")
    wait = f"A plan waits for {count} {unit}{'' if count == 1 else 's'}."
    if policy.on_expiry == PLAN_AGAIN:
        return f"{wait} After that a new one is made, and asked about again."
    return f"{wait} After that it expires and nothing runs."


def approvers(policy: StagePolicy, user_id: int) -> tuple[AbstractUser, ...]:
    """The people who may decide about a request of this person at this stage: never the requester."""
    if not policy.approvals:
        return ()
    people = get_user_model().objects.filter(groups__name__in=policy.approver_groups, is_active=True)
    return tuple(people.exclude(pk=user_id).distinct().order_by("username"))
