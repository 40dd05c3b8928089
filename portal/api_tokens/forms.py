"""The form that makes a token."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from portal.accounts.models import Scope
from portal.accounts.tokens import NewToken
from provisioning.actions.refusals import Refusal

_FOREVER = "0"
_LASTS = (("30", "30 days"), ("90", "90 days"), ("366", "A year"), (_FOREVER, "Until it is revoked"))
_MAY = (
    (Scope.CHANGE, "Change: ask for changes, cancel, retry and run them"),
    (Scope.APPROVE, "Approve: decide about others' changes"),
)


class TokenForm(forms.Form):
    """Reading is always in it; who may not change anything is not offered the rest."""

    name = forms.CharField(
        label="What it is for",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Read in the audit beside everything that is done with it.",
    )
    scopes = forms.MultipleChoiceField(
        label="May, besides reading", required=False, choices=_MAY, widget=forms.CheckboxSelectMultiple
    )
    lasts = forms.ChoiceField(label="Lasts", choices=_LASTS, initial="90")

    def __init__(self, *args: object, may_change: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        if not may_change:
            del self.fields["scopes"]

    def wanted(self) -> NewToken:
        """What the form says, once it is valid."""
        sent = self.cleaned_data
        scopes = [Scope(scope) for scope in sent.get("scopes", ())]
        return NewToken(sent["name"], scopes, _end(sent["lasts"]))

    def refuse(self, refusal: Refusal) -> None:
        """Put a refusal on the field it names, or above the form."""
        for key, sentence in (refusal.fields or {"": refusal.sentence}).items():
            self.add_error(key if key in self.fields else None, sentence)


def _end(days: str) -> datetime | None:
    return None if days == _FOREVER else timezone.now() + timedelta(days=int(days))
