"""A query as people ask it: of a table or an index, read from a form or a link, checked, and written as a link again.

Everything of it stands in the link as pairs of names and texts, so that a link can be shared and no page of results
forgets what was asked (pitfall 5). Without a partition it is a scan. Names of the pairs: `index`; `pk`; `sk_op`, `sk`
and `sk_to`; `path`, `op`, `type`, `value` and `to` once for each filter; `order` (desc); `attribute` once for each;
`size`; `consistent` (1).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from provisioning.items.operators import OPERATORS, VALUE_TYPES, operands, operators_for, sort_operators_for, typed
from provisioning.items.paths import path_of, steps_of
from provisioning.items.values import BadValueError, Value
from provisioning.models import Table

PAGE_SIZES = (10, 25, 50, 100)  # that a form offers
LARGEST_PAGE = 100
MOST_FILTERS = 20
MOST_ATTRIBUTES = 50
LONGEST_PARTITION, LONGEST_SORT = 2048, 1024  # bytes of a key value
FILTER_FIELDS = ("path", "op", "type", "value", "to")


class BadQueryError(ValueError):
    """A query that cannot be asked. `fields` says what is wrong by the name of a pair, a filter's as `filter.<n>`,
    counted from 0; `sentence` is the first of them."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        self.sentence = next(iter(self.fields.values()))
        super().__init__(self.sentence)


@dataclass(frozen=True)
class View:
    """A table or one of its indexes, as something to read. `name` is empty for the table itself.

    `sort` is empty without a sort key. `projection` is ALL, KEYS_ONLY or INCLUDE, then of `included` too.
    """

    name: str
    partition: str
    sort: str = ""
    projection: str = "ALL"
    included: tuple[str, ...] = ()
    is_local: bool = False

    @property
    def is_global(self) -> bool:
        """Whether it is a global index: those are read eventually consistent only (pitfall 27)."""
        return bool(self.name) and not self.is_local

    @property
    def keys(self) -> tuple[str, ...]:
        """Its key attributes, the partition's first."""
        return (self.partition, self.sort) if self.sort else (self.partition,)


@dataclass(frozen=True)
class Shape:
    """What can be asked of a table: the table itself and its indexes, and the types of their key attributes."""

    table: str
    itself: View
    indexes: tuple[View, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)

    def view(self, index: str) -> View | None:
        """The index of this name, or the table itself for an empty one; None when there is no such index."""
        return next((view for view in (self.itself, *self.indexes) if view.name == index), None)

    def start_names(self, index: str) -> tuple[str, ...]:
        """The attributes of a start key: those of the index and those of the table (pitfall 4)."""
        view = self.view(index) or self.itself
        return tuple(dict.fromkeys((*self.itself.keys, *view.keys)))

    def projected(self, index: str) -> frozenset[str] | None:
        """The attributes that are in an index, None for all of them (pitfall 26)."""
        view = self.view(index) or self.itself
        if view.projection == "ALL":
            return None
        return frozenset(self.start_names(index)) | frozenset(view.included)


@dataclass(frozen=True)
class Condition:
    """One thing that is asked of a value. `path` is as `steps_of` reads it, `operator` a code of OPERATORS; `value` is
    the text that somebody typed, `upper` the second one of `between`."""

    path: str
    operator: str = "="
    type: str = "S"
    value: str = ""
    upper: str = ""

    def operands(self) -> list[Value]:
        """What it compares with. Raises BadValueError."""
        return operands(OPERATORS[self.operator], self.type, self.value, self.upper)


@dataclass(frozen=True)
class Query:
    """What is asked. `partition` is the partition key's value as text, None for a scan; `sort` a condition on the sort
    key. The types of both are the table's."""

    index: str = ""
    partition: str | None = None
    sort: Condition | None = None
    filters: tuple[Condition, ...] = ()
    descending: bool = False
    attributes: tuple[str, ...] = ()
    page_size: int = 25
    consistent: bool = False

    @property
    def is_scan(self) -> bool:
        """Whether it reads everything, partition after partition."""
        return self.partition is None

    @property
    def word(self) -> str:
        """What DynamoDB calls it: the label of the button."""
        return "Scan" if self.is_scan else "Query"

    def pairs(self) -> list[tuple[str, str]]:
        """The whole query for a link; `read_query` reads it back."""
        found = [("index", self.index)] if self.index else []
        if self.partition is not None:
            found.append(("pk", self.partition))
        if self.sort is not None:
            found += [("sk_op", self.sort.operator), ("sk", self.sort.value)]
            found += [("sk_to", self.sort.upper)] if self.sort.upper else []
        for one in self.filters:
            found += zip(FILTER_FIELDS, (one.path, one.operator, one.type, one.value, one.upper), strict=True)
        found += [("order", "desc")] if self.descending else []
        found += [("attribute", name) for name in self.attributes]
        found += [("size", str(self.page_size))] if self.page_size != Query.page_size else []
        return found + ([("consistent", "1")] if self.consistent else [])


