"""What is asked of a table's items, as requests send it: the same question as the page's, checked by the same rules."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field, StringConstraints, ValidationError

from portal.api.paging import MOST, Limit
from portal.api.problems import ProblemError
from portal.api.tables import pattern_name
from portal.api.text import Line, Sent, Value
from portal.tables.patterns import patterns_of
from provisioning.blueprints.model import AccessPattern
from provisioning.items.query import (
    FILTER_FIELDS,
    MOST_ATTRIBUTES,
    MOST_FILTERS,
    BadQueryError,
    Query,
    read_query,
    shape_of,
)
from provisioning.items.values import BadValueError, parsed
from provisioning.models import Table

SortOperator = Literal["=", "<", "<=", ">", ">=", "between", "begins-with"]
Pairs = list[tuple[str, str]]
LONGEST_FILTER = 8192


class Filter(Sent):
    """One condition on an attribute: `op` is =, !=, <, <=, >, >=, between (with `to`), begins-with, in, contains,
    not-contains, exists, not-exists, type, or size=, size< and so on. `type` is that of the value: S, N, B, BOOL, NULL.
    """

    path: Line = Field(min_length=1)
    op: Line = "="
    type: Line = "S"
    value: Value = ""
    to: Value = ""


class Question(Schema):
    """A query, or without `pk` a scan. `pk` and `sk` are values as text, of the types of the keys; binary is base64.
    `pattern` is the name of an access pattern of the table, which says the index and the order."""

    index: Line = ""
    pattern: Line = ""
    pk: Value | None = None
    sk_op: SortOperator = "="
    sk: Value | None = None
    sk_to: Value = ""
    order: Literal["asc", "desc"] | None = None
    consistent: bool = False


class QuestionWanted(Question):
    """A question in an address. `filter` is a condition as JSON, `attribute` a path; both any number of times."""

    filter: list[Annotated[Line, StringConstraints(max_length=LONGEST_FILTER)]] = Field(
        default_factory=list, description='{"path": "a.b", "op": ">", "type": "N", "value": "5"}, any number of times.'
    )
    attribute: list[Line] = Field(default_factory=list, description="A path, any number of times.")
    limit: Limit = 25

    def query(self, row: Table) -> Query:
        """The query. Raises ProblemError, with the fields it is about."""
        return _query(
            self, row, [_filter(place, text) for place, text in enumerate(self.filter)], self.attribute, self.limit
        )


class ItemsWanted(QuestionWanted):
    """A question in an address, and which page of its answer."""

    cursor: Line = Field("", description="The `next` of the page before.")
    view: Literal["typed", "plain"] = "typed"


class ItemsAsked(Question, Sent):
    """A question within a body."""

    filters: list[Filter] = Field(default_factory=list, max_length=MOST_FILTERS)
    attributes: list[Line] = Field(default_factory=list, max_length=MOST_ATTRIBUTES)

    def query(self, row: Table) -> Query:
        """The query. Raises ProblemError, with the fields it is about."""
        return _query(self, row, self.filters, self.attributes, MOST)


def _query(asked: Question, row: Table, filters: list[Filter], attributes: list[str], limit: int) -> Query:
    _require_whole(asked)
    shape, pattern = shape_of(row), _pattern(asked, row)
    order = asked.order or ("desc" if pattern and pattern.descending else "asc")
    index = (pattern.index or "") if pattern else asked.index
    pairs: Pairs = [("index", index), ("order", order), ("size", str(limit))]
    pairs += [("pk", asked.pk)] if asked.pk is not None else []
    pairs += [("sk_op", asked.sk_op), ("sk", asked.sk), ("sk_to", asked.sk_to)] if asked.sk is not None else []
    for one in filters:
        pairs += zip(FILTER_FIELDS, (one.path, one.op, one.type, one.value, one.to), strict=True)
    pairs += [("attribute", path) for path in attributes]
    pairs += [("consistent", "1")] if asked.consistent else []
    try:
        return read_query(pairs, shape)
    except BadQueryError as wrong:
        raise _refused({"limit" if name == "size" else name: said for name, said in wrong.fields.items()}) from None


def _require_whole(asked: Question) -> None:
    """What the page's empty fields mean is said here by leaving it out: an empty value would ask for all."""
    wrong = {
        name: "A key is never empty. Leave it out to read all." for name in ("pk", "sk") if getattr(asked, name) == ""
    }
    if asked.sk is None and (asked.sk_op != "=" or asked.sk_to):
        wrong["sk"] = "Needed: the value that the sort key is held against."
    if asked.sk_to and asked.sk_op != "between":
        wrong["sk_to"] = "Only between has a second value."
    if wrong:
        raise _refused(wrong)


def _pattern(asked: Question, row: Table) -> AccessPattern | None:
    if not asked.pattern:
        return None
    known = {pattern_name(one): one for one in patterns_of(row, shape_of(row))}
    found = known.get(asked.pattern)
    if found is None:
        names = f"It has {', '.join(known)}." if known else "It has none."
        raise _refused({"pattern": f"{row.name} has no access pattern of that name. {names}"})
    if asked.index and asked.index != found.index:
        raise _refused({"index": f"The access pattern is asked of {found.index or 'the table itself'}."})
    if asked.pk is None:
        raise _refused({"pk": f"Needed: the value of {found.partition_key}."})
    return found


def _filter(place: int, text: str) -> Filter:
    """A condition as it stands in an address. Raises ProblemError."""
    try:
        return Filter.model_validate(parsed(text))
    except BadValueError as wrong:
        said = wrong.sentence
    except ValidationError as wrong:
        first = wrong.errors()[0]
        said = f"{'.'.join(map(str, first['loc'])) or 'A filter'}: {first['msg']}."
    raise _refused({f"filter.{place}": f'{said} Write {{"path": "a.b", "op": "=", "type": "S", "value": "x"}}.'})


def _refused(fields: Mapping[str, str]) -> ProblemError:
    said = next(iter(fields.values()))
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-query", said, fields=fields)
