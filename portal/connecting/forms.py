"""The form that takes a configuration away with its secrets."""

from collections.abc import Iterable
from typing import Any

from django import forms

from portal.connecting.formats import FORMATS
from provisioning.actions.delivering import REFERRING


class SecretsForm(forms.Form):
    """In which format, and why."""

    format = forms.ChoiceField(label="Format")
    reason = forms.CharField(
        label="Why",
        max_length=500,
        help_text="Kept in the audit, with who, when, and which versions.",
        error_messages={"required": "Say why: it is kept in the audit."},
    )

    def __init__(self, data: Any, formats: Iterable[str]) -> None:
        super().__init__(data, auto_id="secrets_%s")
        offered = [(name, FORMATS[name].label) for name in formats if name not in REFERRING]
        self.fields["format"] = forms.ChoiceField(label="Format", choices=offered)
