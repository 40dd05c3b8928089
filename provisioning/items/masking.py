"""What is hidden of items, and how: applied before anything of an item is written anywhere (pitfall 41).

A blueprint's rule says what is hidden of a table at a stage. In prod a table without a rule shows its keys and nothing
else. Keys of the table are always shown: they are the addresses of items. Everything in here fails closed: where a
rule goes into a value that is not of the shape it expects, the whole value is hidden.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from provisioning.blueprints.loader import library
from provisioning.blueprints.masking import EVERY, Path, parse_path
from provisioning.blueprints.model import MaskRule
from provisioning.items.values import HIDDEN, Item, Value, dumps
from provisioning.models import Environment, Table

PROD = "prod"
LEFT_OUT = "What AWS said is left out here, because it quotes values that are hidden."
_STEP = re.compile(r'\[(?P<place>\d+|\*)\]|"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<name>[^.\[\]"]+)')
Place = str | int


@dataclass(frozen=True)
class Mask:
    """What is hidden of the items of one table. `keys` are shown whatever else is said; `paths` are hidden, and with
    `everything` all that is no key."""

    keys: frozenset[str] = frozenset()
    paths: tuple[Path, ...] = ()
    everything: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is hidden."""
        return not (self.everything or self.paths)

    def apply(self, item: Mapping[str, Value]) -> Item:
        """The item as it may be shown: each hidden value is {"HIDDEN": its type}."""
        return self._replaced(item, _marker)

    def with_stand_ins(self, item: Mapping[str, Value]) -> Item:
        """The item as it may be copied out of prod: each hidden value has another one of its type in its place."""
        return self._replaced(item, stand_in)

    def hides(self, path: str | Sequence[Place]) -> bool:
        """Whether the value at a path is hidden, or is a part of one that is. A path is a text such as `profile.phone`
        or `list[0].street`, or its steps; of a text, every reading counts."""
        return self._asked(path, whole=True)

    def touches(self, path: str | Sequence[Place]) -> bool:
        """Whether the value at a path is hidden or has a hidden part. Nothing that compares with it may be asked of
        DynamoDB by people whom it is hidden from, save equality with a whole key: answers would tell it bit by bit."""
        return self._asked(path, whole=False)

    def hidden_in(self, item: Mapping[str, Value]) -> Item:
        """The attributes of an item that are hidden, or have a hidden part."""
        return {name: value for name, value in item.items() if self.touches((name,))}

    def _asked(self, path: str | Sequence[Place], *, whole: bool) -> bool:
        if not isinstance(path, str):
            return self._reached(tuple(path), self.paths, whole=whole)
        if path in self.keys:
            return False
        flat = tuple(_flat(rule) for rule in self.paths)
        return self._reached((path,), self.paths, whole=whole) or self._reached(_steps(path), flat, whole=whole)

    def _reached(self, steps: Sequence[Place], rules: Sequence[Path], *, whole: bool) -> bool:
        if not steps:
            return not self.is_empty and not whole
        if steps[0] in self.keys:
            return False
        return self.everything or any(_meets(rule, steps, whole=whole) for rule in rules)

    def _replaced(self, item: Mapping[str, Value], put: Callable[[Value], Value]) -> Item:
        if self.is_empty:
            return dict(item)
        done: Item = {}
        for name, value in item.items():
            rules = [rule[1:] for rule in self.paths if rule[0] == name]
            if name in self.keys:
                done[name] = value
            elif self.everything:
                done[name] = put(value)
            else:
                done[name] = _within(value, rules, put)
        return done


def mask_for(environment: Environment, table: Table) -> Mask:
    """What is hidden of a table's items at the stage of its environment.

    A table that no resource of the blueprint is known for is under every rule of the stage, and in prod, as one without
    a rule, shows its keys only.
    """
    keys = frozenset(key["attribute"] for key in table.described.get("keys", ()))
    blueprint = library().blueprints.get(environment.application)
    rules = [rule for rule in (blueprint.masking if blueprint else ()) if environment.stage in rule.stages]
    mine = [rule for rule in rules if rule.table == table.logical_id] if table.logical_id else rules
    if environment.stage == PROD and not (table.logical_id and mine):
        return Mask(keys, everything=True)
    return Mask(keys, _paths(mine, keys))


def _paths(rules: Sequence[MaskRule], keys: frozenset[str]) -> tuple[Path, ...]:
    parsed = (parse_path(text) for rule in rules for text in rule.hide)
    return tuple(path for path in parsed if path[0] not in keys)


