"""The filters above the costs: nothing is required, and what does not fit is said and left out."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from portal.costs.wanted import (
    DAY,
    DEFAULT_BY,
    DEFAULT_RANGE,
    EVERYTHING,
    FILTERS,
    KINDS,
    LONGEST,
    RANGES,
    Wanted,
    days_of,
)
from provisioning.costs.spend import USAGE, By, Line, label
from provisioning.lifecycle import CostSource

SUBMITS = {"data-submit": True}
MAIN = ("range", "by", "application", "environment")
# Wider than there are costs, and so that a year more or less is a day too.
WITHIN = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 1, 1)))


class CostFilter(forms.Form):
    """Which days, by what, of what. Choices are what this person's lines have; another value is kept as it is asked
    for, because a shared link must not come to mean something else."""

    range = forms.ChoiceField(
        label="Days", required=False, choices=[("", "As given below"), *RANGES.items()], widget=forms.Select(SUBMITS)
    )
    by = forms.ChoiceField(label="By", required=False, choices=list(KINDS.items()), widget=forms.Select(SUBMITS))
    application = forms.CharField(required=False, max_length=256)
    environment = forms.CharField(
        required=False,
        max_length=520,
        widget=forms.TextInput(attrs={"placeholder": "application/name, or a part"}),
    )
    stage = forms.CharField(required=False, max_length=60)
    service = forms.CharField(required=False, max_length=120)
    owner = forms.CharField(required=False, max_length=150)
    types = forms.CharField(label="Record types", required=False, max_length=40)
    source = forms.ChoiceField(required=False)

    def __init__(self, data: Any, lines: Sequence[Line], sources: Iterable[CostSource]) -> None:
        given = {name: data[name] for name in data}
        days = "" if given.get("from") or given.get("to") else DEFAULT_RANGE
        super().__init__({"by": DEFAULT_BY, **given, "range": days and (given.get("range") or days)})
        # Named so in links; `from` is no name that Python lets a class have.
        for name, words in (("from", "First day"), ("to", "Last day")):
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields[name] = forms.DateField(label=words, required=False, widget=widget, validators=WITHIN)
        for by in FILTERS:
            if by != "environment":
                self._offer(by, KINDS[by], sorted({label(line, by) for line in lines}))
        kinds = sorted({line.record_type for line in lines} - {USAGE})
        self._offer("types", "Record types", kinds, [("", "Usage only"), (EVERYTHING, "All, also credits and tax")])
        offered = [(one.value, one.label) for one in sources]
        self.fields["source"] = forms.ChoiceField(required=False, choices=offered, widget=forms.Select(SUBMITS))
        if len(offered) < 2:
            del self.fields["source"]

    def _offer(
        self, name: str, words: str, values: Iterable[str], first: Sequence[tuple[str, str]] = (("", "All"),)
    ) -> None:
        """A choice of these, of the first ones, and of what was asked for."""
        asked = str(self.data.get(name, ""))[:256]
        offered = dict(first) | {value: value for value in values} | ({asked: asked} if asked else {})
        offered |= dict(first)
        self.fields[name] = forms.ChoiceField(
            label=words, required=False, choices=list(offered.items()), widget=forms.Select(SUBMITS)
        )

    @property
    def main(self) -> list[forms.BoundField]:
        """The fields that stand above the chart."""
        return [self[name] for name in MAIN]

    @property
    def more(self) -> list[forms.BoundField]:
        """The fields that are folded away, `from` and `to` first."""
        rest = [name for name in self.fields if name not in MAIN]
        return [self[name] for name in sorted(rest, key=lambda name: name not in {"from", "to"})]

    @property
    def more_is_used(self) -> bool:
        """Whether a folded field has a value, so that it is not hidden what is left out."""
        return any(self.data.get(field.name) for field in self.more)

    def clean(self) -> dict[str, Any]:
        """Days must follow each other, and be no more than a year."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("from"), cleaned.get("to")
        if first and last and last < first:
            self.add_error("to", "The last day is before the first.")
        elif first and last and (last - first).days >= LONGEST:
            self.add_error("to", "Costs are shown for a year at most.")
        return self.cleaned_data

    def wanted(self, today: date) -> Wanted:
        """What is asked for; what did not fit counts as not asked."""
        self.is_valid()
        found = self.cleaned_data
        first, end = days_of(found.get("range") or DEFAULT_RANGE, today)
        if found.get("from") or found.get("to"):
            last = found.get("to") or min(today, found["from"] + 29 * DAY)
            first, end = found.get("from") or last - 29 * DAY, last + DAY
        by: By = next((one for one in FILTERS if one == found.get("by")), DEFAULT_BY)
        asked = {name: str(value) for name, value in found.items() if value}
        filters: dict[By, str] = {name: found[name] for name in FILTERS if found.get(name)}
        return Wanted(first, end, by, filters, found.get("types", ""), found.get("source", ""), asked)
