"""The words of a PartiQL statement, each with where it stands: what is not a word of the language is refused.

What is sent to AWS is written anew from these words, never copied from the text: names always in quotation marks,
values as parameters. So what was judged here is what runs there, whatever the two readers would differ in.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

OF_THE_LANGUAGE = "An attribute that is called so stands in quotation marks."
LONGEST = 8192  # characters that ExecuteStatement takes
DEEPEST = 60  # brackets within brackets

KEYWORDS = frozenset({
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "IS", "BETWEEN", "LIKE", "INSERT", "INTO", "UPDATE", "SET",
    "REMOVE", "DELETE", "RETURNING", "ORDER", "AS", "EXISTS", "INNER", "JOIN", "UNION", "LIMIT", "NULL", "MISSING",
    "TRUE", "FALSE",
})  # fmt: skip
_WORD = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>--|/\*)
  | (?P<text>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*")
  | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_$]*)
  | (?P<sign><<|>>|<=|>=|<>|!=|\|\||[-+*/%=<>(),.\[\]{}:;?])
    """,
    re.VERBOSE,
)
_LONGEST_SHOWN = 40


class BadStatementError(ValueError):
    """A statement that is not run. `sentence` is for people, `at` the place in its text, None for the whole."""

    def __init__(self, sentence: str, at: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.at = sentence, at


class Kind(StrEnum):
    """What a word is."""

    NAME = "name"  # without quotation marks, and no keyword
    QUOTED = "quoted"
    KEYWORD = "keyword"
    TEXT = "text"
    NUMBER = "number"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True)
class Word:
    """One word. `content` is what it means: a name or text without its quotation marks, a keyword in capitals. `at`
    and `until` are where it stands in the text."""

    kind: Kind
    content: str
    at: int
    until: int

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind is Kind.SIGN and self.content in signs

    def is_keyword(self, *keywords: str) -> bool:
        """Whether it is one of these keywords."""
        return self.kind is Kind.KEYWORD and self.content in keywords

    @property
    def is_name(self) -> bool:
        """Whether it names an attribute, a table or an index."""
        return self.kind in {Kind.NAME, Kind.QUOTED}


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a statement, its one closing semicolon left out, and an END. Raises BadStatementError."""
    if len(text) > LONGEST:
        raise BadStatementError(f"A statement has {LONGEST:,} characters at most; this one has {len(text):,}.")
    found: list[Word] = []
    at = 0
    while at < len(text):
        word = _word(text, at)
        at = word.until if word else at + len(_space(text, at))
        if word is not None:
            found.append(word)
    found = _alone(found)
    if not found:
        raise BadStatementError("Write a statement, such as SELECT * FROM … WHERE … = ….")
    _check_depth(found)
    return (*_in_context(_signed(found)), Word(Kind.END, "", len(text), len(text)))


def _space(text: str, at: int) -> str:
    found = _WORD.match(text, at)
    return found.group() if found else ""


def _word(text: str, at: int) -> Word | None:
    """The word at a place; None for space."""
    found = _WORD.match(text, at)
    if found is None:
        raise _unreadable(text, at)
    kind, written = str(found.lastgroup), found.group()
    if kind == "space":
        return None
    if kind == "comment":
        raise BadStatementError("Comments are not taken here: leave them out.", at)
    if kind == "name":
        capitals = written.upper()
        if capitals in KEYWORDS:
            return Word(Kind.KEYWORD, capitals, at, found.end())
        return Word(Kind.NAME, written, at, found.end())
    if kind == "number" and re.match(r"[A-Za-z0-9_$.]", text[found.end() : found.end() + 1]):
        raise BadStatementError("Something stands right behind a number.", at)
    if kind in {"text", "quoted"}:
        content = written[1:-1].replace(written[0] * 2, written[0])
        if kind == "quoted" and not content:
            raise BadStatementError("A name is empty.", at)
        return Word(Kind(kind), content, at, found.end())
    return Word(Kind(kind), written, at, found.end())


def _unreadable(text: str, at: int) -> BadStatementError:
    sign = text[at]
    if sign in "'\"":
        return BadStatementError(f"What begins with {sign} here does not end.", at)
    if sign == "`":
        return BadStatementError("Values in back-ticks are not taken here: use a parameter.", at)
    shown = sign if sign.isprintable() and not sign.isspace() else f"character U+{ord(sign):04X}"
    return BadStatementError(f"“{shown}” has no meaning in a statement. Other names stand in quotation marks.", at)


def _alone(words: Sequence[Word]) -> list[Word]:
    """The words of the one statement that is there: one that follows it would run unseen."""
    end = next((place for place, word in enumerate(words) if word.is_sign(";")), len(words))
    if end < len(words) - 1:
        raise BadStatementError("One statement at a time: leave out what follows the semicolon.", words[end + 1].at)
    return list(words[:end])


def _check_depth(words: Sequence[Word]) -> None:
    depth = 0
    for word in words:
        depth += word.is_sign("(", "[", "{", "<<") - word.is_sign(")", "]", "}", ">>")
        if depth > DEEPEST:
            raise BadStatementError(f"Brackets may be {DEEPEST} levels deep at most.", word.at)


def _signed(words: Sequence[Word]) -> list[Word]:
    """The words with each minus or plus that belongs to a number made a part of it."""
    done: list[Word] = []
    for word in words:
        sign = done[-1] if done else None
        if word.kind is Kind.NUMBER and sign is not None and sign.is_sign("-", "+") and not _is_value(done[:-1]):
            done[-1] = replace(word, content=("-" if sign.content == "-" else "") + word.content, at=sign.at)
        else:
            done.append(word)
    return done


def _in_context(words: Sequence[Word]) -> list[Word]:
    """The words, with those made keywords that are only where they stand: elsewhere they are names of attributes."""
    done: list[Word] = []
    for word in words:
        before = done[-1] if done else None
        capitals = word.content.upper()
        if word.kind is Kind.NAME and before is not None and _is_keyword_after(before, capitals, done[0]):
            done.append(replace(word, kind=Kind.KEYWORD, content=capitals))
        else:
            done.append(word)
    return done


def _is_keyword_after(before: Word, capitals: str, first: Word) -> bool:
    if capitals == "BY":
        return before.is_keyword("ORDER")
    if capitals == "VALUE":
        return first.is_keyword("INSERT") and before.is_name
    return capitals in {"ASC", "DESC"} and (before.is_name or before.is_sign("]"))


def _is_value(before: Sequence[Word]) -> bool:
    """Whether what is before a sign ends a value, so that the sign adds to it or takes from it."""
    if not before:
        return False
    last = before[-1]
    if last.kind is Kind.KEYWORD:
        return last.content in {"NULL", "MISSING", "TRUE", "FALSE"}
    return last.kind is not Kind.SIGN or last.content in {")", "]", "}", ">>", "?"}


def place_of(text: str, at: int) -> tuple[int, int]:
    """Line and column of a place in a text, from 1."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def shown(word: Word) -> str:
    """A word as an error quotes it."""
    if word.kind is Kind.END:
        return "the end"
    return f"“{word.content[:_LONGEST_SHOWN]}”"
