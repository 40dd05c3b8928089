"""What a person says when asking for a way out."""

from django import forms

from portal.requesting.asking import AskForm
from provisioning.planning.ways_out import WayOut


class RecoverForm(AskForm):
    """`spared` are the resources to skip or retain; `confirm` is the environment's name, typed, where it is forced."""

    spared = forms.MultipleChoiceField(label="Resources", required=False)
    reason = forms.CharField(
        label="Why", required=False, max_length=500, help_text="Kept with the change and in the audit."
    )
    confirm = forms.CharField(required=False)

    field_order = ("key", "replaces", "spared", "reason", "start_at", "confirm")

    def shape(self, way_out: WayOut, name: str, *, forced: bool, later: bool) -> "RecoverForm":
        """The form with what this way out asks for; `name` is the environment's."""
        self.fields["spared"] = forms.MultipleChoiceField(
            label="Resources",
            required=False,
            choices=[(one.logical_id, one.logical_id) for one in way_out.proposals],
            error_messages={"invalid_choice": "%(value)s is not proposed any more. Look at the list again."},
        )
        if not way_out.chooses:
            del self.fields["spared"]
        if way_out.needs_reason(()):
            field = self.fields["reason"]
            field.required, field.error_messages["required"] = True, "Say why."
        elif way_out.chooses:
            self.fields["reason"].needed = "needed once something is ticked"  # type: ignore[attr-defined]  # for field.html
        if not later:
            del self.fields["start_at"]
        if not forced:
            del self.fields["confirm"]
            return self
        self._ask_name(name)
        return self

    def _ask_name(self, name: str) -> None:
        attributes = {"class": "mono", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        self.fields["confirm"] = forms.RegexField(
            regex=f"^{name}$",
            label=f"Type {name} to confirm",
            error_messages={"required": f"Type {name} here.", "invalid": f"Type {name} here."},
            widget=forms.TextInput(attrs={**attributes, "data-confirm-name": name}),
        )

    @property
    def chosen(self) -> tuple[str, ...] | None:
        """What was ticked, as it was sent; None before anything was."""
        return tuple(self.data.getlist("spared")) if self.is_bound else None  # type: ignore[attr-defined]  # a QueryDict
