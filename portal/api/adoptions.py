"""Stacks that somebody made outside Stackyard: what could be adopted, and asking for it."""

import uuid
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.adopting.reading import FoundRow, read_found, read_pair, stage_policy
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import operation
from portal.api.paging import Paged, page_of_list
from portal.api.sending import located, send
from portal.api.surveys import Survey, survey_now
from portal.api.text import Line, Name, Sent
from portal.environments.heading import why_not_act
from provisioning.actions.actor import Actor
from provisioning.actions.adopting import do_request_adopt
from provisioning.actions.requesting import Ask
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change, FoundStack, Table

router = Router(tags=["Kept tables and stacks to adopt"])


class HandMadeStack(Schema):
    """One stack as last listed. `status` is CloudFormation's own word."""

    kind: StackKind
    name: str
    stack_id: str
    status: str
    tags: dict[str, str]
    made_at: datetime | None
    updated_at: datetime | None


class Adoptable(Schema):
    """One or both stacks of what would be one environment. `owner` is whom their tags name; `missing` are the stacks
    that it would have and has not; `why_not` says why it cannot be adopted now, or not by you."""

    application: str
    name: str
    stage: str
    title: str
    owner: str
    stacks: list[HandMadeStack]
    missing: list[StackKind]
    why_not: str


class AdoptableList(Schema):
    """A page of what could be adopted, by application and name, as of the last survey."""

    items: list[Adoptable]
    next: str | None
    survey: Survey


class OwnedTable(Schema):
    """A table that one of the stacks owns, as last listed."""

    name: str
    stack: str
    item_count: int
    size_bytes: int


class AdoptableDetail(Adoptable):
    """One of them, with the tables of its stacks; `approvals_needed` of `approver_groups` have to agree."""

    tables: list[OwnedTable]
    approvals_needed: int
    approver_groups: list[str]


class NewAdoption(Sent):
    """Which stacks to write down as that environment, and why. Nothing in AWS is altered by it."""

    application: Name
    name: Name
    reason: Line = Field("", max_length=500)


@operation(
    router, "GET", "/adoptable", scope=Scope.READ, page="adopt", answers=AdoptableList,
    summary="List stacks that could be adopted",
)  # fmt: skip
def list_adoptable(request: HttpRequest, wanted: Query[Paged]) -> AdoptableList:
    """Stacks made by hand or by a script under a name that a blueprint would give."""
    rows, after = page_of_list(read_found(), _key, wanted)
    return AdoptableList(items=[_line(actor_of(request), row) for row in rows], next=after, survey=survey_now())


@operation(
    router, "GET", "/adoptable/{app}/{name}", scope=Scope.READ, page="adopt", answers=AdoptableDetail,
    summary="Show stacks that could be adopted",
)  # fmt: skip
def show_adoptable(request: HttpRequest, app: Path[Name], name: Path[Name]) -> AdoptableDetail:
    """With their tables, and who would have to agree."""
    row = read_pair(app, name)
    if row is None:
        raise Http404(f"There is nothing to adopt as {app}/{name}.")
    policy = stage_policy(row)
    return AdoptableDetail(
        **_line(actor_of(request), row).dict(),
        tables=[_table(one) for line in row.lines for one in line.tables],
        approvals_needed=policy.approvals if policy else 0,
        approver_groups=list(policy.approver_groups) if policy else [],
    )


@operation(
    router, "POST", "/adoptions", scope=Scope.CHANGE, page="request_adopt", answers=ChangeDetail, status=202,
    summary="Adopt stacks",
)  # fmt: skip
def adopt_stacks(request: HttpRequest, response: HttpResponse, sent: Body[NewAdoption]) -> ChangeDetail:
    """Answers the change, whose plan compares what is there with the blueprint. It alters nothing in AWS; the first
    update of the environment would."""

    def adopt(key: uuid.UUID | None) -> Change:
        ask = Ask(ChangeKind.ADOPT, reason=sent.reason.strip(), key=key)
        return do_request_adopt(actor_of(request), sent.application, sent.name, ask)

    change = send(request, response, sent, adopt)
    located(response, change)
    return change_detail(change)


def _key(row: FoundRow) -> tuple[str, str]:
    return row.pair.application, row.pair.name


def _line(actor: Actor, row: FoundRow) -> Adoptable:
    there = {one.kind for one in row.pair.stacks}
    may_not = why_not_act(actor, row.pair.environment)
    return Adoptable(
        application=row.pair.application,
        name=row.pair.name,
        stage=row.stage,
        title=row.title,
        owner=row.owner,
        stacks=[_stack(one) for one in row.pair.stacks],
        missing=[kind for kind in StackKind if kind not in there],
        why_not=may_not or row.pair.why_not,
    )


def _stack(one: FoundStack) -> HandMadeStack:
    return HandMadeStack(
        kind=StackKind(one.kind),
        name=one.name,
        stack_id=one.stack_id,
        status=one.status,
        tags={name: str(value) for name, value in one.tags.items()},
        made_at=one.made_at,
        updated_at=one.updated_at,
    )


def _table(one: Table) -> OwnedTable:
    return OwnedTable(name=one.name, stack=one.stack_name, item_count=one.item_count, size_bytes=one.size_bytes)