def shape_of(table: Table) -> Shape:
    """What can be asked of a table, as it was last described: nothing is asked of AWS."""
    described = table.described
    return Shape(
        table=table.name,
        itself=View("", *_keys(described.get("keys", ()))),
        indexes=tuple(_index(index) for index in described.get("indexes", ())),
        types=dict(described.get("attribute_types", {})),
    )


def _keys(keys: Iterable[Mapping[str, str]]) -> tuple[str, str]:
    by_role = {key["role"]: key["attribute"] for key in keys}
    return by_role.get("HASH", ""), by_role.get("RANGE", "")


def _index(index: Mapping[str, Any]) -> View:
    return View(
        index["name"],
        *_keys(index["keys"]),
        projection=index.get("projection") or "ALL",
        included=tuple(index.get("included", ())),
        is_local=bool(index.get("is_local")),
    )


def read_query(pairs: Iterable[tuple[str, str]], shape: Shape) -> Query:
    """The query of a form or a link; names that are not its own are passed over. Raises BadQueryError."""
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)

    def last(name: str, default: str = "") -> str:
        return given.get(name, [default])[-1]

    view = shape.view(last("index"))
    sort = None
    if last("sk") or last("sk_to"):
        kind = shape.types.get(view.sort, "S") if view else "S"
        sort = Condition(view.sort if view else "", last("sk_op") or "=", kind, last("sk"), last("sk_to"))
    size = last("size", str(Query.page_size))
    query = Query(
        index=last("index"),
        partition=last("pk") or None,
        sort=sort,
        filters=_filters([given.get(name, []) for name in FILTER_FIELDS]),
        descending=last("order") == "desc",
        attributes=tuple(dict.fromkeys(text.strip() for text in given.get("attribute", []) if text.strip())),
        page_size=int(size) if size.isascii() and size.isdecimal() else 0,
        consistent=last("consistent") in {"1", "on", "true"},
    )
    return check_query(query, shape)


def _filters(columns: Sequence[Sequence[str]]) -> tuple[Condition, ...]:
    """The rows of filters; one that nobody filled in is none."""
    rows = zip_longest(*columns, fillvalue="")
    return tuple(
        Condition(path.strip(), operator or "=", kind or "S", value, upper)
        for path, operator, kind, value, upper in rows
        if path.strip() or value or upper
    )


def check_query(query: Query, shape: Shape) -> Query:
    """The query, its key conditions where they belong (pitfall 24). Raises BadQueryError with every field that is
    wrong, each in words."""
    view = shape.view(query.index)
    if view is None:
        raise BadQueryError({"index": f"{shape.table} has no index “{query.index}”."})
    query = _keys_routed(query, view, shape)
    wrong = {
        **_wrong_keys(query, view, shape),
        **_wrong_filters(query, view, shape),
        **_wrong_attributes(query, view, shape),
        **_wrong_options(query, view),
    }
    if wrong:
        raise BadQueryError(wrong)
    return query


def _keys_routed(query: Query, view: View, shape: Shape) -> Query:
    """What filters say about keys, as key conditions: an equality with the partition key makes a scan a query, and a
    condition on the sort key of a query that has none is that."""
    if query.partition is None:
        query = _routed_partition(query, view, shape)
    if query.partition is None or query.sort is not None or not view.sort:
        return query
    fit = {operator.code for operator in sort_operators_for(shape.types.get(view.sort, "S"))}
    on_sort = [one for one in query.filters if _is_key(one, view.sort, shape) and one.operator in fit]
    if len(on_sort) != 1:
        return query
    rest = tuple(one for one in query.filters if one is not on_sort[0])
    return replace(query, sort=replace(on_sort[0], path=view.sort), filters=rest)


