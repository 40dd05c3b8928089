"""Parameters of an environment: read from what Stackyard knows, set by the verb of the page on the version that was
looked at (If-Match), so that nobody overwrites what they have not seen."""

import re
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Literal

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field, StringConstraints

from portal.access import access_environment, actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import operation
from portal.api.paging import Paged, number, page_of_rows
from portal.api.parameter_shapes import (
    NewValue,
    ParameterDetail,
    ParameterList,
    Since,
    VersionList,
    stored,
    version_line,
)
from portal.api.problems import ProblemError
from portal.api.sending import located, send
from portal.api.text import Line, Moment, Name
from portal.flags.rows import columns_of
from portal.parameters.history import blame_of
from portal.parameters.place import place_of
from provisioning.actions.looking_at_parameters import do_look_at_parameters
from provisioning.actions.setting import AskToSet, Setting, declared, do_set_parameters, path_of
from provisioning.blueprints.model import Blueprint, Flag
from provisioning.flags.rules import SECURE
from provisioning.models import Change, Environment, Parameter, ParameterPath, ParameterVersion

router = Router(tags=["Parameters"])
Key = Annotated[Line, StringConstraints(min_length=1)]
_TAG = re.compile(r'"v(?P<generation>\d{1,9})\.(?P<version>\d{1,9})"', re.ASCII)


class ParametersWanted(Paged):
    """Which parameters."""

    q: Line = ""
    only: Literal["", "flags", "parameters", "secrets", "stacks"] = Field(
        "", description="What is declared, what is not, secrets, or what stacks make."
    )


class Where(Schema):
    """Which parameter: the key is its name below the environment's path, slashes and all."""

    app: Name
    name: Name
    key: Key


class Why(Schema):
    """Why it is deleted, and when. The rest is as in setting a value."""

    reason: Line = ""
    redeploy: bool | None = None
    start_at: Moment | None = None
    confirmed: bool = False


@dataclass(frozen=True)
class Place:
    """A key of an environment, what is declared of it, and its row while it is stored."""

    environment: Environment
    key: str
    flag: Flag | None
    row: Parameter | None

    @property
    def there(self) -> Parameter:
        """The row. Raises Http404 when there is none."""
        if self.row is None:
            raise Http404(f"{self.environment} has no parameter {self.key}.")
        return self.row


@operation(
    router, "GET", "/environments/{app}/{name}/parameters", scope=Scope.READ, page="environment_flags",
    answers=ParameterList, summary="List parameters",
)  # fmt: skip
def list_parameters(
    request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[ParametersWanted]
) -> ParameterList:
    """As last read. Asking has Parameter Store read again, where that is 30 seconds ago: `read_at` says when it was."""
    environment = access_environment(request, app, name)
    blueprint, path = path_of(environment)
    do_look_at_parameters([environment])
    read = ParameterPath.objects.filter(environment=environment).first()
    found = Parameter.objects.filter(environment=environment, gone_at=None, key__icontains=wanted.q)
    found = found.filter(_only(wanted.only, blueprint))
    rows, after = page_of_rows(found, ("key",), wanted, (str,))
    return ParameterList(
        path=path,
        read_at=read.read_at if read else None,
        problem=read.problem if read else "",
        items=[stored(row, declared(blueprint, row.key)) for row in rows],
        next=after,
    )


@operation(
    router, "GET", "/environments/{app}/{name}/parameters/{path:key}", scope=Scope.READ, page="parameter",
    answers=ParameterDetail, summary="Show a parameter",
)  # fmt: skip
def show_parameter(request: HttpRequest, response: HttpResponse, where: Path[Where]) -> ParameterDetail:
    """`Parameter-Version` is what a request to set it takes as If-Match. Asking has Parameter Store read again, where
    that is 30 seconds ago: ask again while it is `reading`."""
    place = _place(request, where)
    asked = do_look_at_parameters([place.environment])
    response["Parameter-Version"] = _tag(place.there)
    (column,) = columns_of([place.environment], None)
    blame = blame_of(place_of(request, where.app, where.name, where.key))
    return ParameterDetail(
        **stored(place.there, place.flag).model_dump(),
        since=Since(version=blame.version, at=blame.at, who=blame.who, reason=blame.reason) if blame else None,
        read_at=column.read_at,
        reading=column.reading or bool(asked),
        problem=column.problem,
    )


