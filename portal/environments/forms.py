"""What people type about environments: the filters of the list, and the consent to an act."""

from django import forms

from portal.requesting.asking import AskForm
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import STAGES
from provisioning.lifecycle import EnvironmentStatus

ANY, MINE, SOON = "any", "mine", "soon"


class EnvironmentFilter(forms.Form):
    """The filters above the list; nothing is required, and what does not fit is left out."""

    q = forms.CharField(
        label="Text", required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": "Name or owner"})
    )
    application = forms.ChoiceField(required=False, widget=forms.Select(attrs={"data-submit": True}))
    stage = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((stage, stage) for stage in STAGES)],
        widget=forms.Select(attrs={"data-submit": True}),
    )
    status = forms.ChoiceField(
        required=False,
        choices=[("", "All but removed"), *EnvironmentStatus.choices, (ANY, "All")],
        widget=forms.Select(attrs={"data-submit": True}),
    )
    expires = forms.ChoiceField(
        required=False,
        choices=[("", "Any time"), (SOON, "Soon")],
        widget=forms.Select(attrs={"data-submit": True}),
    )
    owner = forms.ChoiceField(
        required=False,
        choices=[("", "Everybody"), (MINE, "Me")],
        widget=forms.Select(attrs={"data-submit": True}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        titles = [(slug, blueprint.title) for slug, blueprint in sorted(library().blueprints.items())]
        self.fields["application"].choices = [("", "All"), *titles]  # type: ignore[attr-defined]  # a ChoiceField


class ActForm(AskForm):
    """One act on an environment. `confirm` is the name, typed, where asked."""

    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=500,
        help_text="Kept with the change and in the audit.",
    )
    confirm = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = ("key", "replaces", "reason", "start_at", "confirm")

    def ask_name(self, name: str) -> None:
        """Show the field in which the environment's name is typed."""
        field = self.fields["confirm"]
        field.label, field.required = f"Type {name} to confirm", True
        field.widget = forms.TextInput(
            attrs={
                "class": "mono",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "data-confirm-name": name,
            }
        )

    def need_reason(self) -> None:
        """Make the reason one that has to be given."""
        field = self.fields["reason"]
        field.required, field.error_messages["required"] = True, "Say why."

    def without_start(self) -> None:
        """Leave out the time where nothing waits."""
        del self.fields["start_at"]
