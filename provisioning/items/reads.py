"""What somebody has in front of them, in the hands of their browser: sealed, so that it can neither be read nor altered
there, and bound to who read it and where. What is hidden from them is in it and stays as it is (pitfall 26)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioning.items.intents import Edit
from provisioning.items.sealing import NotSealedError, seal, unseal
from provisioning.items.values import Item, Value, dumps, restored

PURPOSE = "item-read"
SECONDS = 12 * 3600  # a form that was opened in the morning can be sent in the afternoon


class BadReadError(ValueError):
    """The text is no read of this person and table, or it is too old."""

    sentence = "This form is too old, or was opened by somebody else. Open the item again."


@dataclass(frozen=True)
class Reader:
    """Who read, and where."""

    user_id: int
    environment_id: int
    table: str


@dataclass(frozen=True)
class Read:
    """An item as it was read. `wanted` is what was to become of it when somebody else was quicker: edits against
    `before`, what had been read until then."""

    item: Item
    wanted: tuple[Edit, ...] = ()
    before: Item | None = None


def sealed_read(reader: Reader, read: Read) -> str:
    """A read as text for a form."""
    told = {
        "by": [reader.user_id, reader.environment_id, reader.table],
        "item": dumps(read.item),
        "wanted": [{"path": list(edit.path), "value": _text(edit.value)} for edit in read.wanted],
        "before": _text(read.before),
    }
    return seal(PURPOSE, json.dumps(told))


def opened_read(reader: Reader, text: str) -> Read:
    """What `sealed_read` kept, of this very person and table. Raises BadReadError."""
    try:
        told = json.loads(unseal(PURPOSE, text, seconds=SECONDS))
    except NotSealedError:
        raise BadReadError from None
    if told["by"] != [reader.user_id, reader.environment_id, reader.table]:
        raise BadReadError
    return Read(
        restored(told["item"]),
        _edits(told["wanted"]),
        None if told["before"] is None else restored(told["before"]),
    )


def _edits(kept: Sequence[Mapping[str, object]]) -> tuple[Edit, ...]:
    return tuple(Edit(tuple(one["path"]), _value(one["value"])) for one in kept)  # type: ignore[arg-type]  # a list


def _text(thing: Item | Value | None) -> str | None:
    return None if thing is None else dumps(thing)


def _value(text: object) -> Value | None:
    return None if text is None else restored(f'{{"value":{text}}}')["value"]
