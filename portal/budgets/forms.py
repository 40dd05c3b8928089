"""What people type about a budget."""

import re

from django import forms

from provisioning.actions.budgeting import AskBudget
from provisioning.actions.refusals import Refusal
from provisioning.costs.limits import DEFAULT_THRESHOLDS
from provisioning.lifecycle import BudgetScope

_NUMBERS = re.compile(r"\s*%?\s*[,; ]\s*|\s*%\s*")


class BudgetForm(forms.Form):
    """A budget of something, a month."""

    scope = forms.ChoiceField(label="Of", choices=BudgetScope.choices)
    subject = forms.CharField(
        label="Name",
        max_length=120,
        help_text="Such as hello-erlang/dev, hello-erlang, or a person’s or a team’s name.",
    )
    monthly = forms.DecimalField(label="A month, at most", max_digits=12, decimal_places=2)
    thresholds = forms.CharField(
        label="Say so at",
        max_length=80,
        help_text="Per cents of it, lowest first. A forecast above the budget is said as well.",
        initial=", ".join(str(one) for one in DEFAULT_THRESHOLDS),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came
        self.fields["monthly"].unit = "USD"  # type: ignore[attr-defined]  # read by pieces/field.html
        self.fields["thresholds"].unit = "%"  # type: ignore[attr-defined]

    def clean_thresholds(self) -> tuple[int, ...]:
        """The numbers of the list."""
        texts = [text for text in _NUMBERS.split(self.cleaned_data["thresholds"]) if text]
        if not all(text.isascii() and text.isdigit() and len(text) < 6 for text in texts):
            raise forms.ValidationError("Whole numbers with commas between them, such as 50, 80, 100.")
        return tuple(int(text) for text in texts)

    def ask(self) -> AskBudget:
        """What is asked for, once it is valid."""
        found = self.cleaned_data
        return AskBudget(BudgetScope(found["scope"]), found["subject"].strip(), found["monthly"], found["thresholds"])

    def refuse(self, refusal: Refusal) -> None:
        """Say beside the fields why it was not done."""
        for field, sentence in refusal.fields.items():
            self.add_error(field if field in self.fields else None, sentence)
        if not refusal.fields:
            self.add_error(None, refusal.sentence)
