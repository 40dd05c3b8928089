"""Tags for prices: the three totals side by side, and the warning that stands wherever old prices are shown.

Use `{% load costs %}`.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import template
from django.utils import timezone

from provisioning.costs.book import GOOD_FOR, book

register = template.Library()


@register.inclusion_tag("pieces/totals.html")
def totals(found: Sequence[Any]) -> dict[str, Any]:
    """Totals of the three scenarios, each with `scenario`, `monthly` and `chosen`."""
    return {"totals": found}


@register.inclusion_tag("pieces/old_prices.html")
def old_prices(published: date | None = None, deciding: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 (as Django calls tags)
    """A warning where the prices of that day, or those of the shipped book, are more than 60 days old; else nothing.
    `deciding` says that somebody is about to approve by them."""
    of = published or book().published
    return {"published": of, "old": timezone.now().date() - of > GOOD_FOR, "days": GOOD_FOR.days, "deciding": deciding}
