"""What stands beside a parameter: its value elsewhere, and what is in the tables where it decides about them."""

from dataclasses import dataclass

from django.urls import reverse

from portal.flags.showing import Shown, belongs, shown
from portal.parameters.place import Place
from provisioning.models import Parameter, Table

MOST = 12
_OF_TABLES = "dynamodb"  # in the key or the words of a flag that decides where data is kept


@dataclass(frozen=True)
class Elsewhere:
    """The same key in another environment; `same` compares without showing."""

    name: str
    stage: str
    look: Shown
    version: int
    same: bool
    url: str


def beside(place: Place) -> tuple[Elsewhere, ...]:
    """The parameter in the other environments of its application."""
    rows = (
        Parameter.objects.filter(
            environment__application=place.environment.application, key=place.key, gone_at__isnull=True
        )
        .exclude(environment=place.environment)
        .select_related("environment")
        .order_by("environment__stage", "environment__name")
    )
    mine = place.there.digest if place.there else ""
    return tuple(
        Elsewhere(
            name=row.environment.name,
            stage=row.environment.stage,
            look=shown(row.type, row.value, place.flag),
            version=row.version,
            same=bool(mine) and row.digest == mine,
            url=reverse("parameter", args=(row.environment.application, row.environment.name, row.key)),
        )
        for row in rows[:MOST]
        if belongs(place.blueprint.path(row.environment.name) or "", row.name)
    )


def kept_where(place: Place) -> tuple[Table, ...]:
    """The tables that a flag decides about, as far as its own words tell: what is in them stays whatever it says, and
    what is written elsewhere meanwhile does not come into them by itself."""
    flag = place.flag
    if flag is None or _OF_TABLES not in f"{flag.key} {flag.title} {flag.description}".lower():
        return ()
    return tuple(Table.objects.filter(environment=place.environment).order_by("name")[:MOST])
