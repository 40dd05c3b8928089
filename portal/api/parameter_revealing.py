"""A secret's value, shown for a reason that the audit keeps, by the verb of the page."""

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Router, Schema
from pydantic import Field

from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.parameter_restoring import LARGEST
from portal.api.parameters import Where
from portal.api.text import Line, Sent
from portal.parameters.place import Place, place_of
from provisioning.actions.revealing_parameters import do_reveal_parameter
from provisioning.models import Parameter, ParameterVersion

router = Router(tags=["Parameters"])


class Reveal(Sent):
    """Which version, and why. `version` null: the one that is stored. `generation` null: the newest that has such a
    version; versions begin again at 1 where a parameter was deleted and made again."""

    version: int | None = Field(None, ge=1, le=LARGEST)
    generation: int | None = Field(None, ge=1, le=LARGEST)
    reason: Line


class RevealedParameter(Schema):
    """One version of a secret with its value."""

    key: str
    generation: int
    version: int
    value: str


@operation(
    router, "POST", "/environments/{app}/{name}/parameter-reveal/{path:key}", scope=Scope.CHANGE,
    page="parameter_reveal", answers=RevealedParameter, summary="Show the value of a secret",
)  # fmt: skip
def reveal_parameter(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[Reveal]
) -> RevealedParameter:
    """For whoever may set it. It changes nothing; every request leaves an entry in the audit, with the reason and the
    version, before a value is read."""
    place = place_of(request, where.app, where.name, where.key)
    row, version = _version(place, sent)
    value = do_reveal_parameter(place.actor, place.environment, row, version, reason=sent.reason)
    response["Cache-Control"] = "no-store"
    return RevealedParameter(key=place.key, generation=version.generation, version=version.version or 0, value=value)


def _version(place: Place, sent: Reveal) -> tuple[Parameter, ParameterVersion]:
    """The version that is meant. Raises Http404."""
    there, wanted = place.there, (sent.generation, sent.version)
    if there is not None and wanted == (None, None):
        wanted = (there.generation, there.version)
    named = {"generation": wanted[0], "version": wanted[1]}
    rows = ParameterVersion.objects.filter(parameter=place.row, version__isnull=False)
    rows = rows.filter(**{name: number for name, number in named.items() if number is not None})
    found = rows.order_by("-generation", "-version").first()
    if place.row is None or found is None:
        raise Http404(f"{place.key} has no such version.")
    return place.row, found
