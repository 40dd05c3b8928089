"""Flags of all environments of an application at once, as the page compares them. From rows alone: no AWS call."""

from datetime import date, datetime
from typing import Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.paging import Paged, page_of_list
from portal.api.text import Line
from portal.catalogue.reading import access_blueprint
from portal.flags.reading import application_of, environments_of, fitting, read_lines
from portal.flags.rows import Cell, Column
from portal.flags.rows import Line as Row
from portal.flags.showing import HIDDEN
from provisioning.actions.looking_at_parameters import do_look_at_parameters
from provisioning.actions.refusals import Refusal

router = Router(tags=["Parameters"])


class FlagsWanted(Paged):
    """Which parameters of which environments, as the filters of the page say it."""

    application: Line = Field("", description="Else the first one that has parameters.")
    q: Line = Field("", max_length=100, description="In names, titles and values; never in a secret's.")
    only: Literal["", "flags", "parameters", "secrets", "stacks"] = Field(
        "", description="What is declared, what is not, secrets, or what stacks make."
    )
    view: Literal["", "differs"] = Field("", description="differs: what is not the same in all environments.")
    columns: Literal["", "mine", "shared"] = Field("", description="Of shared environments, or of those and mine.")


class FlagColumn(Schema):
    """An environment, and how old what is known of its parameters is. `reading`: it is being read again. `url` is its
    page."""

    environment: str
    name: str
    stage: str
    personal: bool
    path: str
    read_at: datetime | None
    reading: bool
    problem: str
    url: str


class FlagMark(Schema):
    """What asks for a look, in a word: outside, asked for, scheduled, suspended, live: …; `about` says it in a
    sentence."""

    word: str
    about: str


class FlagCell(Schema):
    """One parameter in one environment. `stored` false: it is not there. `value` null: it is not there, or hidden;
    where values are compared, `letter` is the same for the same secret, and `odd` marks what most others do not
    have. `wrong` says why it is none of what is declared, `who` who put it."""

    environment: str
    stored: bool
    value: str | None
    hidden: bool
    version: int | None
    modified_at: datetime | None
    who: str
    wrong: str
    odd: bool
    letter: str
    marks: list[FlagMark]


class FlagLine(Schema):
    """One parameter over all environments. `type` is the declared one, null where nobody declared it; `owned_by` the
    stack resource that makes it; `stale_since` when people were to be asked whether it is still used."""

    key: str
    title: str
    type: str | None
    secret: bool
    owned_by: str
    stale_since: date | None
    cells: list[FlagCell]


class FlagBoard(Schema):
    """A page of parameters, by key. `total` counts those without filters, `left_out` the environments that are not
    told: twenty are."""

    application: str
    title: str
    environments: list[FlagColumn]
    left_out: int
    total: int
    items: list[FlagLine]
    next: str | None


@operation(
    router, "GET", "/flags", scope=Scope.READ, page="flags", answers=FlagBoard,
    summary="List the parameters of all environments",
)  # fmt: skip
def list_flags(request: HttpRequest, wanted: Query[FlagsWanted]) -> FlagBoard:
    """Of one application, each with its value in every environment. Asking has Parameter Store read again, where that
    is 30 seconds ago."""
    blueprint = access_blueprint(wanted.application) if wanted.application else application_of("")
    if blueprint is None:
        raise Refusal("There is no application yet.", "no-application")
    if blueprint.parameter_path is None:
        raise Refusal(f"{blueprint.title} reads no parameters: its blueprint has no parameter path.", "no-path")
    actor = actor_of(request)
    do_look_at_parameters(environments_of(blueprint.slug, actor, wanted.columns)[0])
    environments, left_out = environments_of(blueprint.slug, actor, wanted.columns)  # which of them are read again now
    columns, lines = read_lines(blueprint, environments)
    filters = {"q": wanted.q, "only": wanted.only, "view": wanted.view}
    found, after = page_of_list(fitting(lines, columns, filters), lambda line: (line.key, ""), wanted)
    return FlagBoard(
        application=blueprint.slug,
        title=blueprint.title,
        environments=[_column(one) for one in columns],
        left_out=left_out,
        total=len(lines),
        items=[_line(line, columns) for line in found],
        next=after,
    )


def _column(one: Column) -> FlagColumn:
    return FlagColumn(
        environment=str(one.environment),
        name=one.environment.name,
        stage=one.environment.stage,
        personal=one.personal,
        path=one.path,
        read_at=one.read_at,
        reading=one.reading,
        problem=one.problem,
        url=one.url,
    )


def _line(line: Row, columns: tuple[Column, ...]) -> FlagLine:
    return FlagLine(
        key=line.key,
        title=line.flag.title if line.flag else "",
        type=line.flag.type if line.flag else None,
        secret=line.is_secret,
        owned_by=line.owned,
        stale_since=line.stale,
        cells=[_cell(line, place, cell, columns[place]) for place, cell in enumerate(line.cells)],
    )


def _cell(line: Row, place: int, cell: Cell, column: Column) -> FlagCell:
    look = cell.shown
    hidden = look is HIDDEN
    return FlagCell(
        environment=column.environment.name,
        stored=look is not None,
        value=None if look is None or hidden else look.text,
        hidden=hidden,
        version=cell.version if look is not None else None,
        modified_at=cell.at,
        who=cell.who,
        wrong=look.wrong if look is not None else "",
        odd=place in line.odd,
        letter=line.letters[place] if line.letters else "",
        marks=[FlagMark(word=mark.word, about=mark.title) for mark in cell.marks],
    )
