"""PartiQL for programs: judged before it runs, a SELECT as a masked look, a write as the form would do it."""

import uuid
from http import HTTPStatus
from typing import Literal, cast

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Router, Schema, Status
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.auth import require_scope
from portal.api.change_shapes import ChangeDetail
from portal.api.item_shapes import Amount, Json, View, amount, told, typed, units, unkept
from portal.api.item_write_shapes import How, Written
from portal.api.item_writes import ASKED, done
from portal.api.items import Place
from portal.api.operations import operation
from portal.api.problems import ProblemError
from portal.api.tables import Where, table_of
from portal.api.text import Line, Sent, Value
from portal.statements.examples import examples
from portal.statements.verdict import as_query, fault_of, verdict_of
from provisioning.actions.actor import Actor
from provisioning.actions.editing import do_write_item
from provisioning.actions.stating import BadStatement, Judged, PageOfStatement, do_select, judge
from provisioning.items.intents import WriteIntent, shown_path
from provisioning.items.prices import price_before
from provisioning.items.query import shape_of
from provisioning.items.statements import Verb
from provisioning.items.values import BadValueError, check_value
from provisioning.items.values import Value as TypedValue
from provisioning.models import Environment, ItemWrite, Table
from provisioning.planning.policy import writes_need_change

router = Router(tags=["Statements"])
STATEMENTS = "/environments/{app}/{name}/tables/{table}/statements"
MOST_PARAMETERS = 500
WRITES = "INSERT, UPDATE or DELETE"


class Stated(Schema):
    """A statement about one table or its indexes, with a typed value, such as {"S": "a"}, for each `?` in it."""

    statement: Value = Field(min_length=1)
    parameters: list[Json] = Field(default_factory=list, max_length=MOST_PARAMETERS)


class StatementToJudge(Stated, Sent):
    """What is judged and not run."""


class Statement(Stated, How, Sent):
    """What is run. `consent` is for a SELECT that reads everything, `cursor` is the `next` of its page before, `view`
    how its items are written; `reason`, `start_at` and `replaces` are for one that writes."""

    consent: bool = False
    cursor: Line = ""
    view: View = "typed"


class StatementRows(Schema):
    """A page of what a SELECT found, as items are told. AWS does not say how many it read. `capacity` is in read units;
    `more`: the work of one request was over before the page was full. `next` null: that is all."""

    reads: Literal["query", "scan"]
    view: View
    why_typed: dict[str, str]
    items: list[Json]
    next: str | None
    returned: int
    capacity: str
    calls: int
    more: bool
    hides: bool


class StatementReads(Schema):
    """What a SELECT would read: of which index, null for the table, how many partitions, null for everything, and `why`
    it is everything. `click` is what one request takes at most, `whole` all of the table or index."""

    reads: Literal["query", "scan"]
    index: str | None
    partitions: int | None
    why: str
    click: Amount
    whole: Amount


class StatementWrites(Schema):
    """What a statement would write: which item, and the places that it sets and removes. `asks`: here it is a change
    that somebody else approves."""

    does: Literal["create", "edit", "delete"]
    key: Json
    sets: list[str]
    removes: list[str]
    asks: bool


class Judgement(Schema):
    """What a statement would do. `title` and `cost` say it in words; `why_not` says why it would be refused here,
    empty where it would not; `needs_consent`: it reads everything."""

    verb: Literal["SELECT", "INSERT", "UPDATE", "DELETE"]
    title: str
    cost: str
    why_not: str
    needs_consent: bool
    reads: StatementReads | None
    writes: StatementWrites | None


class ExampleShape(Schema):
    """A statement to begin with; `writes`: it alters an item."""

    title: str
    statement: str
    writes: bool


class ExampleList(Schema):
    """Statements for one table."""

    items: list[ExampleShape]


@operation(
    router, "GET", STATEMENTS, scope=Scope.READ, page="table_statement", answers=ExampleList,
    summary="List statements to begin with",
)  # fmt: skip
def list_statements(request: HttpRequest, where: Path[Where]) -> ExampleList:
    """The application's own questions, each index, and each kind of write for whoever may alter items."""
    _, row = table_of(request, where)
    may = actor_of(request).may_change
    offered = [one for one in examples(row, shape_of(row)) if may or not one.writes]
    return ExampleList(items=[ExampleShape(title=one.title, statement=one.text, writes=one.writes) for one in offered])


@operation(
    router, "POST", STATEMENTS, scope=Scope.READ, page="table_statement", answers=StatementRows | Written,
    besides=ASKED, summary="Run a PartiQL statement",
)  # fmt: skip
def run_statement(
    request: HttpRequest, response: HttpResponse, where: Path[Where], sent: Body[Statement]
) -> StatementRows | Status[Written | ChangeDetail]:
    """A SELECT is read as items are: masked, governed, prod by queries only; one that reads everything needs `consent`.
    INSERT, UPDATE and DELETE name one item by its whole key, and are done as the other requests that write items."""
    environment, row = table_of(request, where)
    parameters = _parameters(sent)
    judged = _judged(environment, row, sent, parameters)
    if judged.write is None:
        unkept(response)
        found = _found(request, (environment, row), sent, parameters)
        return _page(found, sent.view, scan=judged.needs_consent)
    _require_of_write(request, sent)
    place = Place(actor_of(request), environment, row, judged.write.key)
    return _written(request, response, place, sent, judged.write)


