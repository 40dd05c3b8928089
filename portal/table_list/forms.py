"""The filters above the tables."""

from django import forms

from portal.table_list.problems import ANY, PROBLEMS
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import STAGES


class TableFilter(forms.Form):
    """Nothing is required, and what does not fit is left out."""

    q = forms.CharField(
        label="Text",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Table or environment"}),
    )
    application = forms.ChoiceField(required=False, widget=forms.Select(attrs={"data-submit": True}))
    stage = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((stage, stage) for stage in STAGES)],
        widget=forms.Select(attrs={"data-submit": True}),
    )
    problem = forms.ChoiceField(
        required=False,
        choices=[("", "All"), (ANY, "Any problem"), *((code, one.label) for code, one in PROBLEMS.items())],
        widget=forms.Select(attrs={"data-submit": True}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        titles = [(slug, blueprint.title) for slug, blueprint in sorted(library().blueprints.items())]
        self.fields["application"].choices = [("", "All"), *titles]  # type: ignore[attr-defined]  # a ChoiceField
