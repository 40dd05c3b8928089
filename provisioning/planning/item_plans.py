"""What a change of items will do, as its plan holds it: whether each write can work on the item as it is, what it
costs, one sentence about the data, and before and after, encrypted.

A plan is kept for ever and read by everybody; what is in items is not everybody's. So keys and values stand in it
sealed, and whoever opens them for a page applies the table's mask (pitfall 41). What makes the plan the same, or
another one, is a keyed fingerprint of each write and of the item that it was planned on (C15).
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from provisioning.aws.dynamodb import Index
from provisioning.costs.book import book
from provisioning.costs.tables import write_units
from provisioning.items.intents import BadIntentError, WriteIntent, as_dict, result_of
from provisioning.items.sealing import seal, unseal
from provisioning.items.values import BadValueError, Item, Value, check_item, same, same_item, size_of
from provisioning.lifecycle import JobKind, WriteVerb

PURPOSE = "plan of items"
CHANGES, DELETES = "items of it are altered", "items of it are deleted"
TRANSACTION = 2  # times the units of a plain write
_SETS = frozenset({"SS", "NS", "BS"})
_SAID = {
    WriteVerb.CREATE: ("is made", "are made"),
    WriteVerb.EDIT: ("is altered", "are altered"),
    WriteVerb.COPY: ("moves to another key", "move to other keys"),
    WriteVerb.UNDO: ("is put back as it was", "are put back as they were"),
    WriteVerb.DELETE: ("is deleted", "are deleted"),
}
_JOBS = {
    JobKind.IMPORT: "{} written into {}",
    JobKind.DELETE: "{} deleted from {}",
    JobKind.COPY: "{} copied into {}",
}


@dataclass(frozen=True)
class Seen:
    """An item as it is now, and what stands under the key that it is to be copied to; None is no item."""

    now: Item | None
    there: Item | None = None


@dataclass(frozen=True)
class PlannedItem:
    """One write of a plan, opened: nothing in it is masked. Of a copy, `after` stands under `new_key`."""

    key: Item
    new_key: Item | None
    before: Item | None
    after: Item | None


def why_not(intent: WriteIntent, seen: Seen) -> str:
    """Why the write cannot work on what is there, in words that name no value; empty when it can."""
    if intent.verb is WriteVerb.CREATE and seen.now is not None:
        return "there is an item with this key already, and nothing is overwritten"
    if intent.verb is WriteVerb.UNDO:
        return "" if same_item(intent.read, seen.now) else "the item changed since the write that is to be undone"
    if seen.now is None and intent.verb is not WriteVerb.CREATE:
        return "there is no such item any more"
    if intent.read is not None and not _as_read(intent.read, seen.now):
        return "the item changed since it was read"
    if seen.there is not None:
        return "there is an item under the new key already, and nothing is overwritten"
    return _impossible(intent, seen.now)


def _as_read(read: Item, now: Item | None) -> bool:
    """Whether every attribute that was read still is as it was: an item read in part says nothing of the rest."""
    return all(same(value, (now or {}).get(name)) for name, value in read.items())


def _impossible(intent: WriteIntent, now: Item | None) -> str:
    try:
        result_of(intent, now)
    except (BadIntentError, BadValueError) as wrong:
        return _within(wrong.sentence)
    return ""


def _within(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:].rstrip('.')}"


def changes_nothing(intent: WriteIntent, seen: Seen) -> bool:
    """Whether the item is already as the write would make it, so that there is nothing to do."""
    return intent.verb is not WriteVerb.COPY and same_item(result_of(intent, seen.now), seen.now)


def planned(number: int, intent: WriteIntent, seen: Seen, indexes: Sequence[Index]) -> dict[str, Any]:
    """One write as the plan keeps it. `number` is its place in the request; `units` are write units."""
    after = result_of(intent, seen.now)
    content = {"key": intent.key, "new_key": intent.new_key, "before": seen.now, "after": after}
    return {
        "number": number,
        "verb": str(intent.verb),
        "units": str(units_of(intent, seen.now, after, indexes)),
        "fingerprint": fingerprint(as_dict(intent), _canonical(seen.now), _canonical(seen.there)),
        "content": seal(json.dumps(content, default=_as_text), PURPOSE),
    }


def opened(write: Mapping[str, Any]) -> PlannedItem:
    """What `planned` sealed. Raises CannotOpenError once the secret key is another one."""
    content = json.loads(unseal(write["content"], PURPOSE))
    found = {name: None if item is None else check_item(item) for name, item in content.items()}
    return PlannedItem(found["key"] or {}, found["new_key"], found["before"], found["after"])


def _as_text(content: object) -> str:
    if isinstance(content, bytes | bytearray):
        return b64encode(content).decode()
    raise TypeError(f"{type(content).__name__} is no part of an item.")


def fingerprint(*things: Any) -> str:
    """A digest that only this Stackyard can make: from one without a key, short values could be guessed."""
    key = hashlib.sha256(f"fingerprint:{settings.SECRET_KEY}".encode()).digest()
    text = json.dumps(things, sort_keys=True, separators=(",", ":"), default=_as_text)
    return hmac.new(key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def _canonical(item: Item | None) -> Any:
    """The item without what says nothing: in which order DynamoDB lists the members of a set."""
    return None if item is None else {name: _canonical_value(value) for name, value in item.items()}


def _canonical_value(value: Value) -> Any:
    ((kind, content),) = value.items()
    if kind in _SETS:
        return {kind: sorted(_as_text(one) if isinstance(one, bytes) else one for one in content)}
    if kind == "M":
        return {kind: _canonical(content)}
    return {kind: [_canonical_value(part) for part in content]} if kind == "L" else value


def units_of(intent: WriteIntent, before: Item | None, after: Item | None, indexes: Sequence[Index]) -> Decimal:
    """The write units of a write: a unit per started KB of the larger of before and after, on the table and on every
    index that it reaches; an index whose key changes takes two writes. A copy is a transaction of a new item and, unless
    the old one stays, a deletion; it costs twice as much."""
    if intent.verb is WriteVerb.COPY:
        gone = Decimal(0) if intent.keep else _units(before, None, indexes)
        return (_units(None, after, indexes) + gone) * TRANSACTION
    return _units(before, after, indexes)


def _units(before: Item | None, after: Item | None, indexes: Sequence[Index]) -> Decimal:
    whole = _started(before, after)
    return whole + sum((_index_units(index, before, after) for index in indexes), Decimal(0))


def _started(*items: Item | None) -> Decimal:
    return write_units(Decimal(max(size_of(item or {}) for item in items)))


def _index_units(index: Index, before: Item | None, after: Item | None) -> Decimal:
    was, will = _projected(index, before), _projected(index, after)
    if was is None or will is None:
        return Decimal(0) if was is will else _started(was, will)
    if all(same(was[key.attribute], will[key.attribute]) for key in index.keys):
        return Decimal(0) if same_item(was, will) else _started(was, will)
    return _started(was) + _started(will)


def _projected(index: Index, item: Item | None) -> Item | None:
    """What an index holds of an item; None when the item is not in it."""
    if item is None or any(key.attribute not in item for key in index.keys):
        return None
    if index.projection not in {"KEYS_ONLY", "INCLUDE"}:
        return item
    kept = {*(key.attribute for key in index.keys), *index.included}
    return {name: value for name, value in item.items() if name in kept}


def price(units: Decimal) -> str:
    """What so many write units cost on demand, in US dollars, as text."""
    return str(units * book().price("dynamodb.write").rate)


def sentence(table: str, verbs: Iterable[str], job: Mapping[str, Any] | None = None) -> str:
    """What happens to data, in one sentence: "2 items of orders are altered, 1 is deleted."."""
    if job is not None:
        count = job.get("items")
        many = "Items are" if count is None else _items(count)
        return f"{_JOBS[JobKind(job['kind'])].format(many, table)}."
    counts = Counter(WriteVerb(verb) for verb in verbs)
    if not counts:
        return f"No item of {table} is altered."
    parts = [f"{number} {_SAID[verb][number > 1]}" for verb, number in sorted(counts.items(), key=_place)]
    first, _, rest = parts[0].partition(" ")
    noun = "item" if first == "1" else "items"
    return ", ".join([f"{first} {noun} of {table} {rest}", *parts[1:]]) + "."


def _place(counted: tuple[WriteVerb, int]) -> int:
    return list(_SAID).index(counted[0])


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are"


def impact(items: Mapping[str, Any]) -> dict[str, Any]:
    """The data impact of a plan whose part about items is this."""
    verbs = [write["verb"] for write in items["writes"]]
    job = items.get("job")
    deletes = WriteVerb.DELETE in verbs or (job is not None and job["kind"] == JobKind.DELETE)
    table = items["table"]
    line: dict[str, Any] = {"name": table["name"], "effect": DELETES if deletes else CHANGES}
    line |= dict.fromkeys(("protected", "recovery", "last_write"))
    return {
        "tone": "bad" if deletes else "attention" if verbs or job else "good",
        "sentence": sentence(table["name"], verbs, job),
        "lines": [line | {"items": table["items"], "bytes": table["bytes"]}] if verbs or job else [],
    }


def sealed_part(items: Mapping[str, Any]) -> dict[str, Any]:
    """What of it a reviewer agrees to, for the plan's digest: the table, each write with the item that it was planned
    on, and the job. Prices and counts that grow by themselves are left out."""
    job = items.get("job")
    return {
        "table": [items["table"]["name"], items["table"]["id"]],
        "writes": [[write["number"], write["verb"], write["fingerprint"]] for write in items["writes"]],
        "job": None if job is None else [job["id"], job["kind"], job["fingerprint"]],
    }
