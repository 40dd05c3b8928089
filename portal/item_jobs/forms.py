"""What the forms of an export and of a count send beside the query in their address."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms

from portal.item_jobs.words import rate_text
from portal.templatetags.stackyard import duration_text
from provisioning.actions.exporting import RATES, Estimate, estimate_of
from provisioning.items.query import Query
from provisioning.models import Table


class RateForm(forms.Form):
    """How fast to read. `key` makes two clicks one job."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None, table: Table, query: Query) -> None:
        usual = estimate_of(table, query)
        super().__init__(data, initial={"key": uuid.uuid4(), "rate": usual.rate})
        offered = [estimate_of(table, query, rate) for rate in _rates(usual)]
        self.fields["rate"] = forms.TypedChoiceField(
            label="Rate",
            coerce=int,
            choices=[(one.rate, _label(one)) for one in offered],
            widget=forms.RadioSelect,
            help_text="What is left of the capacity is the application's. Reading slower costs the same.",
        )


def _rates(usual: Estimate) -> list[int]:
    """The rates that are offered: of provisioned capacity never more than there is."""
    if not usual.provisioned:
        return sorted({*RATES, usual.rate})
    return sorted({max(1, usual.provisioned // 4), usual.rate, usual.provisioned})


def _label(estimate: Estimate) -> str:
    of_all = f" of the {estimate.provisioned:,} provisioned" if estimate.provisioned else ""
    took = f": about {duration_text(estimate.seconds)}" if estimate.size_bytes and estimate.seconds > 1 else ""
    return f"{rate_text(estimate.rate)}{of_all}{took}"