@operation(
    router, "GET", "/environments/{app}/{name}/parameter-history/{path:key}", scope=Scope.READ,
    page="parameter_history", answers=VersionList, summary="Read a parameter's history",
)  # fmt: skip
def list_versions(request: HttpRequest, where: Path[Where], wanted: Query[Paged]) -> VersionList:
    """Every version that is known, of one that was deleted too."""
    environment = access_environment(request, where.app, where.name)
    blueprint, _ = path_of(environment)
    parameter = Parameter.objects.filter(environment=environment, key=where.key).first()
    if parameter is None:
        raise Http404(f"{environment} never had a parameter {where.key}.")
    found = ParameterVersion.objects.filter(parameter=parameter).select_related("by")
    rows, after = page_of_rows(found, ("-id",), wanted, (number,))
    flag = declared(blueprint, where.key)
    return VersionList(items=[version_line(row, flag, parameter.type) for row in rows], next=after)


@operation(
    router, "PUT", "/environments/{app}/{name}/parameters/{path:key}", scope=Scope.CHANGE, page="parameter_set",
    answers=ChangeDetail, status=202, summary="Set a parameter",
)  # fmt: skip
def set_parameter(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[NewValue]
) -> ChangeDetail:
    """Takes If-Match with the version that was looked at, or `If-None-Match: *` for a new one."""
    place = _place(request, where)

    def put(request_key: uuid.UUID | None) -> Change:
        setting = Setting(where.key, sent.value, looked_at(request, where.key, place.row), type=sent.type)
        ask = AskToSet(
            reason=sent.reason.strip(),
            key=request_key,
            start_at=sent.start_at,
            redeploy=sent.redeploy,
            confirmed=sent.confirmed,
        )
        return do_set_parameters(actor_of(request), place.environment, [setting], ask)

    change = send(request, response, sent, put)
    located(response, change)
    return change_detail(change)


@operation(
    router, "DELETE", "/environments/{app}/{name}/parameters/{path:key}", scope=Scope.CHANGE,
    page="parameter_delete", answers=ChangeDetail, status=202, summary="Delete a parameter",
)  # fmt: skip
def delete_parameter(
    request: HttpRequest, response: HttpResponse, where: Path[Where], wanted: Query[Why]
) -> ChangeDetail:
    """Takes If-Match with the version that was looked at. What a blueprint declares can be set, not deleted."""
    place = _place(request, where)

    def delete(request_key: uuid.UUID | None) -> Change:
        setting = Setting(where.key, None, looked_at(request, where.key, place.row))
        ask = AskToSet(
            reason=wanted.reason.strip(),
            key=request_key,
            start_at=wanted.start_at,
            redeploy=wanted.redeploy,
            confirmed=wanted.confirmed,
        )
        return do_set_parameters(actor_of(request), place.environment, [setting], ask)

    change = send(request, response, wanted, delete)
    located(response, change)
    return change_detail(change)


def _place(request: HttpRequest, where: Where) -> Place:
    environment = access_environment(request, where.app, where.name)
    blueprint, _ = path_of(environment)
    row = Parameter.objects.filter(environment=environment, key=where.key, gone_at=None).first()
    return Place(environment, where.key, declared(blueprint, where.key), row)


def _only(kind: str, blueprint: Blueprint) -> Q:
    """What the filter of the page shows."""
    own = Q(key__in=[flag.key for flag in blueprint.flags])
    secret = Q(type=SECURE) | Q(key__in=[flag.key for flag in blueprint.flags if flag.type == "secret"])
    known = {"flags": own, "parameters": ~own & Q(owned_by=""), "secrets": secret, "stacks": ~Q(owned_by="")}
    return known.get(kind, Q())


def _tag(row: Parameter) -> str:
    return f'"v{row.generation}.{row.version}"'


def looked_at(request: HttpRequest, key: str, row: Parameter | None) -> int | None:
    """The version that the request is about, None for a new parameter; `row` is None where there is none. Raises
    ProblemError: 412 when it is another one by now, 428 when none was named; Http404 for one that is not there."""
    if request.headers.get("If-None-Match") == "*" and request.method != "DELETE":
        if row is not None:
            said = f"{key} exists already."
            raise ProblemError(HTTPStatus.PRECONDITION_FAILED, "exists", said)
        return None
    match = request.headers.get("If-Match")
    if match is None:
        said = "Name the version that you looked at in If-Match, or send If-None-Match: * for a new parameter."
        raise ProblemError(HTTPStatus.PRECONDITION_REQUIRED, "no-version", said)
    if row is None:
        raise Http404(f"There is no parameter {key}.")
    found = _TAG.fullmatch(match.strip())
    if found is None or (int(found["generation"]), int(found["version"])) != (row.generation, row.version):
        said = f"{key} was set meanwhile: it is at {_tag(row)} now. Read it again, then decide."
        raise ProblemError(HTTPStatus.PRECONDITION_FAILED, "version-moved", said)
    return row.version
