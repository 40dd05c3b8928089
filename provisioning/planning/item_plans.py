"""What a change of items will do, as its plan holds it: whether each write can work on the item as it is, what it
costs, one sentence about the data, and before and after, encrypted.

A plan is kept for ever and read by everybody; what is in items is not everybody's. So keys and values stand in it
sealed, and whoever opens them for a page applies the table's mask (pitfall 41). What makes the plan the same, or
another one, is a keyed fingerprint of each write and of the item that it was planned on (C15).
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from provisioning.items.canonical import canonical
from provisioning.items.intents import BadIntentError, WriteIntent, as_dict, result_of
from provisioning.items.paths import value_at
from provisioning.items.query import Shape
from provisioning.items.sealing import digest, seal, unseal
from provisioning.items.values import BadValueError, Item, dumps, restored, same, same_item
from provisioning.items.write_units import dollars, units_of
from provisioning.lifecycle import JobKind, WriteVerb

PURPOSE = "plan of items"
CHANGES, DELETES = "items of it are altered", "items of it are deleted"
EXISTS = "there is an item with this key already, and nothing is overwritten"
GONE = "there is no such item any more"
TAKEN = "there is an item under the new key already, and nothing is overwritten"
_SAID = {
    WriteVerb.CREATE: ("is made", "are made"),
    WriteVerb.EDIT: ("is altered", "are altered"),
    WriteVerb.COPY: ("goes to another key", "go to other keys"),
    WriteVerb.UNDO: ("is put back as it was", "are put back as they were"),
    WriteVerb.DELETE: ("is deleted", "are deleted"),
}
_JOBS = {
    JobKind.IMPORT: "{} written into {}",
    JobKind.DELETE: "{} deleted from {}",
    JobKind.COPY: "{} copied into {}",
}


@dataclass(frozen=True)
class Leg:
    """What becomes of one item of a write: `before` is None for a new one, `after` for one that goes. A copy has two,
    the new place first; most writes have one. One that only has to stay is the same before and after."""

    key: Item
    before: Item | None
    after: Item | None

    @property
    def stays(self) -> bool:
        """Whether nothing becomes of it."""
        return same_item(self.before, self.after)


def legs_of(intent: WriteIntent, now: Item | None) -> tuple[Leg, ...]:
    """What a write makes of the item as it is now. Raises BadIntentError and BadValueError as `result_of` does; a
    write that is to be undone has its own way back."""
    after = result_of(intent, now)
    if intent.verb is not WriteVerb.COPY or intent.new_key is None:
        return (Leg(intent.key, now, after),)
    return (Leg(intent.new_key, None, after), Leg(intent.key, now, now if intent.keep else None))


def why_not(intent: WriteIntent, now: Item | None, there: Item | None = None) -> str:
    """Why the write cannot work on what is there, in words that name no value; empty when it can. `there` is what
    stands under the key that a copy goes to."""
    if intent.verb is WriteVerb.CREATE:
        return EXISTS if now is not None else _impossible(intent, now)
    if now is None:
        return GONE
    if intent.read is not None and not _as_read(intent, intent.read, now):
        return "the item changed since it was read"
    return TAKEN if there is not None else _impossible(intent, now)


def why_not_back(legs: Sequence[Leg], found: Sequence[Item | None]) -> str:
    """Why a write cannot be undone: its items are no longer as it had left them. Empty when they are."""
    left = all(same_item(leg.before, now) for leg, now in zip(legs, found, strict=True))
    return "" if left else "the item changed since the write that is to be undone"


def _as_read(intent: WriteIntent, read: Item, now: Item) -> bool:
    """Whether what the person had read still is so: of an edit the places that it is about, for the rest is not sent;
    else every attribute that was read."""
    if intent.verb is WriteVerb.EDIT:
        return all(same(value_at(read, edit.path), value_at(now, edit.path)) for edit in intent.patch)
    return all(same(value, now.get(name)) for name, value in read.items())


def _impossible(intent: WriteIntent, now: Item | None) -> str:
    try:
        result_of(intent, now)
    except (BadIntentError, BadValueError) as wrong:
        return _within(wrong.sentence)
    return ""


def _within(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:].rstrip('.')}"


def planned(number: int, intent: WriteIntent, legs: Sequence[Leg], shape: Shape) -> dict[str, Any]:
    """One write as the plan keeps it. `number` is its place in the request; `units` are write units."""
    content = [[_text(leg.key), _text(leg.before), _text(leg.after)] for leg in legs]
    facts = [[_canonical(leg.key), _canonical(leg.before), _canonical(leg.after)] for leg in legs]
    return {
        "number": number,
        "verb": str(intent.verb),
        "units": str(units_of(shape, [(leg.before, leg.after) for leg in legs])),
        "fingerprint": fingerprint(as_dict(intent), facts),
        "content": seal(PURPOSE, json.dumps(content)),
    }


def opened(write: Mapping[str, Any]) -> tuple[Leg, ...]:
    """What `planned` sealed, nothing of it masked. Raises NotSealedError once the secret key is another one."""
    kept: list[list[str | None]] = json.loads(unseal(PURPOSE, write["content"]))
    return tuple(Leg(_restored(key) or {}, _restored(before), _restored(after)) for key, before, after in kept)


def _text(item: Item | None) -> str | None:
    return None if item is None else dumps(item)


def _restored(text: str | None) -> Item | None:
    return None if text is None else restored(text)


def fingerprint(*things: Any) -> str:
    """A name for things that does not tell them: made without Stackyard's key, short values could be guessed."""
    return digest(PURPOSE, json.dumps(things, sort_keys=True, separators=(",", ":")))


