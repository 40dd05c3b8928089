"""Values for the parameters of a statement: one a line, as a statement has them or as typed JSON."""

from collections.abc import Sequence

from provisioning.items.statement_grammar import Reader
from provisioning.items.statement_tokens import BadStatementError, Kind, words_of
from provisioning.items.values import BadValueError, Value, loads_value


def parameter_values(text: str) -> Sequence[Value]:
    """The values of a text with one on each line: 'text', 5, true, null, <<1, 2>>, or such as {"B": "AAE="}. Raises
    BadStatementError, which says which one."""
    lines = (line.strip() for line in text.splitlines())
    return [_value(line, number) for number, line in enumerate(filter(None, lines), 1)]


def _value(line: str, number: int) -> Value:
    try:
        return loads_value(line) if line.startswith('{"') else _written(line)
    except (BadStatementError, BadValueError) as bad:
        raise BadStatementError(f"Value {number} for ?: {bad.sentence}") from None


def _written(line: str) -> Value:
    """A value as a statement has it."""
    words = words_of(line)
    if any(word.is_sign("?") for word in words):
        raise BadStatementError("A value is needed, such as 'text' or 5.")
    reader = Reader(words, {})
    value = reader.value()
    if reader.word.kind is not Kind.END:
        raise reader.surprise("the end of the line")
    return value
