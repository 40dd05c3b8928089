"""A SELECT as it is sent: written anew from its words, with names in quotation marks and every value a parameter."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from provisioning.items.statement_grammar import Path, Reader
from provisioning.items.statement_tokens import LONGEST, BadStatementError, Kind, Word, shown
from provisioning.items.values import Value

# Line, column and length, as messages of DynamoDB name a place.
PLACE = re.compile(r"(?:\bat )?\b(?P<line>\d+):(?P<column>\d+)(?::\d+)?\b")


@dataclass(frozen=True)
class Sent:
    """What ExecuteStatement gets. `places` are pairs of a place in `text` and the place in what was typed."""

    text: str
    parameters: tuple[Value, ...] = ()
    places: tuple[tuple[int, int], ...] = field(default=(), compare=False)

    def typed_place(self, message: str) -> int | None:
        """The place in what was typed that a message of AWS is about, such as one with 1:15:3; None without one."""
        found = PLACE.search(message)
        if found is None or found["line"] != "1":
            return None
        at = int(found["column"]) - 1
        before = [typed for here, typed in self.places if here <= at]
        return before[-1] if before and at <= len(self.text) else None


def sent_form(words: Sequence[Word], reader: Reader, rest: int) -> Sent:
    """The statement of these words; `rest` is the first behind its table. Raises BadStatementError."""
    text, parameters, places = "", [], []
    reader.place = 0
    while (word := reader.word).kind is not Kind.END:
        place = reader.place
        value = _value(words, reader) if place >= rest else None
        if value is None:
            reader.take()
        else:
            parameters.append(value)
        text += "" if _close(words, place) else " "
        places.append((len(text), word.at))
        text += _piece(words, place) if value is None else "?"
    if len(text) > LONGEST:
        raise BadStatementError(f"The statement has more than {LONGEST:,} characters when it is sent.")
    return Sent(text, tuple(parameters), tuple(places))


def _value(words: Sequence[Word], reader: Reader) -> Value | None:
    """The value that begins at the next word, taken; None when none does. The brackets of an IN and of a place in a
    list are no values."""
    word = reader.word
    if word.kind is Kind.TEXT or word.is_sign("?", "{", "<<"):
        return reader.value()
    before = words[reader.place - 1]
    if word.kind is Kind.NUMBER and not _is_place(words, reader.place):
        return reader.value()
    if word.is_sign("[") and not (_is_path_end(before) or before.is_keyword("IN")):
        return reader.value()
    return None


def _is_place(words: Sequence[Word], place: int) -> bool:
    """Whether the number there is a place in a list, as in tags[0]."""
    return place > 1 and words[place - 1].is_sign("[") and _is_path_end(words[place - 2])


def _is_path_end(word: Word) -> bool:
    return word.is_name or word.is_sign("]")


def _piece(words: Sequence[Word], place: int) -> str:
    word = words[place]
    if word.kind is Kind.TEXT or word.is_sign("?") or (word.kind is Kind.NUMBER and not _is_place(words, place)):
        raise BadStatementError("A value stands where none can be.", word.at)  # as text it would be read anew
    if not word.is_name:
        return word.content
    if word.kind is Kind.NAME and words[place + 1].is_sign("("):
        return word.content
    return '"' + word.content.replace('"', '""') + '"'


def _close(words: Sequence[Word], place: int) -> bool:
    """Whether a word stands right behind the one before it."""
    if place == 0:
        return True
    word, before = words[place], words[place - 1]
    if word.is_sign(".", ",", ")", "]") or before.is_sign(".", "(", "["):
        return True
    return word.is_sign("(", "[") and (before.kind is Kind.NAME or _is_path_end(before))


def paths_in(words: Sequence[Word]) -> tuple[Path, ...]:
    """Every place in items that these words name, whatever is said about it."""
    return tuple(_paths(words))


def _paths(words: Sequence[Word]) -> Iterator[Path]:
    reader = Reader(words, {})
    while reader.word.kind is not Kind.END:
        if reader.word.is_name and not (reader.word.kind is Kind.NAME and reader.after().is_sign("(")):
            yield reader.path()
        else:
            word = reader.take()
            if word.is_sign(".") and not reader.word.is_name:
                raise BadStatementError(f"Here stands {shown(reader.word)}, where a name is needed.", reader.word.at)
