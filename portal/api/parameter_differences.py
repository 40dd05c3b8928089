"""What differs between two versions of a parameter; secrets are compared without being told."""

from django.http import Http404, HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.parameters import Where
from portal.api.text import Line
from portal.flags.showing import HIDDEN, shown
from portal.parameters.history import OTHER_HIDDEN, SAME_HIDDEN, Difference, difference_of
from portal.parameters.place import Place, place_of
from provisioning.lifecycle import WriteState
from provisioning.models import ParameterVersion

router = Router(tags=["Parameters"])
_TAG = r"^(v[0-9]{1,9}\.[0-9]{1,9})?$"
_SIGNS = {"minus": "-", "plus": "+"}


class TwoVersions(Schema):
    """Which two, as `v1.4`: generation and version."""

    before: Line = Field("", pattern=_TAG, description="Else the one before `after`.")
    after: Line = Field("", pattern=_TAG, description="Else the newest.")


class ParameterDifference(Schema):
    """Two versions. `same` null: the value of one is not known. `lines` begin with -, + or a space; they are empty
    where values are hidden, and `said` says then how they compare."""

    key: str
    before: str
    after: str
    same: bool | None
    said: str
    lines: list[str]


@operation(
    router, "GET", "/environments/{app}/{name}/parameter-difference/{path:key}", scope=Scope.READ,
    page="parameter_history", answers=ParameterDifference, summary="Compare two versions of a parameter",
)  # fmt: skip
def compare_versions(request: HttpRequest, where: Path[Where], wanted: Query[TwoVersions]) -> ParameterDifference:
    """Line by line; JSON is laid out first."""
    place = place_of(request, where.app, where.name, where.key)
    after = _version(place, wanted.after, None)
    before = _version(place, wanted.before, after)
    found = difference_of(place, before, after)
    same = before.digest == after.digest if before.digest and after.digest else None
    if not found.said and shown(place.type, "", place.flag) is HIDDEN:  # these were plain before it was a secret
        found = Difference(before, after, (), SAME_HIDDEN if same else OTHER_HIDDEN)
    return ParameterDifference(
        key=place.key,
        before=_tag(before),
        after=_tag(after),
        same=same,
        said=found.said,
        lines=[f"{_SIGNS.get(line.mark, ' ')}{line.text}" for line in found.lines],
    )


def _version(place: Place, tag: str, below: ParameterVersion | None) -> ParameterVersion:
    """The version that was named; else the newest, before `below` where that is given. Raises Http404."""
    rows = ParameterVersion.objects.filter(parameter=place.row, version__isnull=False, state=WriteState.DONE)
    if tag:
        generation, _, number = tag.removeprefix("v").partition(".")
        rows = rows.filter(generation=int(generation), version=int(number))
    elif below is not None:
        rows = rows.filter(generation=below.generation, version__lt=below.version)
    found = rows.order_by("-generation", "-version").first()
    if place.row is None or found is None:
        raise Http404(f"{place.key} has no {'version ' + tag if tag else 'two versions to compare'}.")
    return found


def _tag(row: ParameterVersion) -> str:
    return f"v{row.generation}.{row.version}"
