"""What somebody wants done to items, as it is kept from the form until it is done: pure, lossless, as typed JSON.

An intent says what is wanted, never how the item stands: whoever carries it out reads the item and makes the
condition of it. The same intent is sent at once in dev and staging, and is what a change of prod is about.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.items.values import (
    Item,
    Value,
    check_item,
    check_value,
    dumps,
    loads_item,
    same_item,
)
from provisioning.lifecycle import WriteVerb

Path = tuple[str | int, ...]  # attribute, then names of maps and places of lists


class BadIntentError(ValueError):
    """An intent that cannot be meant; `sentence` is for people."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Edit:
    """One place of an item that becomes `value`, or is removed where that is None. Places that no edit names stay
    as they are and are never sent (pitfalls 18, 26)."""

    path: Path
    value: Value | None

    @property
    def attribute(self) -> str:
        """The attribute that it is about, or about a part of."""
        return str(self.path[0])


@dataclass(frozen=True)
class WriteIntent:
    """One write of one item.

    `key` is the item's; of a copy it is the one that it leaves. `item` is the whole new item of CREATE, and what UNDO
    puts back (None: the item is taken away again). `patch` is EDIT's. `new_key` is where COPY puts the item, and with
    `keep` it stays under its own key besides. `read` is the item, or what was read of it, as the person had it in
    front of them: where it is given, and the item is not so any more, the write is refused (pitfall 29); None leaves
    that to how the item stands when it is carried out. `undoes` is the ItemWrite that UNDO takes back; its `read` is
    the item as that write had left it, None for no item.
    """

    verb: WriteVerb
    table: str
    key: Item
    item: Item | None = None
    patch: tuple[Edit, ...] = ()
    new_key: Item | None = None
    read: Item | None = None
    undoes: int | None = None
    keep: bool = False

    def as_text(self) -> str:
        """The intent as typed JSON, for an encrypted column. `from_text` is its way back."""
        return json.dumps(as_dict(self), ensure_ascii=False, separators=(",", ":"))


def as_dict(intent: WriteIntent) -> dict[str, Any]:
    """The intent as plain JSON data; items in it are typed JSON texts."""
    return {
        "verb": str(intent.verb),
        "table": intent.table,
        "key": dumps(intent.key),
        "item": _text(intent.item),
        "patch": [{"path": list(edit.path), "value": _text(edit.value)} for edit in intent.patch],
        "new_key": _text(intent.new_key),
        "read": _text(intent.read),
        "undoes": intent.undoes,
        "keep": intent.keep,
    }


def from_dict(kept: Mapping[str, Any]) -> WriteIntent:
    """The intent that `as_dict` made plain. Raises BadValueError."""
    return WriteIntent(
        verb=WriteVerb(kept["verb"]),
        table=kept["table"],
        key=loads_item(kept["key"]),
        item=_item(kept["item"]),
        patch=tuple(
            Edit(tuple(one["path"]), None if one["value"] is None else check_value(json.loads(one["value"])))
            for one in kept["patch"]
        ),
        new_key=_item(kept["new_key"]),
        read=_item(kept["read"]),
        undoes=kept["undoes"],
        keep=kept["keep"],
    )


def from_text(text: str) -> WriteIntent:
    """The intent that `as_text` wrote. Raises BadValueError."""
    return from_dict(json.loads(text))


def _text(thing: Mapping[str, Any] | None) -> str | None:
    return None if thing is None else dumps(thing)


def _item(text: str | None) -> Item | None:
    return None if text is None else loads_item(text)


def check(intent: WriteIntent, key_types: Mapping[str, str]) -> WriteIntent:
    """The intent itself where it can be meant for a table with these key attributes and types (S, N or B).

    Raises BadIntentError, and BadValueError for what DynamoDB would not take. A key is never edited: that is a copy
    to another key (pitfall 21), and a new item has the very key that it is sent under (pitfall 31).
    """
    _check_key(intent.key, key_types)
    if intent.verb is WriteVerb.CREATE:
        _check_key(_keyed(intent.item, key_types), key_types)
        if intent.item is None or not same_item(_keyed(intent.item, key_types), intent.key):
            raise BadIntentError("The item has another key than the one it is sent under.")
        check_item(intent.item)
    elif intent.verb is WriteVerb.EDIT:
        _check_patch(intent.patch, key_types)
    elif intent.verb is WriteVerb.COPY:
        _check_key(intent.new_key, key_types)
        if same_item(intent.new_key, intent.key):
            raise BadIntentError("The new key is the one that the item has.")
    return intent


def _keyed(item: Item | None, names: Iterable[str]) -> Item:
    return {name: item[name] for name in names if item and name in item}


def _check_key(key: Item | None, types: Mapping[str, str]) -> None:
    if {name: next(iter(value)) for name, value in (key or {}).items()} != dict(types):
        wanted = " and ".join(f"{name} ({kind})" for name, kind in types.items())
        raise BadIntentError(f"The key of this table is {wanted}.")


def _check_patch(patch: Sequence[Edit], key_types: Mapping[str, str]) -> None:
    if not patch:
        raise BadIntentError("Nothing is changed.")
    for edit in patch:
        if edit.attribute in key_types:
            raise BadIntentError(f"{edit.attribute} is part of the key. Copy the item to another key instead.")
        if edit.value is not None:
            check_value(edit.value, shown_path(edit.path))


def shown_path(path: Path) -> str:
    """A path as people read it, such as address.lines[0]."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def result_of(intent: WriteIntent, now: Item | None) -> Item | None:
    """The item that the intent makes of how it stands now; None is no item. Of a copy, the item under its new key.

    Raises BadIntentError where that cannot be: there is no such item, or a place of it that an edit is about; and
    BadValueError where the item would grow beyond what DynamoDB takes.
    """
    if intent.verb is WriteVerb.DELETE:
        return None
    if intent.verb in {WriteVerb.CREATE, WriteVerb.UNDO}:
        return intent.item
    if now is None:
        raise BadIntentError("There is no such item any more.")
    if intent.verb is WriteVerb.COPY:
        return check_item({**now, **(intent.new_key or {})})
    return check_item(patched(now, intent.patch))


def patched(item: Item, patch: Iterable[Edit]) -> Item:
    """The item with every edit made, parts that no edit names untouched. Raises BadIntentError for a place that is
    not there."""
    whole: Value = {"M": item}
    for edit in patch:
        whole = _edited(whole, edit.path, edit)
    edited: Item = whole["M"]
    return edited


def _edited(value: Value, path: Path, edit: Edit) -> Value:
    step, rest = path[0], path[1:]
    ((kind, content),) = value.items()
    at = step if kind == "L" and isinstance(step, int) and step < len(content) else None
    there = at is not None or (kind == "M" and isinstance(step, str))
    inner = content[step] if there and (kind == "L" or step in content) else None
    if not there or (inner is None and (rest or edit.value is None)):
        raise BadIntentError(f"There is no {shown_path(edit.path)} in the item any more.")
    new = _edited(inner, rest, edit) if inner is not None and rest else edit.value
    if at is not None:
        return {"L": [*content[:at], *([] if new is None else [new]), *content[at + 1 :]]}
    return {"M": {name: one for name, one in {**content, step: new}.items() if one is not None}}
