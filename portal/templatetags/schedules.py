"""Template tags that list scheduled values where their parameters are shown."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template

from portal.access import actor_of
from portal.flags.rows import Column
from portal.schedules.reading import lines_of_environments, lines_of_parameter
from provisioning.models import Parameter

register = template.Library()


@register.inclusion_tag("schedules/_list.html", takes_context=True)
def schedules_of_parameter(context: Mapping[str, Any], row: Parameter | None) -> dict[str, Any]:
    """The schedules of one parameter; nothing where there are none."""
    request = context["request"]
    return {"lines": lines_of_parameter(row, actor_of(request)), "back": request.get_full_path(), "request": request}


@register.inclusion_tag("schedules/_list.html", takes_context=True)
def schedules_of_columns(context: Mapping[str, Any], columns: Iterable[Column]) -> dict[str, Any]:
    """The schedules of the environments in a matrix that wait or are suspended; nothing where there are none."""
    request = context["request"]
    lines = lines_of_environments([column.environment for column in columns], actor_of(request))
    return {"lines": lines, "back": request.get_full_path(), "request": request, "named": True}
