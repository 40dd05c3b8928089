"""What somebody asks of a table: the link or the form as it came, the query in it, and what is wrong with it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.http import QueryDict

from provisioning.items.query import FILTER_FIELDS, BadQueryError, Query, Shape, read_query

PLAIN, TYPED = "plain", "typed"
VIEWS = (PLAIN, TYPED)
_PATHS = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^,\n])+')


@dataclass(frozen=True)
class FilterRow:
    """One row of the form's filters, as typed."""

    path: str = ""
    op: str = "="
    type: str = "S"
    value: str = ""
    to: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Typed:
    """What stands in the form, as texts."""

    index: str = ""
    pk: str = ""
    sk_op: str = "="
    sk: str = ""
    sk_to: str = ""
    filters: tuple[FilterRow, ...] = ()
    order: str = ""
    size: str = ""
    fetch: str = ""
    consistent: bool = False


@dataclass(frozen=True)
class Asked:
    """A request to look into a table. `query` is None while it cannot be asked, and `problems` says why, by the name
    of a field. `runs` says whether it is to be read now; `view` is empty while the page may choose (plain or typed);
    `cursor` is where the page begins."""

    typed: Typed
    query: Query | None
    problems: Mapping[str, str] = field(default_factory=dict)
    runs: bool = False
    cursor: str = ""
    view: str = ""

    def pairs(self, **more: str) -> list[tuple[str, str]]:
        """The pairs of a link to the same query; `more` are the page's own. Without a query there are none of it."""
        found = self.query.pairs() if self.query else []
        own = {"view": self.view, **more}
        return [*found, *((name, text) for name, text in own.items() if text)]

    def link(self, **more: str) -> str:
        """The query part of an address for the same query, which reads it again."""
        return "?" + urlencode(self.pairs(**{"run": "1", **more}))

    def with_problems(self, problems: Mapping[str, str]) -> "Asked":
        """The same with what turned out to be wrong."""
        rows = tuple(
            replace(row, problem=problems.get(f"filter.{place}", "")) for place, row in enumerate(self.typed.filters)
        )
        return replace(self, typed=replace(self.typed, filters=rows), problems=problems)


def read_asked(given: QueryDict, shape: Shape) -> Asked:
    """What a link or the form asks. It never raises: what is wrong is told in `problems`, beside what was typed."""
    view = given.get("view", "")
    asked = Asked(
        _typed(given),
        None,
        runs=bool(given.get("run")),
        cursor=given.get("cursor", ""),
        view=view if view in VIEWS else "",
    )
    try:
        query = read_query(_pairs(given), shape)
    except BadQueryError as bad:
        return asked.with_problems(bad.fields)
    return replace(asked, typed=typed_of(query), query=query)


def _pairs(given: QueryDict) -> list[tuple[str, str]]:
    """The pairs of the query; `fetch` is the form's one field for all attributes."""
    found = [(name, text) for name, texts in given.lists() for text in texts if name != "fetch"]
    return [*found, *(("attribute", path) for path in paths_in(given.get("fetch", "")))]


def paths_in(text: str) -> list[str]:
    """The paths of a text that has commas between them; a name in quotation marks may have commas of its own."""
    return [path.strip() for path in _PATHS.findall(text) if path.strip()]


def _typed(given: QueryDict) -> Typed:
    return Typed(
        index=given.get("index", ""),
        pk=given.get("pk", ""),
        sk_op=given.get("sk_op", "="),
        sk=given.get("sk", ""),
        sk_to=given.get("sk_to", ""),
        filters=tuple(_rows([given.getlist(name) for name in FILTER_FIELDS])),
        order=given.get("order", ""),
        size=given.get("size", ""),
        fetch=", ".join([*given.getlist("attribute"), *paths_in(given.get("fetch", ""))]),
        consistent=bool(given.get("consistent")),
    )


def _rows(columns: list[list[str]]) -> Iterable[FilterRow]:
    """The rows that have something in them, in the order in which `read_query` counts them."""
    for place in range(max(map(len, columns))):
        path, op, kind, value, to = (column[place] if place < len(column) else "" for column in columns)
        if path.strip() or value or to:
            yield FilterRow(path, op or "=", kind or "S", value, to)


def typed_of(query: Query) -> Typed:
    """A query as it stands in the form."""
    sort = query.sort
    return Typed(
        index=query.index,
        pk=query.partition or "",
        sk_op=sort.operator if sort else "=",
        sk=sort.value if sort else "",
        sk_to=sort.upper if sort else "",
        filters=tuple(FilterRow(one.path, one.operator, one.type, one.value, one.upper) for one in query.filters),
        order="desc" if query.descending else "",
        size=str(query.page_size),
        fetch=", ".join(query.attributes),
        consistent=query.consistent,
    )
