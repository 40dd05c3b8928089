"""How the words of a PartiQL statement hang together: values, paths and conditions, read from the left.

What a condition means decides whether DynamoDB reads one partition or the whole table (pitfall 28), so nothing is
guessed: where the words say something that this grammar does not have, it raises, and whoever asked takes the worst.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from provisioning.items.intents import Path as Steps
from provisioning.items.statement_tokens import OF_THE_LANGUAGE, BadStatementError, Kind, Word, shown
from provisioning.items.values import BadValueError, Item, Value, check_value

COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
FUNCTIONS = frozenset({"attribute_type", "begins_with", "contains", "size", "attribute_exists", "attribute_not_exists"})
_KEYWORD_VALUES: Mapping[str, Value] = {"NULL": {"NULL": True}, "TRUE": {"BOOL": True}, "FALSE": {"BOOL": False}}
Part = TypeVar("Part")


@dataclass(frozen=True)
class Path:
    """A place in an item, and where the statement names it."""

    steps: Steps
    at: int

    @property
    def is_plain(self) -> bool:
        """Whether it is an attribute as a whole."""
        return len(self.steps) == 1

    @property
    def attribute(self) -> str:
        """The attribute that it is in."""
        return str(self.steps[0])


@dataclass(frozen=True)
class Literal:
    """A value, written out or given as a parameter."""

    value: Value


@dataclass(frozen=True)
class Call:
    """A function of what is in the brackets."""

    name: str
    arguments: tuple["Path | Literal | Call", ...]


Operand = Path | Literal | Call


@dataclass(frozen=True)
class Comparison:
    """`operator` is a sign, IN, BETWEEN or IS; the operands after the first are `others`."""

    operator: str
    first: Operand
    others: tuple[Operand, ...] = ()


@dataclass(frozen=True)
class AllOf:
    """Every one of these holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """One of these holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """This does not hold."""

    part: "Condition"


Condition = Comparison | Call | AllOf | AnyOf | Not


class Reader:
    """Goes through the words of a statement once. `given` are the values of its parameters by where each stands."""

    def __init__(self, words: Sequence[Word], given: Mapping[int, Value], place: int = 0) -> None:
        self._words, self._given, self.place = words, given, place

    @property
    def word(self) -> Word:
        """The word that is next."""
        return self._words[self.place]

    def after(self, steps: int = 1) -> Word:
        """The word that many further on."""
        return self._words[min(self.place + steps, len(self._words) - 1)]

    def take(self) -> Word:
        """The next word, and go on."""
        word = self.word
        self.place = min(self.place + 1, len(self._words) - 1)
        return word

    def expect(self, what: str) -> Word:
        """Take this keyword or sign. Raises BadStatementError when something else is next."""
        if not (self.word.is_keyword(what) or self.word.is_sign(what)):
            raise self.surprise(f"“{what}”")
        return self.take()

    def skip(self, *what: str) -> bool:
        """Take one of these keywords or signs if it is next; whether it was."""
        there = self.word.is_keyword(*what) or self.word.is_sign(*what)
        if there:
            self.take()
        return there

    def surprise(self, wanted: str) -> BadStatementError:
        """The error for a word that is not what is wanted here."""
        hint = f" {OF_THE_LANGUAGE}" if self.word.kind is Kind.KEYWORD else ""
        return BadStatementError(f"Here stands {shown(self.word)}, where {wanted} is needed.{hint}", self.word.at)

    def path(self) -> Path:
        """A path: names with dots between them, places of lists in brackets."""
        if not self.word.is_name:
            raise self.surprise("the name of an attribute")
        at = self.word.at
        steps: list[str | int] = [self.take().content]
        while self.word.is_sign(".", "["):
            if self.take().content == ".":
                if not self.word.is_name:
                    raise self.surprise("a name")
                steps.append(self.take().content)
            else:
                if not (self.word.kind is Kind.NUMBER and self.word.content.isdigit()):
                    raise self.surprise("a place in a list, such as [0],")
                steps.append(int(self.take().content))
                self.expect("]")
        return Path(tuple(steps), at)

    def value(self) -> Value:
        """A value that is written out or given. Raises BadStatementError, also for what DynamoDB would not take."""
        at = self.word.at
        try:
            return check_value(self._value())
        except BadValueError as wrong:
            raise BadStatementError(wrong.sentence, at) from None

    def _value(self) -> Value:
        word = self.word
        if word.kind is Kind.KEYWORD and word.content in _KEYWORD_VALUES:
            return _KEYWORD_VALUES[self.take().content]
        if word.kind in {Kind.TEXT, Kind.NUMBER}:
            return {"S" if word.kind is Kind.TEXT else "N": self.take().content}
        if word.is_sign("?"):
            return self._given[self.take().at]
        if word.is_sign("{"):
            return {"M": self._map()}
        if word.is_sign("["):
            self.take()
            return {"L": self._parts("]", self._value)}
        if word.is_sign("<<"):
            return self._set()
        raise self.surprise("a value")

    def _map(self) -> Item:
        self.take()
        found: Item = {}
        while not self.skip("}"):
            if self.word.kind is not Kind.TEXT:
                raise self.surprise("a name in “'”")
            if self.word.content in found:
                raise BadStatementError(f"“{self.word.content}” is there twice.", self.word.at)
            name = self.take().content
            self.expect(":")
            found[name] = self._value()
            if not self.word.is_sign("}"):
                self.expect(",")
        return found

    def _parts(self, close: str, read: Callable[[], Part]) -> list[Part]:
        found: list[Part] = []
        while not self.skip(close):
            found.append(read())
            if not self.word.is_sign(close):
                self.expect(",")
        return found

    def _set(self) -> Value:
        at = self.take().at
        members = self._parts(">>", self._value)
        kinds = {kind for member in members for kind in member}
        if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
            raise BadStatementError("A set has members of one type: texts, numbers or binary.", at)
        (kind,) = kinds
        return {f"{kind}S": [member[kind] for member in members]}

    def condition(self) -> Condition:
        """A condition up to where it ends: NOT binds closest, then AND, then OR."""
        found = [self._all()]
        while self.skip("OR"):
            found.append(self._all())
        return found[0] if len(found) == 1 else AnyOf(tuple(found))

    def _all(self) -> Condition:
        found = [self._one()]
        while self.skip("AND"):
            found.append(self._one())
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def _one(self) -> Condition:
        negated = False
        while self.skip("NOT"):
            negated = True  # also twice: what nobody writes is not worked out
        if self.skip("("):
            found = self.condition()
            self.expect(")")
        else:
            found = self._comparison()
        return Not(found) if negated else found

    def _comparison(self) -> Condition:
        first = self._operand()
        if self.word.kind is Kind.SIGN and self.word.content in COMPARISONS:
            return Comparison(self.take().content, first, (self._operand(),))
        negated = self.word.is_keyword("NOT") and self.after().is_keyword("IN", "BETWEEN")
        if negated:
            self.take()
        if self.word.is_keyword("IN", "BETWEEN", "IS"):
            found = self._by_keyword(first)
            return Not(found) if negated else found
        if isinstance(first, Call):
            return first
        raise self.surprise("a comparison")

    def _by_keyword(self, first: Operand) -> Condition:
        keyword = self.take().content
        if keyword == "BETWEEN":
            low = self._operand()
            self.expect("AND")
            return Comparison("BETWEEN", first, (low, self._operand()))
        if keyword == "IN":
            close = {"[": "]", "(": ")"}.get(self.word.content if self.word.kind is Kind.SIGN else "")
            if close is None:
                raise self.surprise("a list in brackets")
            self.take()
            return Comparison("IN", first, tuple(self._parts(close, self._operand)))
        negated = self.skip("NOT")
        if not self.skip("NULL", "MISSING"):
            raise self.surprise("NULL or MISSING")
        found = Comparison("IS", first)
        return Not(found) if negated else found

    def _operand(self) -> Operand:
        if self.word.is_name and self.after().is_sign("("):
            name = self.take()
            if name.kind is not Kind.NAME or name.content.lower() not in FUNCTIONS:
                raise BadStatementError(f"There is no function {shown(name)} in a condition.", name.at)
            self.take()
            return Call(name.content.lower(), tuple(self._parts(")", self._operand)))
        return self.path() if self.word.is_name else Literal(self.value())
