"""An old value of a parameter, set again as a new version: the way back is forward, by the verb of the page."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Router
from pydantic import Field

from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import MATCH, NEW, operation
from portal.api.parameters import Where, looked_at
from portal.api.sending import located, send
from portal.api.text import Line, Moment, Sent
from portal.parameters.history import value_of, why_not_restore
from portal.parameters.place import Place, place_of
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import AskToSet, Setting, do_set_parameters
from provisioning.lifecycle import WriteState
from provisioning.models import Change, ParameterVersion

router = Router(tags=["Parameters"])
LARGEST = 2**31 - 1
OLDEST = 1_000  # versions that are looked through for the value before


class Restore(Sent):
    """Which version. `version` null: the newest whose value is another one than now. `generation` null: the newest that
    has such a version; versions begin again at 1 where a parameter was deleted and made again. The rest is as in
    setting a value."""

    version: int | None = Field(None, ge=1, le=LARGEST)
    generation: int | None = Field(None, ge=1, le=LARGEST)
    reason: Line = ""
    redeploy: bool | None = None
    start_at: Moment | None = None
    confirmed: bool = False


@operation(
    router, "POST", "/environments/{app}/{name}/parameter-restore/{path:key}", scope=Scope.CHANGE,
    page="parameter_restore", answers=ChangeDetail, status=202, summary="Restore a parameter's earlier value",
    on=(MATCH, NEW),
)  # fmt: skip
def restore_parameter(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[Restore]
) -> ChangeDetail:
    """Takes If-Match with the version that was looked at, or `If-None-Match: *` for one that was deleted. A secret is
    restored without its value being told."""
    place = place_of(request, where.app, where.name, where.key)

    def put(key: uuid.UUID | None) -> Change:
        old, expected = _old(place, sent), looked_at(request, where.key, place.there)
        why_not = why_not_restore(place, old)
        if why_not:
            raise Refusal(f"v{old.version} of {where.key} cannot be restored. {why_not}", "no-restore")
        setting = Setting(where.key, value_of(old), expected, restores=old.pk, type=old.type)
        ask = AskToSet(
            reason=sent.reason.strip(),
            key=key,
            start_at=sent.start_at,
            redeploy=sent.redeploy,
            confirmed=sent.confirmed,
        )
        return do_set_parameters(place.actor, place.environment, [setting], ask)

    change = send(request, response, sent, put)
    located(response, change)
    return change_detail(change)


def _old(place: Place, sent: Restore) -> ParameterVersion:
    """The version that is meant. Raises Http404."""
    rows = ParameterVersion.objects.filter(parameter=place.row, version__isnull=False)
    if sent.generation is not None:
        rows = rows.filter(generation=sent.generation)
    rows = rows.order_by("-generation", "-version")
    if sent.version is not None:
        found = rows.filter(version=sent.version).first()
        if found is None:
            raise Http404(f"{place.key} has no version {sent.version}.")
        return found
    there = place.there
    stored = rows.filter(state=WriteState.DONE)
    if there is not None:
        stored = stored.exclude(generation=there.generation, version__gte=there.version)
    for row in stored[:OLDEST]:
        if not why_not_restore(place, row):
            return row
    raise Http404(f"{place.key} has no earlier value that could be restored.")