def _routed_partition(query: Query, view: View, shape: Shape) -> Query:
    equal = [one for one in query.filters if _is_key(one, view.partition, shape) and one.operator == "="]
    if len(equal) != 1:
        return query
    return replace(query, partition=equal[0].value, filters=tuple(one for one in query.filters if one is not equal[0]))


def _is_key(condition: Condition, name: str, shape: Shape) -> bool:
    """Whether a condition is about this key attribute itself, with a value of its type."""
    return condition.type == shape.types.get(name) and condition.path in {name, path_of([name])}


def _wrong_keys(query: Query, view: View, shape: Shape) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if query.partition is None:
        if query.sort is not None:
            wrong["sk"] = f"A condition on the sort key needs a value of {view.partition} as well."
        return wrong
    try:
        _check_key_value(typed(shape.types.get(view.partition, "S"), query.partition), LONGEST_PARTITION)
    except BadValueError as bad:
        wrong["pk"] = bad.sentence
    if query.sort is None:
        return wrong
    if not view.sort:
        return wrong | {"sk": f"{view.name or shape.table} has no sort key."}
    kind = shape.types.get(view.sort, "S")
    if query.sort.operator not in {operator.code for operator in sort_operators_for(kind)}:
        return wrong | {"sk_op": f"{view.sort} cannot be asked for with “{query.sort.operator}”."}
    try:
        for value in replace(query.sort, type=kind).operands():
            _check_key_value(value, LONGEST_SORT)
    except BadValueError as bad:
        wrong["sk"] = bad.sentence
    return wrong


def _check_key_value(value: Value, most: int) -> None:
    ((kind, content),) = value.items()
    size = 1 if kind == "N" else len(content.encode() if kind == "S" else content)
    if size == 0:
        raise BadValueError("A key is never empty.")
    if size > most:
        raise BadValueError(f"This key has {size:,} bytes; DynamoDB takes {most:,} at most.")


def _wrong_filters(query: Query, view: View, shape: Shape) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if len(query.filters) > MOST_FILTERS:
        wrong["filters"] = f"A query takes {MOST_FILTERS} filters here at most."
    for place, condition in enumerate(query.filters):
        problem = _wrong_filter(condition, query, view, shape)
        if problem:
            wrong[f"filter.{place}"] = problem
    return wrong


def _wrong_filter(condition: Condition, query: Query, view: View, shape: Shape) -> str:
    operator = OPERATORS.get(condition.operator)
    if operator is None:
        return f"“{condition.operator}” is no operator."
    try:
        steps = steps_of(condition.path)
        if operator.types and condition.type not in VALUE_TYPES:
            return f"“{condition.type}” is no type of a value to compare with."
        if operator not in operators_for(condition.type):
            return f"“{operator.label}” cannot be asked of this type."
        condition.operands()
    except BadValueError as bad:
        return bad.sentence
    if not query.is_scan and steps[0] in view.keys:
        return f"{steps[0]} is a key of this query, which DynamoDB does not filter by. Ask for it in its key field."
    return _not_there(str(steps[0]), view, shape)


def _wrong_attributes(query: Query, view: View, shape: Shape) -> dict[str, str]:
    if len(query.attributes) > MOST_ATTRIBUTES:
        return {"attribute": f"Name {MOST_ATTRIBUTES} attributes at most."}
    for path in query.attributes:
        try:
            steps = steps_of(path)
        except BadValueError as bad:
            return {"attribute": f"“{path}”: {bad.sentence}"}
        missing = _not_there(str(steps[0]), view, shape)
        if missing:
            return {"attribute": missing}
    return {}


def _not_there(name: str, view: View, shape: Shape) -> str:
    """A global index has what it projects and nothing else; a local one fetches the rest from its table."""
    projected = shape.projected(view.name)
    if not view.is_global or projected is None or name in projected:
        return ""
    return f"{name} is not projected into {view.name}. Ask the table itself."


def _wrong_options(query: Query, view: View) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not 1 <= query.page_size <= LARGEST_PAGE:
        wrong["size"] = f"A page has 1 to {LARGEST_PAGE} items."
    if query.consistent and view.is_global:
        wrong["consistent"] = "A global index is never read strongly consistent."
    return wrong
