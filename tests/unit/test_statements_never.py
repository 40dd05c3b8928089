"""What must never happen with a statement, whatever it is made of (pitfalls 28, 42)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.items.query import Shape, View
from provisioning.items.statement_tokens import BadStatementError, Kind, words_of
from provisioning.items.statement_writes import read_write
from provisioning.items.statements import Target, read_select

TABLE = "dev-it''s \"odd\""
SHAPE = Shape(TABLE, View("", "id", "at"), (View("by-note", "note"),), {"id": "S", "at": "N", "note": "S"})
Row = Mapping[str, str]

VALUES = ("a", "b", "it's", "' OR id = 'b", "x -- y", "/* AND */", "; SELECT", '"id" = ', "", "SELECT * FROM t")
NAMES = ("id", "at", "note", "ID", "select", "id = 'a' OR x", 'q"uoted', "AND id")
ROWS = [{"id": partition, "at": at, "note": note} for partition in VALUES[:5] for at in "ab" for note in VALUES[:5]]


@dataclass(frozen=True)
class Part:
    """A condition as text, and which rows fulfil it: worked out here, without the code that is tested."""

    text: str
    holds: Callable[[Row], bool]


def quoted(text: str, mark: str) -> str:
    return mark + text.replace(mark, mark * 2) + mark


def asked(condition: str, table: str = "") -> str:
    return " ".join(["SELECT * FROM", table or quoted(TABLE, '"'), "WHERE", condition])


def either_case(word: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word, word.lower(), word.capitalize()])


@st.composite
def comparisons(draw: st.DrawFn) -> Part:
    name = draw(st.sampled_from(NAMES))
    value = draw(st.sampled_from(VALUES))
    written = name if name in {"id", "at", "note", "ID"} and draw(st.booleans()) else quoted(name, '"')
    sign = draw(st.sampled_from(["=", "<>", ">", "<=", "in", "begins_with"]))
    if sign == "in":
        values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3))
        inside = ", ".join(quoted(one, "'") for one in values)
        return Part(f"{written} {draw(either_case('IN'))} [{inside}]", lambda row: row.get(name) in values)
    literal = quoted(value, "'")
    if sign == "begins_with":
        return Part(f"begins_with({written}, {literal})", lambda row: row.get(name, "\0").startswith(value))
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda here: here == value,
        "<>": lambda here: here != value,
        ">": lambda here: here > value,
        "<=": lambda here: here <= value,
    }
    test = tests[sign]
    return Part(
        f"{written}{draw(st.sampled_from(['', ' ', chr(10)]))}{sign} {literal}",
        lambda row: name in row and test(row[name]),
    )


def _not(part: Part) -> st.SearchStrategy[Part]:
    return either_case("NOT").map(lambda word: Part(f"{word} ({part.text})", lambda row: not part.holds(row)))


def _bracketed(part: Part) -> st.SearchStrategy[Part]:
    return st.just(Part(f"({part.text})", part.holds))


def _both(parts: tuple[Part, Part]) -> st.SearchStrategy[Part]:
    """Both sides in brackets: how AND and OR bind is tested by `chains`."""
    one, other = parts
    return st.booleans().flatmap(
        lambda both: either_case("AND" if both else "OR").map(
            lambda word: Part(
                f"({one.text}) {word} ({other.text})",
                (lambda row: one.holds(row) and other.holds(row))
                if both
                else (lambda row: one.holds(row) or other.holds(row)),
            )
        )
    )


conditions = st.recursive(
    comparisons(),
    lambda inner: st.one_of(inner.flatmap(_not), inner.flatmap(_bracketed), st.tuples(inner, inner).flatmap(_both)),
    max_leaves=6,
)


@st.composite
def chains(draw: st.DrawFn) -> Part:
    """Conditions joined without brackets: AND binds before OR."""
    groups = draw(
        st.lists(
            st.lists(conditions.flatmap(_bracketed) | comparisons(), min_size=1, max_size=3), min_size=1, max_size=3
        )
    )
    text = " OR ".join(" AND ".join(part.text for part in group) for group in groups)
    return Part(text, lambda row: any(all(part.holds(row) for part in group) for group in groups))


@given(conditions | chains())
@example(
    Part("id = 'a' AND at = 'a' OR note = 'b'", lambda row: row["note"] == "b" or (row["id"], row["at"]) == ("a", "a"))
)
def test_pitfall_28_a_query_never_holds_for_a_row_of_a_partition_that_it_does_not_name(condition: Part) -> None:
    found = read_select(asked(condition.text), Target(SHAPE))
    if found.is_scan:
        return
    named = {value["S"] for value in found.sent.parameters if "S" in value}
    partitions = {row["id"] for row in ROWS if condition.holds(row)}
    assert partitions <= named
    assert len(partitions) <= (found.partitions or 0)


def _without_partition(text: str) -> bool:
    """Whether no word of a condition names the partition key."""
    return all(not (word.is_name and word.content == "id") for word in words_of(text))


@given((conditions | chains()).filter(lambda part: _without_partition(part.text)))
def test_pitfall_28_without_the_partition_key_it_is_never_a_query(condition: Part) -> None:
    assert read_select(asked(condition.text), Target(SHAPE)).is_scan


@given(conditions | chains(), conditions)
def test_pitfall_28_or_never_makes_a_query(one: Part, other: Part) -> None:
    assert read_select(asked(f"id = 'a' AND ({one.text}) OR ({other.text})"), Target(SHAPE)).is_scan


@given(conditions | chains())
def test_what_is_sent_holds_no_text_of_the_statement_and_means_the_same(condition: Part) -> None:
    found = read_select(asked(condition.text), Target(SHAPE))
    assert "'" not in found.sent.text.replace(quoted(TABLE, '"'), "").replace(quoted(NAMES[5], '"'), "")
    again = read_select(found.sent.text, Target(SHAPE, found.sent.parameters))
    assert (again.partitions, again.sent) == (found.partitions, found.sent)


def refusal_of(text: str, read: Callable[[str, Target], object]) -> BadStatementError | None:
    try:
        read(text, Target(SHAPE))
    except BadStatementError as bad:
        return bad
    return None


@given(st.text(max_size=60) | st.text(alphabet="SELECT*FROM WHERE id='a\"();,.?-/[]{}<>\n", max_size=80))
@example("SELECT * FROM t WHERE id = 'a'--")
@example("SELECT x")
@example('"')
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    for read in (read_select, read_write):
        bad = refusal_of(text, read)
        assert bad is None or bad.sentence
        assert bad is None or bad.at is None or 0 <= bad.at <= len(text)


@given(st.text(min_size=1, max_size=30))
@example(f"{quoted(TABLE, chr(34))}, other")
def test_pitfall_42_another_table_is_never_read(other: str) -> None:
    for text in (asked("id = 'a'", quoted(other, '"')), asked("id = 'a'", other)):
        if other != TABLE and refusal_of(text, read_select) is None:
            assert quoted(TABLE, '"') in read_select(text, Target(SHAPE)).sent.text


@given(st.lists(st.sampled_from(["'a'", '"b"', "c", "5", "=", "(", ")", "?", "AND", ";", "<<", "'", '"', " ", "-"])))
def test_words_stand_where_they_say(parts: list[str]) -> None:
    text = " ".join(parts)
    try:
        words = words_of(text)
    except BadStatementError:
        return
    for word in words:
        written = text[word.at : word.until].replace(" ", "")
        assert word.kind is Kind.END or word.content.replace(" ", "") in written