@operation(
    router, "POST", f"{STATEMENTS}/judged", scope=Scope.READ, page="table_statement_judged", answers=Judgement,
    summary="Judge a PartiQL statement",
)  # fmt: skip
def judge_statement(request: HttpRequest, where: Path[Where], sent: Body[StatementToJudge]) -> Judgement:
    """What it would do and take, from its words alone: nothing is asked of AWS, and nothing is run."""
    environment, row = table_of(request, where)
    return _judgement(actor_of(request), environment, row, _judged(environment, row, sent, _parameters(sent)))


def _parameters(sent: Stated) -> list[TypedValue]:
    """Raises ProblemError."""
    found = []
    for place, value in enumerate(sent.parameters):
        try:
            found.append(check_value(value))
        except BadValueError as wrong:
            raise _wrong(f"parameters.{place}", str(wrong)) from None
    return found


def _judged(environment: Environment, row: Table, sent: Stated, parameters: list[TypedValue]) -> Judged:
    """Raises ProblemError, with the place in the statement that it is about."""
    try:
        return judge(environment, row, sent.statement, parameters)
    except BadStatement as bad:
        raise _placed(sent.statement, bad) from None


def _placed(text: str, bad: BadStatement) -> ProblemError:
    fault = fault_of(text, bad.sentence, bad.at)
    said = f"Line {fault.line}, column {fault.column}: {bad.sentence}" if fault.line else bad.sentence
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, bad.code, said, fields={"statement": said})


def _found(
    request: HttpRequest, where: tuple[Environment, Table], sent: Statement, parameters: list[TypedValue]
) -> PageOfStatement:
    """Raises Refusal, and ProblemError with the place in the statement that it is about."""
    _require_of_select(sent)
    actor, text = actor_of(request), sent.statement
    try:
        return do_select(actor, *where, text, parameters, consent=sent.consent, cursor=sent.cursor)
    except BadStatement as bad:
        raise _placed(text, bad) from None


def _page(found: PageOfStatement, wanted: View, *, scan: bool) -> StatementRows:
    shown = told([one.item for one in found.rows], wanted)
    return StatementRows(
        reads="scan" if scan else "query",
        view=shown.view,
        why_typed=shown.why_typed,
        items=shown.items,
        next=found.next,
        returned=len(found.rows),
        capacity=units(found.capacity),
        calls=found.calls,
        more=found.carry_on,
        hides=not found.mask.is_empty,
    )


def _written(
    request: HttpRequest, response: HttpResponse, place: Place, sent: Statement, intent: WriteIntent
) -> Status[Written | ChangeDetail]:
    def write(key: uuid.UUID | None) -> ItemWrite:
        return do_write_item(*place.where, intent, reason=sent.reason, request_key=key)

    return done(request, response, place, sent, write)


def _require_of_select(sent: Statement) -> None:
    """What is about writes would be ignored. Raises ProblemError."""
    for name in ("reason", "start_at", "replaces"):
        if getattr(sent, name):
            raise _wrong(name, f"Only {WRITES} takes it.")


def _require_of_write(request: HttpRequest, sent: Statement) -> None:
    """A token that reads writes nothing; what is about reading would be ignored. Raises ProblemError."""
    require_scope(request, Scope.CHANGE, "this statement")
    for name in ("consent", "cursor"):
        if getattr(sent, name):
            raise _wrong(name, "Only a SELECT takes it.")


def _judgement(actor: Actor, environment: Environment, row: Table, judged: Judged) -> Judgement:
    verdict = verdict_of(actor, environment, row, judged)
    return Judgement(
        verb=judged.verb.value,
        title=verdict.title,
        cost=verdict.cost,
        why_not=verdict.why_not,
        needs_consent=judged.needs_consent,
        reads=_reading(row, judged) if judged.verb is Verb.SELECT else None,
        writes=_writing(environment, judged.write) if judged.write else None,
    )


def _reading(row: Table, judged: Judged) -> StatementReads | None:
    select = judged.select
    if select is None:
        return None
    price = price_before(row, as_query(select))
    return StatementReads(
        reads="scan" if select.is_scan else "query",
        index=select.index or None,
        partitions=select.partitions,
        why=select.why,
        click=amount(price.click, price.click_usd),
        whole=amount(price.whole, price.whole_usd),
    )


def _writing(environment: Environment, intent: WriteIntent) -> StatementWrites:
    return StatementWrites(
        does=cast("Literal['create', 'edit', 'delete']", str(intent.verb)),
        key=typed(intent.key),
        sets=[shown_path(edit.path) for edit in intent.patch if edit.value is not None],
        removes=[shown_path(edit.path) for edit in intent.patch if edit.value is None],
        asks=writes_need_change(environment.stage),
    )


def _wrong(field: str, said: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-values", said, fields={field: said})
