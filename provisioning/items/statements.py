"""PartiQL statements: what one does, to which table, and how much it reads; judged before anything runs (pitfall 28).

A SELECT reads one partition, or a few, where its WHERE says so beyond doubt; everything else, also what is not
understood, counts as a scan of the whole table. It is sent to AWS written anew: names in quotation marks, values as
parameters. A write is never sent as a statement: it becomes a WriteIntent, and goes the guarded way of the form.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from provisioning.items.masking import Mask
from provisioning.items.query import Shape, View
from provisioning.items.statement_grammar import AllOf, Comparison, Condition, Literal, Path, Reader
from provisioning.items.statement_sending import Sent, paths_in, sent_form
from provisioning.items.statement_tokens import OF_THE_LANGUAGE, BadStatementError, Kind, Word, shown, words_of
from provisioning.items.values import Value

MOST_PARTITIONS = 50  # values of a partition key in one IN; DynamoDB takes no more

NO_LIKE = "DynamoDB has no such comparison: use begins_with(…, …) or contains(…, …)."
NOT_UNDERSTOOD = "Stackyard does not understand the condition, so it counts as a scan of the whole table"


class Verb(StrEnum):
    """What a statement does."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


@dataclass(frozen=True)
class Select:
    """A SELECT as it was understood. `partitions` is how many partitions it reads, None for the whole table or index,
    then with `why`, a sentence. `columns` are the attributes that it asks for by their plain names, None for all; with
    `computed` it asks for something else too, such as a part of an attribute. `conditions` are the places that its
    WHERE and ORDER BY look at, equality with the partition key left out."""

    index: str
    partitions: int | None
    why: str
    columns: tuple[str, ...] | None
    computed: bool
    conditions: tuple[Path, ...]
    sent: Sent

    @property
    def is_scan(self) -> bool:
        """Whether it reads everything there is."""
        return self.partitions is None


@dataclass(frozen=True)
class Target:
    """The table of a page: its shape, and the parameters that somebody gave for each `?`."""

    shape: Shape
    parameters: Sequence[Value] = ()


def verb_of(text: str) -> Verb:
    """What a statement does. Raises BadStatementError for what is none that is run here."""
    first = words_of(text)[0]
    if first.is_keyword("EXISTS"):
        raise BadStatementError("EXISTS is for transactions only. Run the SELECT that is in it.", first.at)
    if not first.is_keyword(*Verb):
        raise BadStatementError("A statement begins with SELECT, INSERT, UPDATE or DELETE.", first.at)
    return Verb(first.content)


def given_values(words: Sequence[Word], parameters: Sequence[Value]) -> Mapping[int, Value]:
    """The value of each `?` by where it stands. Raises BadStatementError when there are more or fewer."""
    marks = [word.at for word in words if word.is_sign("?")]
    if len(marks) != len(parameters):
        plural = "" if len(marks) == 1 else "s"
        raise BadStatementError(
            f"The statement has {len(marks)} parameter{plural} (?), and {len(parameters)} are given.",
            marks[len(parameters)] if len(marks) > len(parameters) else None,
        )
    return dict(zip(marks, parameters, strict=True))


def read_select(text: str, target: Target) -> Select:
    """A SELECT of this very table or one of its indexes. Raises BadStatementError (pitfall 42)."""
    words = words_of(text)
    reader = Reader(words, given_values(words, target.parameters))
    reader.expect("SELECT")
    columns, computed = _columns(reader)
    view = table_of(reader, target.shape)
    rest = reader.place
    _check_rest(words[rest:])
    condition, understood = _condition(reader)
    keys = tuple(_partition_tests(condition, view, target.shape))
    partitions = min((len(test.others) for test in keys), default=None)
    looked_at = paths_in(words[rest:])
    known = {test.first.at for test in keys if isinstance(test.first, Path)}
    if partitions is not None and partitions > MOST_PARTITIONS:
        raise BadStatementError(f"IN takes {MOST_PARTITIONS} values of {view.partition} at most.", None)
    return Select(
        index=view.name,
        partitions=partitions,
        why="" if keys else _why_scan(view, understood=understood, conditional=condition is not None),
        columns=columns,
        computed=computed,
        conditions=tuple(path for path in looked_at if path.at not in known),
        sent=sent_form(words, reader, rest),
    )


def _columns(reader: Reader) -> tuple[tuple[str, ...] | None, bool]:
    """The plain attributes that a SELECT asks for, None for all, and whether it asks for anything else. Stops before
    FROM."""
    if reader.skip("*"):
        return None, False
    names: list[str] = []
    computed = False
    while True:
        ended = reader.after().is_sign(",") or reader.after().is_keyword("FROM")
        if reader.word.is_name and ended:
            names.append(reader.take().content)
        else:
            _computed_column(reader)
            computed = True
        if not reader.skip(","):
            return tuple(names), computed


