"""What a person says when asking for an adoption."""

from django import forms


class AdoptForm(forms.Form):
    """`key` makes two clicks one change."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why", required=False, max_length=500, help_text="Kept with the change and in the audit."
    )
