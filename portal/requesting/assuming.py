"""The assumptions that a price rests on, as a form: which scenario, and the figures changed in it.

The same fields stand on the catalogue and on the request forms, so that a link from one fills in the other.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from provisioning.blueprints.model import Blueprint
from provisioning.costs.allowance import LABEL, WARNING
from provisioning.costs.scenarios import FIGURE_LABELS, SCENARIOS, SUMMARIES, number_words
from provisioning.costs.usage import BadUsageError, Usage, read_usage

PREFIX = "usage"
# Which figures a resource's price rests on.
OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "AWS::DynamoDB::Table": ("reads", "writes", "item_bytes", "stored_gb", "backup_gb", "stream_reads"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("lcu",),
    "AWS::Logs::LogGroup": ("log_gb",),
    "AWS::EC2::NatGateway": ("nat_gb",),
    "AWS::SSM::Parameter": ("parameter_calls",),
}


class FigureField(forms.CharField):
    """A figure as text; `unit` is shown within its control."""

    def __init__(self, *, unit: str, **options: Any) -> None:
        super().__init__(required=False, max_length=24, **options)
        self.unit = unit


class UsageForm(forms.Form):
    """A scenario and its figures. One left empty is the scenario's own, which its help text names."""

    scenario = forms.ChoiceField(label="Use", choices=[(one, SUMMARIES[one]) for one in SCENARIOS], initial="expected")
    free_tier = forms.BooleanField(label=LABEL, required=False, help_text=WARNING)

    def __init__(self, data: QueryDict | None, *, figures: Iterable[str], start: Usage | None = None) -> None:
        """`figures` are those that are asked for; `start` is what the form begins with."""
        start = start or Usage()
        initial = {"scenario": start.scenario, "free_tier": start.free_tier}
        super().__init__(_whole(data, start), prefix=PREFIX, initial=initial)
        self.start = start
        for key in figures:
            label, unit = FIGURE_LABELS[key]
            self.fields[key] = FigureField(
                label=label,
                unit=unit,
                initial=number_words(start.figures[key]) if key in start.figures else "",
                help_text=_usual(key),
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )

    def clean(self) -> dict[str, Any]:
        """Every figure that cannot be used, at once."""
        cleaned = super().clean() or self.cleaned_data
        try:
            self.cleaned_data["usage"] = read_usage(_sent(cleaned))
        except BadUsageError as wrong:
            for key, sentence in wrong.fields.items():
                self.add_error(key if key in self.fields else None, sentence)
        return cleaned

    @property
    def usage(self) -> Usage:
        """What is assumed: as sent where that can be used, else as the form began."""
        if not self.is_bound or not self.is_valid():
            return self.start
        found: Usage = self.cleaned_data["usage"]
        return found

    @property
    def figures(self) -> list[BoundField]:
        """The fields of figures."""
        return [self[key] for key in self.fields if key in FIGURE_LABELS]

    @property
    def is_open(self) -> bool:
        """Whether the folded part has something to look at."""
        return bool(self.errors) or bool(self.usage.figures) or self.usage.free_tier


def figures_of(blueprint: Blueprint) -> tuple[str, ...]:
    """The figures that prices of a blueprint rest on, in the order of the scenarios."""
    types = {
        str(resource.get("Type"))
        for stack in blueprint.stacks.values()
        for resource in stack.template.resources.values()
    }
    wanted = {key for one in types for key in OF_TYPE.get(one, ())}
    return tuple(key for key in FIGURE_LABELS if key in wanted)


def usage_query(usage: Usage) -> str:
    """The assumptions as the end of a link, without a question mark; empty for the usual ones."""
    if usage.is_default:
        return ""
    pairs = {"scenario": usage.scenario, **{key: str(amount) for key, amount in usage.figures.items()}}
    if usage.free_tier:
        pairs["free_tier"] = "on"
    return urlencode({f"{PREFIX}-{key}": value for key, value in pairs.items()})


def has_usage(data: QueryDict) -> bool:
    """Whether a link or a form says anything about the use."""
    return any(key.startswith(f"{PREFIX}-") for key in data)


def _whole(data: QueryDict | None, start: Usage) -> QueryDict | None:
    """What was sent; a link that names a figure and no scenario means the one that the form starts with."""
    if data is None or f"{PREFIX}-scenario" in data:
        return data
    more = data.copy()
    more[f"{PREFIX}-scenario"] = start.scenario
    return more


def _sent(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scenario": cleaned.get("scenario"),
        "figures": {key: cleaned[key] for key in FIGURE_LABELS if cleaned.get(key)},
        "free_tier": cleaned.get("free_tier") is True,
    }


def _usual(key: str) -> str:
    return " · ".join(f"{one} {number_words(figures[key])}" for one, figures in SCENARIOS.items())