def _computed_column(reader: Reader) -> None:
    """Go past a column that is more than an attribute: a path, or a function of one."""
    if reader.word.kind is Kind.NAME and reader.after().is_sign("("):
        reader.take()
        reader.take()
        if not reader.skip("*"):
            reader.path()
        reader.expect(")")
    else:
        reader.path()


def table_of(reader: Reader, shape: Shape, *, before: str = "FROM") -> View:
    """The table or index that a statement is about, which must be the one of this page (pitfall 42)."""
    if before:
        reader.expect(before)
    if not reader.word.is_name:
        raise reader.surprise("the name of the table")
    at = reader.word.at
    name = reader.take().content
    index = ""
    if reader.skip("."):
        if not reader.word.is_name:
            raise reader.surprise("the name of an index")
        index = reader.take().content
    if name != shape.table:
        cut = reader.word.is_sign("-", ".")
        hint = "A name like that stands in quotation marks." if cut else f'Write "{shape.table}".'
        raise BadStatementError(f"This is about {shape.table} and no other table. {hint}", at)
    view = shape.view(index)
    if view is None:
        raise BadStatementError(f"{shape.table} has no index “{index}”.", at)
    return view


def _check_rest(words: Sequence[Word]) -> None:
    """What follows the table is conditions and an order, whatever else is in there."""
    if not (words[0].is_keyword("WHERE", "ORDER") or words[0].kind is Kind.END):
        raise BadStatementError(f"Here stands {shown(words[0])}, where WHERE or the end is needed.", words[0].at)
    allowed = {"WHERE", "AND", "OR", "NOT", "IN", "IS", "BETWEEN", "ORDER", "BY", "ASC", "DESC"}
    allowed |= {"NULL", "MISSING", "TRUE", "FALSE"}
    for word in words:
        if word.kind is Kind.KEYWORD and word.content not in allowed:
            hint = NO_LIKE if word.content == "LIKE" else OF_THE_LANGUAGE
            raise BadStatementError(f"{shown(word)} is not taken here. {hint}", word.at)


def _condition(reader: Reader) -> tuple[Condition | None, bool]:
    """The condition of a WHERE, None without one or when it is not understood, and whether it and all that follows is
    understood."""
    condition = None
    try:
        if reader.skip("WHERE"):
            condition = reader.condition()
        if reader.skip("ORDER"):
            reader.expect("BY")
            reader.path()
            reader.skip("ASC", "DESC")
            while reader.skip(","):
                reader.path()
                reader.skip("ASC", "DESC")
    except BadStatementError:
        return None, False
    if reader.word.kind is not Kind.END:
        return None, False
    return condition, True


def _partition_tests(condition: Condition | None, view: View, shape: Shape) -> Iterator[Comparison]:
    """The parts of a condition that must hold, each by itself, and say which partitions are meant (B4)."""
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    for part in parts:
        if isinstance(part, AllOf):
            yield from _partition_tests(part, view, shape)
        elif isinstance(part, Comparison) and _says_partition(part, view, shape):
            yield part


def _says_partition(test: Comparison, view: View, shape: Shape) -> bool:
    if not isinstance(test.first, Path) or test.first.steps != (view.partition,):
        return False
    kind = shape.types.get(view.partition, "")
    values = [other.value for other in test.others if isinstance(other, Literal)]
    fit = len(values) == len(test.others) > 0 and all(set(value) == {kind} for value in values)
    return fit and test.operator in {"=", "IN"}


def _why_scan(view: View, *, understood: bool, conditional: bool) -> str:
    needed = f'"{view.partition}" = … or "{view.partition}" IN […]'
    if not understood:
        return f"{NOT_UNDERSTOOD}. {needed}, joined to the rest with AND, would make it a query."
    if not conditional:
        return f"It has no WHERE. {needed} would make it a query."
    return f"Its WHERE does not say which partition it is about. {needed}, joined to the rest with AND, would."


def why_hidden(select: Select, mask: Mask) -> str:
    """Why a SELECT is not run for people from whom something is hidden; empty when it may be. Masks go by the names of
    attributes, so what comes back has to have them; and what a condition compares with is told by what it finds
    (pitfall 41)."""
    if mask.is_empty:
        return ""
    if select.computed:
        return (
            "Something is hidden in this table, so a statement may ask for * or whole attributes here: no parts of"
            " attributes, functions or other names."
        )
    for path in select.conditions:
        if mask.touches(path.steps):
            return f"“{path.steps[0]}” is hidden in this table, so a condition or an order cannot be about it here."
    return ""
