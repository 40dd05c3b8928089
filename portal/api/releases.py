"""Releases of an environment: what ran together, two against each other, and one that goes further."""

import uuid

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema

from portal.access import access_environment, actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import operation
from portal.api.paging import Paged, number, page_of_rows
from portal.api.release_shapes import (
    NewPromotion,
    ReleaseDetail,
    ReleaseDifference,
    ReleaseLine,
    ReleaseList,
    release_detail,
    release_difference,
    release_line,
)
from portal.api.sending import located, send
from portal.api.text import Line, Name
from portal.releases.showing import RELATED, access_release
from provisioning.actions.promoting import AskToPromote, do_promote
from provisioning.models import Change, Release

router = Router(tags=["Releases"])


class ReleasesWanted(Paged):
    """Which releases. `good` leaves out those that failed, or those that did not."""

    artifact: Line = ""
    good: bool | None = None


class Which(Schema):
    """Which release: its number within the environment."""

    app: Name
    name: Name
    release: int


class WhichTwo(Schema):
    """Which two releases of the environment."""

    app: Name
    name: Name
    before: int
    after: int


@operation(
    router, "GET", "/environments/{app}/{name}/releases", scope=Scope.READ, page="releases", answers=ReleaseList,
    summary="List releases",
)  # fmt: skip
def list_releases(
    request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[ReleasesWanted]
) -> ReleaseList:
    """What ran here, the newest first."""
    environment = access_environment(request, app, name)
    found = Release.objects.filter(environment=environment).select_related("environment", *RELATED)
    if wanted.artifact:
        found = found.filter(artifact=wanted.artifact)
    if wanted.good is not None:
        found = found.filter(good=True) if wanted.good else found.exclude(good=True)
    rows, after = page_of_rows(found, ("-number",), wanted, (number,))
    return ReleaseList(items=[ReleaseLine(**release_line(row)) for row in rows], next=after)


@operation(
    router, "GET", "/environments/{app}/{name}/releases/{int:release}", scope=Scope.READ, page="release",
    answers=ReleaseDetail, summary="Show a release",
)  # fmt: skip
def show_release(request: HttpRequest, which: Path[Which]) -> ReleaseDetail:
    """With its parameters, secrets by a keyed hash only, and where it may go."""
    environment = access_environment(request, which.app, which.name)
    return release_detail(environment, access_release(environment, which.release))


@operation(
    router, "GET", "/environments/{app}/{name}/releases/{int:before}/diff/{int:after}", scope=Scope.READ,
    page="release_diff", answers=ReleaseDifference, summary="Compare two releases",
)  # fmt: skip
def compare_releases(request: HttpRequest, which: Path[WhichTwo]) -> ReleaseDifference:
    """Artifact, template with the lines of its text, parameters of the stack, and parameters."""
    environment = access_environment(request, which.app, which.name)
    before, after = (access_release(environment, one) for one in (which.before, which.after))
    return release_difference(environment, before, after)


@operation(
    router, "POST", "/environments/{app}/{name}/promotions", scope=Scope.CHANGE, page="promote",
    answers=ChangeDetail, status=202, summary="Promote a release",
)  # fmt: skip
def promote_release(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[NewPromotion]
) -> ChangeDetail:
    """Deploys what a good release ran in an environment of a higher stage. Answers the change there, whose plan says
    where the artifact ran."""
    environment = access_environment(request, app, name)
    release, target = access_release(environment, sent.release), access_environment(request, app, sent.to)

    def promote(key: uuid.UUID | None) -> Change:
        ask = AskToPromote(target, sent.reason.strip(), key, sent.start_at)
        return do_promote(actor_of(request), release, ask)

    change = send(request, response, sent, promote)
    located(response, change)
    return change_detail(change)
