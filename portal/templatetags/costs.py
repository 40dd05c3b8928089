"""Tags for prices: the three totals side by side, what experience makes of a list price, and the warning that stands
wherever old prices are shown.

Use `{% load costs %}`.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from portal.templatetags.stackyard import money
from provisioning.costs.book import GOOD_FOR, book
from provisioning.costs.calibration import Calibrated, calibrated, calibrations
from provisioning.costs.model import daily
from provisioning.models import Environment

register = template.Library()


@register.inclusion_tag("pieces/totals.html")
def totals(found: Sequence[Any]) -> dict[str, Any]:
    """Totals of the three scenarios, each with `scenario`, `monthly` and `chosen`."""
    return {"totals": found}


@register.simple_tag
def a_day(monthly: Decimal) -> SafeString:
    """What a monthly amount is a day."""
    return money(daily(monthly))


@register.inclusion_tag("pieces/calibrated.html")
def calibration(found: Calibrated | None) -> dict[str, Any]:
    """A list price as earlier environments correct it, to stand beside it; nothing where none has."""
    return {"found": found}


@register.inclusion_tag("pieces/calibrated.html")
def calibration_of(environment: Environment, monthly: Decimal | None) -> dict[str, Any]:
    """The same for what an environment is to cost a month. One query."""
    if monthly is None:
        return {"found": None}
    return {"found": calibrated(environment.application, environment.stage, monthly, calibrations())}


@register.inclusion_tag("pieces/old_prices.html")
def old_prices(published: date | None = None, deciding: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 (as Django calls tags)
    """A warning where the prices of that day, or those of the shipped book, are more than 60 days old; else nothing.
    `deciding` says that somebody is about to approve by them."""
    of = published or book().published
    return {"published": of, "old": timezone.now().date() - of > GOOD_FOR, "days": GOOD_FOR.days, "deciding": deciding}