def _within(value: Value, rules: Sequence[Path], put: Callable[[Value], Value]) -> Value:
    """The value without what `rules` hide of it. A rule goes through a list whether it names it or not."""
    if not rules:
        return value
    ((kind, content),) = value.items()
    if kind == HIDDEN or () in rules or kind not in {"M", "L"}:
        return put(value)
    if kind == "L":
        inner = [rule[1:] if rule[0] is EVERY else rule for rule in rules]
        return {"L": [_within(part, inner, put) for part in content]}
    return {
        "M": {
            name: _within(part, [rule[1:] for rule in rules if rule[0] in {name, EVERY}], put)
            for name, part in content.items()
        }
    }


def _meets(rule: Path, steps: Sequence[Place], *, whole: bool) -> bool:
    """Whether a rule hides the value at `steps`; when not `whole`, also whether it hides a part of it."""
    if not rule:
        return True
    if not steps:
        return not whole
    first, rest = steps[0], steps[1:]
    if isinstance(first, int):  # a list, which a rule goes through whether it names it or not
        return _meets(rule[1:] if rule[0] is EVERY else rule, rest, whole=whole)
    return rule[0] in {first, EVERY} and _meets(rule[1:], rest, whole=whole)


def _steps(path: str) -> tuple[Place, ...]:
    """The steps of a path as a text. Every dot parts, within quotation marks too: `_flat` does the same to rules."""
    steps: list[Place] = []
    for found in _STEP.finditer(path):
        if found["place"]:
            steps.append(0 if found["place"] == "*" else int(found["place"]))
        else:
            steps += re.sub(r"\\(.)", r"\1", found["quoted"]).split(".") if found["quoted"] else [found["name"]]
    return tuple(step for step in steps if step != "")


def _flat(rule: Path) -> Path:
    return tuple(part for step in rule for part in ((step,) if step is EVERY else step.split(".")) if part != "")


def _marker(value: Value) -> Value:
    ((kind, content),) = value.items()
    return {HIDDEN: content if kind == HIDDEN else kind}


def stand_in(value: Value) -> Value:
    """Another value of the same type that tells nothing about this one. The same value has the same stand-in wherever
    it is, so that what belongs together still does; an address of mail stays one, at a domain that nobody has.

    Raises ValueError for a value that is hidden already: what it was is not known.
    """
    ((kind, content),) = value.items()
    if kind == HIDDEN:
        raise ValueError("A hidden value has no stand-in.")
    if kind in {"M", "L"}:
        return {kind: {} if kind == "M" else []}
    if kind in {"BOOL", "NULL"}:
        return {kind: kind == "NULL"}
    if kind in {"SS", "NS", "BS"}:
        made = {dumps(one): one[kind[0]] for one in (stand_in({kind[0]: member}) for member in content)}
        return {kind: [made[text] for text in sorted(made)]}
    digest = _digest(kind, content if isinstance(content, bytes) else str(content).encode(errors="surrogatepass"))
    if kind == "N":
        return {"N": str(int.from_bytes(digest[:6]) + 1)}
    if kind == "B":
        return {"B": digest[:16]}
    text = f"hidden-{digest[:16].hex()}"
    return {kind: f"{text}@example.invalid" if "@" in content else text}


def _digest(kind: str, content: bytes) -> bytes:
    """Keyed, or whoever knows what a value may be could find out which it is."""
    secret = hashlib.sha256(f"stand-ins:{settings.SECRET_KEY}".encode()).digest()
    return hmac.new(secret, kind.encode() + b"\0" + content, hashlib.sha256).digest()


def redacted(text: str, mask: Mask, *items: Mapping[str, Value]) -> str:
    """A message about items, such as an error of AWS: as it is, unless it quotes any hidden value of them, in whatever
    way of writing. Then all of it is left out: of a short value nobody could say where it is quoted."""
    quoted = (form for item in items for value in mask.hidden_in(item).values() for form in _forms(value))
    return LEFT_OUT if any(form in text for form in quoted) else text


def _forms(value: Value) -> Iterator[str]:
    """Every way in which the parts of a value may be written in a message."""
    ((kind, content),) = value.items()
    if kind in {"M", "L"}:
        yield from content if kind == "M" else ()
        for part in content.values() if kind == "M" else content:
            yield from _forms(part)
    elif kind in {"SS", "NS", "BS"}:
        for member in content:
            yield from _forms({kind[0]: member})
    elif kind in {"S", "N"} and content:
        yield from (content, json.dumps(content)[1:-1], json.dumps(content, ensure_ascii=False)[1:-1])
        yield repr(content)[1:-1]
    elif kind == "B" and content:
        yield from (base64.b64encode(content).decode(), repr(content)[2:-1])
