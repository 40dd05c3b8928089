"""What is typed about items, as the API takes it: keys, values, conditions, and questions made of them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from portal.cli.asking import ENVIRONMENT
from portal.cli.command import Session
from portal.cli.failures import Exit, Failure
from portal.cli.where import Where

TABLE = f"{ENVIRONMENT}/tables/{{table}}"
Json = dict[str, Any]
_TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_CONDITION = re.compile(r'\s*(?P<path>(?:"(?:\\.|[^"\\])*"|[^\s"])+)\s+(?P<op>\S+)(?:\s+(?P<value>.*))?', re.DOTALL)
_BETWEEN = re.compile(r"(?P<value>.+?)\s+and\s+(?P<to>.+)", re.DOTALL)
_BARE = frozenset({"exists", "not-exists"})


@dataclass(frozen=True)
class Table:
    """A table of an environment, as the API told it."""

    where: Where
    told: Json

    @property
    def name(self) -> str:
        """Its whole name."""
        return str(self.told["name"])

    @property
    def at(self) -> dict[str, Any]:
        """What stands in the addresses of this table."""
        return {"app": self.where.app, "name": self.where.name, "table": self.name}

    def key(self, words: Sequence[str]) -> str:
        """The key of an item as the API takes it: its values in the order of the table's keys, or typed JSON. Raises
        click.UsageError."""
        keys = self.told["keys"]
        if len(words) == 1 and words[0].lstrip().startswith("{"):
            return words[0]
        if len(words) != len(keys):
            wanted = " ".join(str(one["name"]).upper() for one in keys)
            raise click.UsageError(f"The key of {self.name} is {wanted}; or write it as typed JSON.")
        pairs = zip(keys, words, strict=True)
        return json.dumps({one["name"]: {one["type"]: word} for one, word in pairs}, ensure_ascii=False)

    def key_of(self, item: Mapping[str, Any]) -> str:
        """The key of an item in typed JSON. Raises Failure where a part is missing."""
        names = [one["name"] for one in self.told["keys"]]
        missing = [name for name in names if name not in item]
        if missing:
            raise Failure(Exit.USAGE, f"The item has no {' and no '.join(missing)}, which is the key of {self.name}.")
        return json.dumps({name: item[name] for name in names}, ensure_ascii=False)


def table_argument(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `table` as typed: its whole name, what its template calls it, or the last words of its name."""
    return click.argument("table", metavar="TABLE")(run)


def find_table(session: Session, where: Where, named: str) -> Table:
    """The table that was meant. Raises Failure where none is, or several are."""
    path = f"{ENVIRONMENT}/tables"
    rows = session.client.pages(path, app=where.app, name=where.name)["items"]
    found = [one for one in rows if one["name"] == named] or [one for one in rows if _is_meant(one, named)]
    if len(found) == 1:
        return Table(where, found[0])
    names = ", ".join(one["name"] for one in found or rows)
    if found:
        raise Failure(Exit.USAGE, f"{named} may be each of these: {names}.")
    there = f"It has {names}." if names else "It has none."
    raise Failure(Exit.NOT_FOUND, f"{where} has no table {named}. {there}")


def _is_meant(row: Json, named: str) -> bool:
    word = named.lower()
    logical = (row["logical_id"] or "").lower()
    return word in {logical, logical.removesuffix("table")} or str(row["name"]).lower().endswith(
        (f"-{word}", f"_{word}")
    )


def value_of(text: str) -> Json:
    """A value as typed JSON: what is written as a JSON number, true, false, null or a text in quotation marks is that,
    {"SS": [...]} and the like are what they say, everything else is a text. Raises click.UsageError."""
    if _NUMBER.fullmatch(text):
        return {"N": text}
    if text in {"true", "false"}:
        return {"BOOL": text == "true"}
    if text == "null":
        return {"NULL": True}
    if text[:1] not in {'"', "{"}:
        return {"S": text}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"This is no JSON: {text} ({error})") from None
    if isinstance(found, str):
        return {"S": found}
    if len(found) == 1 and next(iter(found)) in _TYPES:
        return dict(found)
    raise click.UsageError(f'Write a typed value, such as {{"M": {{"a": {{"N": "1"}}}}}}. This was: {text}')


