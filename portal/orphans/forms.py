"""The filters above the kept tables."""

from django import forms

from provisioning.blueprints.loader import library


class OrphanFilter(forms.Form):
    """Nothing is required, and what does not fit is left out."""

    q = forms.CharField(
        label="Text",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Environment or table"}),
    )
    application = forms.ChoiceField(required=False, widget=forms.Select(attrs={"data-submit": True}))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        titles = [(slug, blueprint.title) for slug, blueprint in sorted(library().blueprints.items())]
        self.fields["application"].choices = [("", "All"), *titles]  # type: ignore[attr-defined]  # a ChoiceField
