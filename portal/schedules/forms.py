"""Forms of schedules: a value with its times, and taking one up again."""

from datetime import datetime
from typing import Any

from django import forms

from portal.changes.forms import MINUTE_FORMAT
from portal.parameters.forms import SetForm
from portal.requesting.asking import AskForm
from provisioning.actions.refusals import Refusal
from provisioning.actions.scheduling import LONGEST_MINUTES, Times
from provisioning.planning.policy import START_DAYS

UTC = "UTC"


def moment(label: str, help_text: str) -> forms.DateTimeField:
    """A time to the minute, in UTC."""
    field = forms.DateTimeField(
        label=label,
        required=False,
        input_formats=[MINUTE_FORMAT, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput({"type": "datetime-local"}, format=MINUTE_FORMAT),
        help_text=help_text,
    )
    field.unit = UTC  # type: ignore[attr-defined]  # read by the template of a field
    return field


class ScheduleForm(SetForm):
    """A value, and when it is set and goes back."""

    at = moment("Set it at", f"At most {START_DAYS} days ahead. Left empty, it is set now.")
    back_minutes = forms.IntegerField(
        label="Goes back after",
        required=False,
        min_value=1,
        max_value=LONGEST_MINUTES,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text="Counted from when it is stored. 30 is half an hour, 1440 a day.",
    )
    back_at = moment("Or goes back at", "Back is the value that it has now.")

    field_order = ("value", "at", "back_minutes", "back_at", "confirmed", "reason", "redeploy")

    def __init__(self, *args: Any, decides: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, decides=False, **kwargs)
        self.fields["back_minutes"].unit = "min"  # type: ignore[attr-defined]  # read by the template of a field
        if decides:
            self.fields["at"].help_text = f"At most {START_DAYS} days ahead. Left empty, it is set once it is approved."
            self.fields["reason"].help_text = "Read by whoever approves, and kept in the history."

    def times(self) -> Times:
        """What the form says of times, once it is valid."""
        sent = self.cleaned_data
        return Times(sent["at"], sent["back_at"], sent["back_minutes"])

    def refuse(self, refusal: Refusal) -> None:
        """A refusal about times stands at the time that it is about."""
        if refusal.code == "bad-times":
            AskForm.refuse(self, refusal)
        else:
            super().refuse(refusal)


class ResumeForm(forms.Form):
    """A suspended schedule, taken up on the version that `expected` names."""

    expected = forms.IntegerField(widget=forms.HiddenInput)
    at = moment("Set it at", "Left empty, its own time, or now where that has passed.")

    @property
    def when(self) -> datetime | None:
        """The time that was typed, once it is valid."""
        at: datetime | None = self.cleaned_data["at"]
        return at
