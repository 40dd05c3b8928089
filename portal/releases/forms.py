"""What a person says when redeploying, deploying, promoting, and rolling back."""

from typing import Any

from django import forms

from portal.requesting.asking import AskForm
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.artifacts import LONGEST
from provisioning.blueprints.model import Artifact


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


_TYPED = {"class": "mono", "list": "artifacts", "autocomplete": "off", "spellcheck": "false"}


class FurtherForm(AskForm):
    """What deploying and promoting have in common: why, and a start where one may be asked for."""

    def __init__(self, *args: Any, says_why: bool, may_wait: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = says_why
        del self.fields["replaces"]
        if not may_wait:
            del self.fields["start_at"]


class DeployForm(FurtherForm):
    """`artifact` is named and explained as the blueprint does."""

    artifact = forms.CharField(
        max_length=LONGEST,
        widget=forms.TextInput(attrs=_TYPED),
    )
    field_order = ("artifact", "reason", "start_at")

    def __init__(self, *args: Any, declared: Artifact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["artifact"]
        field.label = declared.label
        example = f"Such as {declared.example}" if declared.example else ""
        field.help_text = " ".join(filter(None, [declared.help, example]))


class PromoteForm(FurtherForm):
    """`to` is the name of the environment that the person has read about."""

    to = forms.CharField(max_length=40, widget=forms.HiddenInput)
