"""How much somebody says that an environment will be used: a scenario, the figures changed in it, and free allowances.

It is kept with a request, so that the plan is priced on the very assumptions that the form showed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from provisioning.costs.model import Scenario
from provisioning.costs.scenarios import SCENARIOS, SUMMARIES

DEFAULT: Scenario = "expected"
# Text from people: what is larger than any table, or has an exponent, is no figure.
LARGEST = Decimal(10) ** 13


class BadUsageError(ValueError):
    """Figures that cannot be used; `fields` has a sentence for each."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = dict(fields)


@dataclass(frozen=True)
class Usage:
    """A scenario and what was changed in it: `figures` by the names of the scenarios (`reads`, `stored_gb`, ...).

    `free_tier` deducts what AWS always gives away, which is right only for an account that uses it for nothing else
    (pitfall 19), so it is off unless somebody says otherwise.
    """

    scenario: Scenario = DEFAULT
    figures: Mapping[str, Decimal] = field(default_factory=dict)
    free_tier: bool = False

    def figure(self, key: str) -> Decimal:
        """How much of it is assumed."""
        return self.figures.get(key, SCENARIOS[self.scenario][key])

    def within(self, scenario: Scenario) -> "Usage":
        """Another scenario as it stands, to be compared with this one: changed figures belong to the chosen one."""
        return self if scenario == self.scenario else Usage(scenario, free_tier=self.free_tier)

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen."""
        return self.scenario == DEFAULT and not self.figures and not self.free_tier

    @property
    def words(self) -> str:
        """What a price rests on, to stand after it: "at expected use", "at peak use with 2 figures changed"."""
        changed = len(self.figures)
        figures = f" with {changed} figure{'' if changed == 1 else 's'} changed" if changed else ""
        return f"at {self.scenario} use{figures}{', free allowances deducted' if self.free_tier else ''}"

    @property
    def summary(self) -> str:
        """The scenario's own sentence."""
        return SUMMARIES[self.scenario]

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe values, to keep with a request; empty when nothing was chosen."""
        if self.is_default:
            return {}
        return {
            "scenario": self.scenario,
            "figures": {key: str(amount) for key, amount in self.figures.items()},
            "free_tier": self.free_tier,
        }


def read_usage(data: Mapping[str, Any] | None) -> Usage:
    """What `as_dict` wrote, or what a form sent: `scenario`, `figures` and `free_tier`. Figures that are empty, or what
    the scenario has anyway, count as not changed. Raises BadUsageError."""
    data = data or {}
    scenario = data.get("scenario") or DEFAULT
    if scenario not in SCENARIOS:
        raise BadUsageError({"scenario": f"Choose one of {', '.join(SCENARIOS)}."})
    usual = SCENARIOS[cast("Scenario", scenario)]
    figures, wrong = {}, {}
    for key, typed in dict(data.get("figures") or {}).items():
        if key not in usual:
            continue
        amount = _amount(typed)
        if amount is None:
            wrong[key] = "This must be a number from 0 up, such as 2500000 or 0.5."
        elif str(typed).strip() and amount != usual[key]:
            figures[key] = amount
    if wrong:
        raise BadUsageError(wrong)
    return Usage(cast("Scenario", scenario), figures, free_tier=data.get("free_tier") is True)


def kept_usage(goal: Mapping[str, Any]) -> Usage:
    """The usage in a change's goal; the usual one where there is none that can be read."""
    try:
        return read_usage(goal.get("usage"))
    except BadUsageError:
        return Usage()


def _amount(typed: Any) -> Decimal | None:
    """A number that a person typed, thousands perhaps separated by commas or spaces; None when it is none. Empty is 0,
    which the caller reads as not changed."""
    text = str(typed).replace(",", "").replace(" ", "").replace("_", "").strip() or "0"
    if not text.isascii() or "e" in text.lower():
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= LARGEST else None
