"""The filters of the audit."""

from django import forms

from provisioning.models import AuditEntry


def verb_words(verb: str) -> str:
    """A verb as people read it: "request create"."""
    return verb.replace("_", " ")


class AuditFilter(forms.Form):
    """Who, which verb, which environment, which words, between which days (UTC, both included)."""

    person = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": "Name, or Stackyard"})
    )
    verb = forms.ChoiceField(required=False, widget=forms.Select(attrs={"data-submit": True}))
    environment = forms.CharField(
        required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": "application/name"})
    )
    q = forms.CharField(
        label="Text", required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": "What or why"})
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        verbs = AuditEntry.objects.order_by("verb").values_list("verb", flat=True).distinct()
        choices = [("", "All"), *((verb, verb_words(verb)) for verb in verbs)]
        self.fields["verb"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
