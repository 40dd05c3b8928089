"""The filters above the flags; what they say is in the address, so that a link carries it all."""

from django import forms

from provisioning.blueprints.loader import library

FLAGS, PARAMETERS, SECRETS, STACKS = "flags", "parameters", "secrets", "stacks"
DIFFERS = "differs"
SHARED, MINE = "shared", "mine"
_AT_ONCE = {"data-submit": True}


class FlagFilter(forms.Form):
    """Nothing is required, and what does not fit is left out."""

    application = forms.ChoiceField(required=False, widget=forms.Select(attrs=_AT_ONCE))
    q = forms.CharField(
        label="Text",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Name, title or value"}),
    )
    only = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[
            ("", "All parameters"),
            (FLAGS, "Flags only"),
            (PARAMETERS, "Undeclared only"),
            (SECRETS, "Secrets only"),
            (STACKS, "The stacks’ own only"),
        ],
        widget=forms.Select(attrs=_AT_ONCE),
    )
    view = forms.ChoiceField(
        label="Values",
        required=False,
        choices=[("", "All"), (DIFFERS, "Differ between stages")],
        widget=forms.Select(attrs=_AT_ONCE),
    )
    columns = forms.ChoiceField(
        label="Environments",
        required=False,
        choices=[("", "All"), (MINE, "Shared and mine"), (SHARED, "Shared")],
        widget=forms.Select(attrs=_AT_ONCE),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        titles = [(slug, blueprint.title) for slug, blueprint in sorted(library().blueprints.items())]
        self.fields["application"].choices = titles  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def wanted(self) -> dict[str, str]:
        """What was chosen, by field; what does not fit counts as not chosen."""
        self.is_valid()
        return {name: self.cleaned_data.get(name, "") for name in self.fields}


class TabFilter(FlagFilter):
    """The same for the tab of one environment, which is one column of one application."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in ("application", "view", "columns"):
            del self.fields[name]
