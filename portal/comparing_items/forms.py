"""What the form of a comparison in the background sends beside the query and the other environment."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms

from provisioning.actions.comparing_items import LARGEST_SAMPLE
from provisioning.actions.exporting import RATES


class JobForm(forms.Form):
    """How much and how fast. `key` makes two clicks one job."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    sample = forms.IntegerField(
        label="Only a sample",
        required=False,
        min_value=1,
        max_value=LARGEST_SAMPLE,
        help_text="So many items of each side, looked up on the other. Empty for all of them.",
    )

    def __init__(self, data: Mapping[str, Any] | None, usual: int) -> None:
        super().__init__(data, initial={"rate": usual})
        self.fields["rate"] = forms.TypedChoiceField(
            label="Units a second",
            coerce=int,
            choices=[(rate, f"{rate:,}") for rate in sorted({*RATES, usual})],
            help_text="Of both tables together, at most. What is left is the application's.",
        )
