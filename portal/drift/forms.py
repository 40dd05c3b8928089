"""What a person says when asking for a repair or for taking over what differs."""

from collections.abc import Collection

from django import forms

from portal.requesting.asking import AskForm
from provisioning.lifecycle import StackKind


class DriftForm(AskForm):
    """What both ask for."""

    reason = forms.CharField(
        label="Why", required=False, max_length=500, help_text="Kept with the change and in the audit."
    )

    def shape(self, *, later: bool) -> None:
        """Leave out the time where nothing waits."""
        if not later:
            del self.fields["start_at"]


class RepairForm(DriftForm):
    """`stacks` are those that are brought back to their templates."""

    stacks = forms.MultipleChoiceField(
        label="Stacks",
        choices=StackKind.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one stack."},
    )

    field_order = ("key", "replaces", "stacks", "reason", "start_at")

    def offer(self, kinds: Collection[StackKind]) -> None:
        """The stacks that there is something to repair in, all ticked."""
        field = self.fields["stacks"]
        field.choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]  # a ChoiceField
        self.initial.setdefault("stacks", [kind.value for kind in kinds])


class AcceptForm(DriftForm):
    """`picks` are the ticked properties, whose boxes stand in the tables of the page."""

    picks = forms.MultipleChoiceField(
        label="Properties",
        error_messages={
            "required": "Tick at least one property above.",
            "invalid_choice": "What was ticked is not so any more. Look at the list again.",
        },
    )

    def offer(self, picks: Collection[str]) -> None:
        """What can be ticked now."""
        self.fields["picks"].choices = [(pick, pick) for pick in picks]  # type: ignore[attr-defined]  # a ChoiceField
