"""The filters above the list of changes, and the form of a decision."""

from typing import Any

from django import forms

from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Environment

COMMENT_LENGTH = 2_000
NOW, LATER, AT = "now", "later", "at"  # when an approved plan runs: at once, when somebody says so, at a time
MINUTE_FORMAT = "%Y-%m-%dT%H:%M"
APPLY_AT_ONCE = {"data-submit": ""}


def _applications() -> list[tuple[str, str]]:
    names = Environment.objects.order_by("application").values_list("application", flat=True).distinct()
    return [("", "Any"), *((name, name) for name in names)]


class ChangeFilter(forms.Form):
    """What to list. Everything may be left empty; a value that no list has is said, and does not filter."""

    whose = forms.ChoiceField(
        choices=[("", "Everybody's"), ("mine", "Mine")], required=False, widget=forms.Select(APPLY_AT_ONCE)
    )
    application = forms.ChoiceField(choices=_applications, required=False, widget=forms.Select(APPLY_AT_ONCE))
    environment = forms.CharField(required=False, max_length=60, widget=forms.TextInput({"placeholder": "dev"}))
    kind = forms.ChoiceField(
        choices=[("", "Any"), *ChangeKind.choices], required=False, widget=forms.Select(APPLY_AT_ONCE)
    )
    status = forms.ChoiceField(
        choices=[("", "Any"), ("open", "Open"), *ChangeStatus.choices],
        required=False,
        widget=forms.Select(APPLY_AT_ONCE),
    )
    text = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput({"placeholder": "Reason, person, id", "type": "search"}),
    )

    @property
    def chosen(self) -> dict[str, str]:
        """The values that can be used, without the empty ones."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class RevealForm(forms.Form):
    """Why what is hidden of the items in a plan is to be shown."""

    reason = forms.CharField(label="Why", max_length=500, help_text="Kept in the audit.")


class DecisionForm(forms.Form):
    """A decision about the plan with this digest. Every button sends all of it; `run` is the approving button's own."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    comment = forms.CharField(
        required=False,
        max_length=COMMENT_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="Kept with the decision. Sending back and rejecting need one: say what should change.",
    )
    start_at = forms.DateTimeField(
        label="Start at",
        required=False,
        input_formats=[MINUTE_FORMAT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=MINUTE_FORMAT),
        help_text="In UTC, at most 30 days ahead.",
    )
    run = forms.ChoiceField(choices=[(one, one) for one in (NOW, LATER, AT)], required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse what contradicts itself: Enter in the time's field presses the first button, which runs at once."""
        sent = super().clean() or self.cleaned_data
        run, start_at = sent.get("run"), sent.get("start_at")
        if run == AT and not start_at and "start_at" not in self.errors:
            self.add_error("start_at", "Say when it shall start.")
        if run in {NOW, LATER} and start_at:
            self.add_error("start_at", "You gave a time to start at. Approve it for that time, or empty this field.")
        return sent

    @property
    def start_wanted(self) -> bool:
        """Whether somebody began to choose a time, so that its field has to be seen."""
        return bool(self["start_at"].value() or self.errors.get("start_at"))
