"""The form of an item: a row for each attribute, or all of it as typed JSON, and what was made of it.

What was read comes back sealed beside the form (`token`), so a row that is missing or unchanged stays as it is: only
what somebody touched, or ticked to be removed, can differ.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from portal.items.texts import field_of, value_of, with_line_feeds
from provisioning.items.patching import has_hidden
from provisioning.items.values import HIDDEN, TYPES, BadValueError, Item, Value, check_value, dumps, parsed

ROWS, RAW = "rows", "raw"
MOST_ROWS = 150  # attributes that rows are shown for; a form of more fields is refused on its way in
SPARE = 2  # empty rows, for those without JavaScript


@dataclass(frozen=True)
class Row:
    """One attribute. `place` is where it stands in the item that was read; `code` and `text` are as in `texts`. A key
    and what is hidden cannot be changed here."""

    place: int
    name: str
    code: str
    text: str
    is_key: bool = False
    is_hidden: bool = False
    removed: bool = False
    problem: str = ""

    @property
    def type_label(self) -> str:
        """What the type is called."""
        return TYPES.get(self.text if self.is_hidden else self.code, "")

    @property
    def lines(self) -> int:
        """How many lines the field begins with."""
        return min(12, self.text.count("\n") + 1 + len(self.text) // 90)


@dataclass(frozen=True)
class NewRow:
    """An attribute that is to be added."""

    name: str = ""
    code: str = "S"
    text: str = ""
    problem: str = ""

    @property
    def lines(self) -> int:
        """How many lines the field begins with."""
        return min(12, self.text.count("\n") + 1 + len(self.text) // 90)


@dataclass(frozen=True)
class ItemForm:
    """What stands in the form. `sent` is the item that it comes to, as typed JSON; None while something is wrong, and
    then `problems` says what, by row or for the whole."""

    mode: str
    rows: tuple[Row, ...] = ()
    new: tuple[NewRow, ...] = ()
    raw: str = ""
    sent: Mapping[str, Any] | None = None
    problem: str = ""
    why_raw: str = ""
    problems: tuple[str, ...] = field(default=())

    @property
    def is_raw(self) -> bool:
        """Whether all of it stands there as typed JSON."""
        return self.mode == RAW

    def with_problem(self, sentence: str, fields: Mapping[str, str]) -> "ItemForm":
        """The form with what the verb said was wrong, at the rows that it is about."""
        at = {row.name: _about(row.name, fields) for row in self.rows}
        rows = tuple(replace(row, problem=row.problem or at[row.name]) for row in self.rows)
        new = tuple(replace(row, problem=row.problem or _about(row.name, fields)) for row in self.new)
        return replace(self, rows=rows, new=new, problem=sentence)


def _about(name: str, fields: Mapping[str, str]) -> str:
    """What is wrong with an attribute, or within it."""
    for path, sentence in fields.items():
        if name and (path == name or path.startswith((f"{name}.", f"{name}["))):
            return sentence if path == name else f"{path}: {sentence}"
    return ""


def raw_of(item: Mapping[str, Value]) -> dict[str, Any]:
    """An item as JSON has it: binary content is base64."""
    found: dict[str, Any] = json.loads(dumps(item))
    return found


def form_of(shown: Item, keys: Collection[str], mode: str = ROWS) -> ItemForm:
    """The form of an item as it was read."""
    return form_with(shown, raw_of(shown), keys, mode)


def form_with(shown: Item, sent: Mapping[str, Any], keys: Collection[str], mode: str = ROWS) -> ItemForm:
    """The form of an item that was read, with what somebody has made of it so far."""
    why_raw = ""
    if len(shown) + len(sent) > 2 * MOST_ROWS:
        mode, why_raw = RAW, f"The item has {len(shown):,} attributes, too many for a form with a row for each."
    if mode == RAW:
        return ItemForm(RAW, raw=json.dumps(sent, ensure_ascii=False, indent=2), sent=sent, why_raw=why_raw)
    rows = tuple(_row(place, name, shown[name], sent.get(name), keys) for place, name in enumerate(shown))
    new = tuple(NewRow(name, *field_of(value)) for name, value in sent.items() if name not in shown)
    return ItemForm(ROWS, rows=rows, new=new + (NewRow(),) * SPARE, sent=sent)


def _row(place: int, name: str, shown: Value, raw: Mapping[str, Any] | None, keys: Collection[str]) -> Row:
    code, text = field_of(raw if raw is not None else raw_of({name: shown})[name])
    hidden = HIDDEN in shown
    return Row(place, name, code, text, is_key=name in keys, is_hidden=hidden, removed=raw is None)


def read_form(shown: Item, keys: Collection[str], given: QueryDict) -> ItemForm:
    """The form as it came back; `shown` is what it was made of."""
    if given.get("mode") == RAW:
        return _read_raw(given.get("item", ""))
    rows = tuple(_read_row(place, name, shown[name], keys, given) for place, name in enumerate(shown))
    new = _read_new(shown, given)
    sent: dict[str, Any] = {}
    done: list[Row | NewRow] = []
    for row in rows:
        value, problem = _read_value(row, shown)
        done.append(replace(row, problem=problem))
        if value is not None:
            sent[row.name] = value
    for fresh in new:
        value, problem = _new_value(fresh, [*shown, *sent])
        done.append(replace(fresh, problem=problem))
        if value is not None:
            sent[fresh.name] = value
    wrong = tuple(f"{row.name or 'New attribute'}: {row.problem}" for row in done if row.problem)
    return ItemForm(
        ROWS,
        rows=tuple(row for row in done if isinstance(row, Row)),
        new=tuple(row for row in done if isinstance(row, NewRow)) + (NewRow(),) * SPARE,
        sent=None if wrong else sent,
        problem="Correct what is marked." if wrong else "",
        problems=wrong,
    )


def _read_raw(text: str) -> ItemForm:
    text = with_line_feeds(text)
    try:
        sent = parsed(text)
    except BadValueError as wrong:
        return ItemForm(RAW, raw=text, problem=str(wrong))
    if not isinstance(sent, dict):
        return ItemForm(RAW, raw=text, problem="An item is an object of attributes.")
    return ItemForm(RAW, raw=text, sent=sent)


def _read_row(place: int, name: str, value: Value, keys: Collection[str], given: QueryDict) -> Row:
    row = _row(place, name, value, raw_of({name: value})[name], keys)
    if row.is_key or row.is_hidden:
        return row
    text = with_line_feeds(given.get(f"value-{place}", row.text))
    return replace(row, code=given.get(f"type-{place}", row.code), text=text, removed=f"remove-{place}" in given)


def _read_value(row: Row, shown: Item) -> tuple[dict[str, Any] | None, str]:
    """The value of a row as JSON, None for one that is removed or wrong, and what is wrong with it."""
    before: dict[str, Any] = raw_of({row.name: shown[row.name]})[row.name]
    if row.removed:
        return None, "A part of this is hidden from you, so it cannot be removed." if has_hidden(
            shown[row.name]
        ) else ""
    code, text = field_of(before)
    if row.is_key or row.is_hidden or (row.code == code and row.text == with_line_feeds(text)):
        return before, ""
    return _checked(row.code, row.text, hides=has_hidden(shown[row.name]))


def _checked(code: str, text: str, *, hides: bool = False) -> tuple[dict[str, Any] | None, str]:
    """A value as JSON, and what is wrong with it. Marks of what it `hides` are told apart later."""
    try:
        value = value_of(code, text)
        if not hides:
            check_value(value)
    except BadValueError as wrong:
        return None, str(wrong)
    return value, ""


def _read_new(shown: Item, given: QueryDict) -> tuple[NewRow, ...]:
    columns = zip(given.getlist("new-name"), given.getlist("new-type"), given.getlist("new-value"), strict=False)
    rows = (NewRow(name, code, with_line_feeds(text)) for name, code, text in columns)
    return tuple(row for row in rows if row.name or row.text)


def _new_value(row: NewRow, taken: Collection[str]) -> tuple[dict[str, Any] | None, str]:
    if not row.name:
        return None, "An attribute has a name."
    if row.name in taken:
        return None, "The item has this attribute already."
    return _checked(row.code, row.text)


@dataclass(frozen=True)
class KeyField:
    """One attribute of a key that is to be typed. `kind` is its type, S, N or B."""

    place: int
    name: str
    kind: str
    code: str
    text: str = ""
    problem: str = ""

    @property
    def type_label(self) -> str:
        """What the type is called."""
        return TYPES[self.kind] + (", as JSON" if self.code not in TYPES else ", as base64" if self.kind == "B" else "")


def key_fields(types: Mapping[str, str], raw: Mapping[str, Any]) -> tuple[KeyField, ...]:
    """The fields of a key, with what there is of it, given as JSON has it."""
    return tuple(
        KeyField(place, name, kind, *(field_of(raw[name]) if name in raw else (kind, "")))
        for place, (name, kind) in enumerate(types.items())
    )


def read_key(types: Mapping[str, str], given: QueryDict) -> tuple[tuple[KeyField, ...], dict[str, Any] | None]:
    """The fields of a key as they came back, and the key as typed JSON; None while something is wrong with it."""
    fields = tuple(_read_key_field(place, name, kind, given) for place, (name, kind) in enumerate(types.items()))
    if any(field.problem for field in fields):
        return fields, None
    return fields, {field.name: value_of(field.code, field.text) for field in fields}


def _read_key_field(place: int, name: str, kind: str, given: QueryDict) -> KeyField:
    text = with_line_feeds(given.get(f"key-{place}", ""))
    code = given.get(f"key-type-{place}", kind)
    try:
        value = value_of(code, text)
        problem = "" if value.get(kind) else "A part of the key cannot be empty."
    except BadValueError as wrong:
        problem = str(wrong)
    return KeyField(place, name, kind, code, text, problem)
