"""The filters above the list of changes, and the form of a decision."""

from django import forms

from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Environment

COMMENT_LENGTH = 2_000
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


class DecisionForm(forms.Form):
    """A decision about the plan with this digest."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    comment = forms.CharField(
        required=False,
        max_length=COMMENT_LENGTH,
        widget=forms.Textarea({"rows": 3}),
        help_text="Kept with the decision. A rejection needs one: say what should change.",
    )
