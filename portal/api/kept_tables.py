"""Kept tables that no stack owns: what they hold and cost, and asking for their deletion."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.change_shapes import ChangeDetail, change_detail
from portal.api.operations import operation
from portal.api.paging import Paged, page_of_list
from portal.api.sending import located, send
from portal.api.surveys import Survey, survey_now
from portal.api.text import Line, Moment, Name, Sent
from portal.orphans.reading import Group, Totals, grouped, groups_of, totals_of
from provisioning.actions.adopting import do_request_kept_deletion
from provisioning.actions.requesting import Ask
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Table

router = Router(tags=["Kept tables and stacks to adopt"])


class KeptWanted(Paged):
    """Which kept tables."""

    application: Line = ""
    q: Line = Field("", max_length=100, description="In names of applications, environments and tables.")


class KeptTable(Schema):
    """One table. Counts are DynamoDB's own, as of `seen_at` and up to six hours older; `monthly_cost` is an estimate in
    US dollars, null where there is none; `backups` is null when not known."""

    name: str
    arn: str
    item_count: int
    size_bytes: int
    monthly_cost: str | None
    last_write_at: datetime | None
    recovery_from: datetime | None
    protected: bool
    backups: int | None
    seen_at: datetime


class KeptGroup(Schema):
    """The kept tables of one environment. `known`: there is a page of it; `kept_since` is when its data stack went.
    Creating the environment again takes them over: `why_not_create` and `why_not_delete` say why you cannot now."""

    application: str
    name: str
    stage: str
    tables: list[KeptTable]
    item_count: int
    size_bytes: int
    monthly_cost: str | None
    kept_since: datetime | None
    known: bool
    why_not_create: str
    why_not_delete: str


class KeptTotals(Schema):
    """All tables that were asked for; `monthly_cost` is without the `unpriced` ones."""

    tables: int
    item_count: int
    size_bytes: int
    monthly_cost: str
    unpriced: int


class KeptList(Schema):
    """A page of kept tables by the environment that they were made for, as of the last survey."""

    items: list[KeptGroup]
    next: str | None
    totals: KeptTotals
    survey: Survey


class KeptDeletion(Sent):
    """`confirm` is the environment's name. Every table is backed up first; backups stay."""

    confirm: Line
    reason: Line = Field("", max_length=500)
    start_at: Moment | None = None


@operation(
    router, "GET", "/kept-tables", scope=Scope.READ, page="orphans", answers=KeptList, summary="List kept tables",
)  # fmt: skip
def list_kept(request: HttpRequest, wanted: Query[KeptWanted]) -> KeptList:
    """Tables that outlived their stack, by application and environment."""
    chosen = {"application": wanted.application, "q": wanted.q}
    rows, after = page_of_list(list(grouped(chosen)), _key, wanted)
    return KeptList(
        items=[_group(one) for one in groups_of(actor_of(request), rows, chosen)],
        next=after,
        totals=_totals(totals_of(chosen)),
        survey=survey_now(),
    )


@operation(
    router, "POST", "/kept-tables/{app}/{name}/deletions", scope=Scope.CHANGE, page="orphans_delete",
    answers=ChangeDetail, status=202, summary="Delete kept tables",
)  # fmt: skip
def delete_kept(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[KeptDeletion]
) -> ChangeDetail:
    """Answers the change: every kept table of that environment with all its items, after a backup of each."""
    if not Table.objects.filter(stack_name="", application=app, environment_name=name).exists():
        raise Http404(f"There is no kept table of {app}/{name}.")

    def delete(key: uuid.UUID | None) -> Change:
        reason, start_at = sent.reason.strip(), sent.start_at
        ask = Ask(ChangeKind.DELETE_DATA, reason=reason, key=key, confirm=sent.confirm, start_at=start_at)
        return do_request_kept_deletion(actor_of(request), app, name, ask)

    change = send(request, response, sent, delete)
    located(response, change)
    return change_detail(change)


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["application"]), str(row["environment_name"])


def _group(one: Group) -> KeptGroup:
    return KeptGroup(
        application=one.application,
        name=one.name,
        stage=one.stage,
        tables=[_table(table) for table in one.tables],
        item_count=one.items,
        size_bytes=one.size,
        monthly_cost=_money(one.cost),
        kept_since=one.kept_since,
        known=one.known,
        why_not_create=one.why_not_adopt,
        why_not_delete=one.why_not_delete,
    )


def _table(one: Table) -> KeptTable:
    return KeptTable(
        name=one.name,
        arn=one.arn,
        item_count=one.item_count,
        size_bytes=one.size_bytes,
        monthly_cost=_money(one.monthly_cost),
        last_write_at=one.last_write_at,
        recovery_from=one.recovery_from,
        protected=one.protected,
        backups=one.backups,
        seen_at=one.seen_at,
    )


def _totals(found: Totals) -> KeptTotals:
    return KeptTotals(
        tables=found.tables,
        item_count=found.items,
        size_bytes=found.size,
        monthly_cost=f"{found.cost:.2f}",
        unpriced=found.unpriced,
    )


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"
