"""What a person says when redeploying, and when rolling back."""

from typing import Any

from django import forms

from provisioning.actions.refusals import Refusal


class RedeployForm(forms.Form):
    """`key` makes two clicks one change."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label="Reason", required=False, max_length=1000)

    def refuse(self, refusal: Refusal) -> None:
        """Put a refusal on the fields it names, or above the form."""
        named = {key: sentence for key, sentence in refusal.fields.items() if key in self.fields}
        for key, sentence in named.items():
            self.add_error(key, sentence)
        if not named:
            self.add_error(None, refusal.sentence)


class RollBackForm(RedeployForm):
    """`release` is the number of the release that the person has read about."""

    release = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept with the change and in the audit.",
    )

    def __init__(self, *args: Any, says_why: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = says_why
