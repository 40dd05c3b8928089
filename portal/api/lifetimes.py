"""Giving an environment more time."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Router
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.environment_shapes import EnvironmentDetail, environment_detail
from portal.api.operations import operation
from portal.api.text import Moment, Name, Sent
from portal.environments.heading import access_with_stacks
from portal.requesting.replacing import open_change
from provisioning.actions.lifetimes import do_extend
from provisioning.actions.refusals import Refusal
from provisioning.models import Environment

router = Router(tags=["Environments"])
SECOND = timedelta(seconds=1)  # what is told of a time may leave out what is below


class Extension(Sent):
    """How many more days. `seen` is the end that was looked at: it is moved from there, once."""

    days: int = Field(ge=1, le=365)
    seen: Moment


@operation(
    router, "POST", "/environments/{app}/{name}/extend", scope=Scope.CHANGE, page="environment_extend",
    answers=EnvironmentDetail, summary="Give an environment more time",
)  # fmt: skip
def extend_environment(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[Extension]
) -> EnvironmentDetail:
    """Moves its end. Sent again, with or without a key, it moves nothing further: where the end is where this would
    have put it, that is the answer; where it is elsewhere, 409."""
    found = access_with_stacks(request, app, name)
    try:
        found.expires_at = do_extend(actor_of(request), found, sent.days, sent.seen)
    except Refusal as refusal:
        if refusal.forbidden or not _is_done(found, sent):
            raise
        response["Idempotent-Replayed"] = "true"
    return environment_detail(found, open_change(found))


def _is_done(found: Environment, sent: Extension) -> bool:
    """Whether the end is where this request put it the first time."""
    return found.expires_at is not None and abs(found.expires_at - sent.seen - timedelta(days=sent.days)) < SECOND
