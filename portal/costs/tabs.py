"""The tabs over the pages about costs."""

from django.urls import reverse

NAMED = (
    ("Costs", "costs"),
    ("Budgets", "budgets"),
    ("Savings", "savings"),
    ("Where the numbers come from", "costs_source"),
)


def costs_tabs(here: str) -> list[dict[str, object]]:
    """For pieces/tabs.html; `here` is the URL name of the page that is open."""
    return [{"label": label, "url": reverse(name), "active": name == here, "count": ""} for label, name in NAMED]