def condition(text: str) -> Json:
    """A condition, such as `timestamp > 1000`, `kind in a,b`, `n between 1 and 5`, `deleted not-exists`, as the API
    takes it. Raises click.UsageError."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise click.UsageError(f"Write a condition as PATH OP VALUE, such as 'timestamp > 1000'. This was: {text!r}")
    path, op, value = found["path"], found["op"], (found["value"] or "").strip()
    if op in _BARE:
        return {"path": path, "op": op}
    if op == "type" or op.startswith("size"):
        return {"path": path, "op": op, "value": value}
    if op == "in":
        numbers = all(_NUMBER.fullmatch(one.strip()) for one in value.split(","))
        return {"path": path, "op": op, "type": "N" if numbers else "S", "value": value}
    pair = _BETWEEN.fullmatch(value) if op == "between" else None
    if op == "between" and pair is None:
        raise click.UsageError(f"Write {path} between LOW and HIGH. This was: {text!r}")
    kind, content = _scalar(pair["value"] if pair else value)
    to = {"to": _scalar(pair["to"])[1]} if pair else {}
    return {"path": path, "op": op, "type": kind, "value": content, **to}


def _scalar(text: str) -> tuple[str, str]:
    """A value that can be compared with: its type, and its text."""
    ((kind, content),) = value_of(text).items()
    if kind not in {"S", "N", "B", "BOOL", "NULL"}:
        raise click.UsageError(f"Nothing is compared with a value of this type: {text}")
    return kind, "" if kind == "NULL" else str(content).lower() if kind == "BOOL" else str(content)


@dataclass(frozen=True)
class Question:
    """What is asked of a table, as typed."""

    index: str
    pattern: str
    pk: str | None
    sk: str
    filters: tuple[Json, ...]
    order: str
    attributes: tuple[str, ...]
    consistent: bool

    @property
    def body(self) -> Json:
        """The question as a body; what was not said is left out."""
        return {**self._common, **self._list("filters", self.filters), **self._list("attributes", self.attributes)}

    @property
    def query(self) -> Json:
        """The question as the query of an address."""
        filters = [json.dumps(one, ensure_ascii=False) for one in self.filters]
        return {**self._common, "filter": filters, "attribute": list(self.attributes)}

    @property
    def _common(self) -> Json:
        named = {"index": self.index, "pattern": self.pattern, "pk": self.pk, "order": self.order}
        found: Json = {name: value for name, value in named.items() if value}
        return found | _sort(self.sk) | ({"consistent": True} if self.consistent else {})

    @staticmethod
    def _list(name: str, values: Sequence[Any]) -> Json:
        return {name: list(values)} if values else {}


def _sort(text: str) -> Json:
    """A condition on the sort key: VALUE, or OP VALUE."""
    if not text:
        return {}
    op, _, rest = text.strip().partition(" ")
    if op not in {"=", "<", "<=", ">", ">=", "between", "begins-with"} or not rest:
        return {"sk": text}
    pair = _BETWEEN.fullmatch(rest) if op == "between" else None
    if op == "between" and pair is None:
        raise click.UsageError(f"Write --sk 'between LOW and HIGH'. This was: {text!r}")
    if pair:
        return {"sk_op": op, "sk": pair["value"].strip(), "sk_to": pair["to"].strip()}
    return {"sk_op": op, "sk": rest.strip()}


def question_options(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `asked`, what it reads: by a key with --pk, otherwise everything."""

    @wraps(run)
    def asking(*args: Any, where_: Sequence[str], desc: bool | None, attribute: Sequence[str], **given: Any) -> Any:
        names = ("index", "pattern", "pk", "sk", "consistent")
        taken = {name: given.pop(name) for name in names}
        if taken["pk"] == "":
            raise click.UsageError("A key is never empty: leave --pk out to read everything.")
        order = "" if desc is None else "desc" if desc else "asc"
        filters = tuple(condition(one) for one in where_)
        asked = Question(filters=filters, order=order, attributes=tuple(attribute), **taken)
        return run(*args, asked=asked, **given)

    for option in reversed(
        (
            click.option("--pk", metavar="VALUE", help="Of this partition key; without it everything is read: a scan."),
            click.option("--sk", default="", metavar="[OP] VALUE", help="Of this sort key: 5, '> 5', 'begins-with a'."),
            click.option("--index", default="", help="Ask this index."),
            click.option("--pattern", default="", help="Ask as this access pattern does; see stackyard tables."),
            click.option(
                "--where",
                "where_",
                multiple=True,
                metavar="CONDITION",
                help="Only what fits: 'n > 5'; all hold.",
            ),
            click.option("--desc/--asc", default=None, help="Down, or up, by the sort key."),
            click.option("--attribute", multiple=True, metavar="PATH", help="Only these attributes."),
            click.option("--consistent", is_flag=True, help="Strongly consistent, at twice the price."),
        )
    ):
        asking = option(asking)
    return asking