def _canonical(item: Item | None) -> str | None:
    """The item without what says nothing, such as in which order DynamoDB lists the members of a set (pitfall 16)."""
    return None if item is None else canonical(item).decode()


def total(writes: Iterable[Mapping[str, Any]]) -> Decimal:
    """The write units of all of a plan's writes together."""
    return sum((Decimal(write["units"]) for write in writes), Decimal(0))


def price(units: Decimal, billing_mode: str) -> str | None:
    """What so many write units cost in US dollars, as text; None where capacity is provisioned."""
    cost = dollars(units, billing_mode)
    return None if cost is None else str(cost)


def sentence(table: str, verbs: Iterable[str], job: Mapping[str, Any] | None = None) -> str:
    """What happens to data, in one sentence: "2 items of orders are altered, 1 is deleted."."""
    if job is not None:
        if job.get("back"):
            return _said_of_back(table, *job["back"])
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


def _said_of_back(table: str, put: int, made: int, unsure: int) -> str:
    """What putting back does: so many items are written as they were, so many go that the job had made."""
    parts = [f"{_items(put)} put back as before the job"] if put else []
    parts += [f"{_items(made)} deleted that it had made"] if made else []
    parts += [f"{_items(unsure)} put back of which is not known whether it was the job"] if unsure else []
    return f"Of {table}, {' and '.join(parts) or 'nothing is put back'}, where they still are as it left them."


def _place(counted: tuple[WriteVerb, int]) -> int:
    return list(_SAID).index(counted[0])


def _items(count: int) -> str:
    return "1 item is" if count == 1 else f"{count:,} items are"


def impact(items: Mapping[str, Any]) -> dict[str, Any]:
    """The data impact of a plan whose part about items is this."""
    verbs = [write["verb"] for write in items["writes"]]
    job = items.get("job")
    deletes = WriteVerb.DELETE in verbs or (job is not None and _deletes(job))
    table = items["table"]
    line: dict[str, Any] = {"name": table["name"], "effect": DELETES if deletes else CHANGES}
    line |= dict.fromkeys(("items", "bytes", "protected", "recovery", "last_write"))
    return {
        "tone": "bad" if deletes else "attention" if verbs or job else "good",
        "sentence": sentence(table["name"], verbs, job),
        "lines": [line] if verbs or job else [],
    }


def _deletes(job: Mapping[str, Any]) -> bool:
    """Whether a job deletes items: a deletion does, and what takes back items that another job made."""
    return bool(job["kind"] == JobKind.DELETE or any((job.get("back") or (0, 0, 0))[1:]))


def sealed_part(items: Mapping[str, Any]) -> dict[str, Any]:
    """What of it a reviewer agrees to, for the plan's digest: the table, each write with the item that it was planned
    on, and the job. Prices and counts that grow by themselves are left out."""
    job = items.get("job")
    return {
        "table": [items["table"]["name"], items["table"]["id"]],
        "writes": [[write["number"], write["verb"], write["fingerprint"]] for write in items["writes"]],
        "job": None if job is None else [job["id"], job["kind"], job["fingerprint"]],
    }
