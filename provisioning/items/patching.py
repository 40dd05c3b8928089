"""What of an item was touched, and nothing else: the patch between what was read and what is wanted, what has to be so
for it to be written, and both sides where somebody else was quicker (B8, pitfalls 18, 26, 29).

Pure. Paths go from an attribute down through maps; a list or a set is one value. What is hidden or was not read cannot
be in a patch: it is neither sent nor taken away.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.aws.items.writing import MOST_CHECKS, Check, Update
from provisioning.items.intents import Edit, shown_path
from provisioning.items.masking import Mask
from provisioning.items.values import HIDDEN, BadValueError, Item, Value, check_value, dumps, parsed, same

MOST_EDITS = 60  # beyond, whole attributes are sent in place of parts of maps, so that the expression stays short (B7)
Path = tuple[str, ...]
Patch = tuple[Edit, ...]


def patch_between(read: Mapping[str, Value], wanted: Mapping[str, Value]) -> Patch:
    """What makes `read` into `wanted`: the smallest parts of maps that differ. Numbers differ by what they are worth,
    sets by their members (pitfall 16)."""
    edits = _between(read, wanted, ())
    return edits if len(edits) <= MOST_EDITS else _whole_attributes(edits, wanted)


def _between(read: Mapping[str, Value], wanted: Mapping[str, Value], at: Path) -> Patch:
    edits: list[Edit] = []
    for name in [*read, *(name for name in wanted if name not in read)]:
        old, new, path = read.get(name), wanted.get(name), (*at, name)
        if same(old, new):
            continue
        if old and new and "M" in old and "M" in new and "" not in {*old["M"], *new["M"]}:
            edits += _between(old["M"], new["M"], path)
        else:
            edits.append(Edit(path, new))
    return tuple(edits)


def _whole_attributes(edits: Patch, wanted: Mapping[str, Value]) -> Patch:
    return tuple(Edit((name,), wanted.get(name)) for name in dict.fromkeys(edit.attribute for edit in edits))


def patch_of_text(shown: Item, text: str) -> Patch:
    """What somebody made of an item that they had as typed JSON. `shown` is that item, with what they may not see
    hidden; leaving those marks as they are leaves the values as they are.

    Raises BadValueError, with the path of what is wrong.
    """
    sent = parsed(text)
    if not isinstance(sent, dict):
        raise BadValueError("An item is an object of attributes.")
    return patch_of_sent(shown, sent)


def patch_of_sent(shown: Item, sent: Mapping[str, Any]) -> Patch:
    """The patch between an item as it was shown and attributes as they came back, typed and not yet checked."""
    edits = _of_maps(shown, sent, ())
    if len(edits) <= MOST_EDITS:
        return edits
    for name in {edit.attribute for edit in edits if len(edit.path) > 1}:
        _refuse_hidden(shown[name], (name,))
    wanted = {name: check_value(sent[name], name) for name in {edit.attribute for edit in edits} if name in sent}
    return _whole_attributes(edits, wanted)


def _of_maps(shown: Mapping[str, Value], sent: Mapping[str, Any], at: Path) -> Patch:
    edits: list[Edit] = []
    for name in [*shown, *(name for name in sent if name not in shown)]:
        if name == "" and not at:
            raise BadValueError("An attribute has a name.")
        edits += _of_values(shown.get(name), sent.get(name), (*at, name), removed=name not in sent)
    return tuple(edits)


def _of_values(old: Value | None, raw: Any, path: Path, *, removed: bool) -> Patch:
    if not removed and old is not None and _untouched(old, raw):
        return ()
    if old and _map_in(raw) is not None and "M" in old and "" not in {*old["M"], *raw["M"]}:
        return _of_maps(old["M"], raw["M"], path)
    new = None if removed else check_value(raw, shown_path(path), len(path))
    if same(old, new):
        return ()
    if old is not None:
        _refuse_hidden(old, path)
    return (Edit(path, new),)


def _map_in(raw: Any) -> dict[str, Any] | None:
    inner = raw.get("M") if isinstance(raw, dict) and len(raw) == 1 else None
    return inner if isinstance(inner, dict) else None


def _untouched(old: Value, raw: Any) -> bool:
    """As texts, because JSON's true and 1 are equal to Python."""
    return _canonical(json.loads(dumps(old))) == _canonical(raw)


def _canonical(thing: Any) -> str:
    return json.dumps(thing, sort_keys=True)


def _refuse_hidden(value: Value, path: Path) -> None:
    """Raises BadValueError where a value that is about to be replaced or removed has hidden parts."""
    if has_hidden(value):
        raise BadValueError("This is hidden from you, so it can be neither changed nor removed.", shown_path(path))


def has_hidden(value: Value) -> bool:
    """Whether the value is hidden or has hidden parts."""
    ((kind, content),) = value.items()
    if kind == "M":
        return any(has_hidden(part) for part in content.values())
    if kind == "L":
        return any(has_hidden(part) for part in content)
    return kind == HIDDEN


def value_at(item: Mapping[str, Value] | None, path: Iterable[str | int]) -> Value | None:
    """What an item has at a path; None where there is nothing."""
    here: Value | None = {"M": dict(item or {})}
    for step in path:
        inner = here.get("M") if here else None
        here = inner.get(step) if isinstance(inner, dict) else None
    return here


def masked_at(mask: Mask, path: Path, value: Value | None) -> Value | None:
    """A value as it may be seen that stands at a path of an item, whatever else is there."""
    if value is None:
        return None
    whole = value
    for step in reversed(path):
        whole = {"M": {step: whole}}
    ((kind, _content),) = value.items()
    return value_at(mask.apply(whole["M"]), path) or {HIDDEN: kind}


def checks_of_patch(patch: Patch, read: Mapping[str, Value], partition_key: str) -> tuple[Check, ...]:
    """What has to be so for a patch to be written: the item is there, and what the patch touches is as it was read."""
    checks = [Check((partition_key,), "present")]
    parents: dict[Path, None] = {}
    for edit in patch:
        path = _names(edit)
        old = value_at(read, path)
        checks.append(Check(path, "is", old) if old is not None else Check(path, "absent"))
        if old is None and len(path) > 1:
            parents[path[:-1]] = None
    return (*checks, *(Check(path, "map") for path in parents))


def checks_of_item(read: Mapping[str, Value], key: Iterable[str]) -> tuple[Check, ...]:
    """What has to be so for a whole item to be replaced or deleted: it is there, with every attribute as it was read.
    Of an item with very many attributes only so many go into a condition (B7)."""
    keys = tuple(key)
    others = [Check((name,), "is", value) for name, value in read.items() if name and name not in keys]
    return (Check((keys[0],), "present"), *others[: MOST_CHECKS - 1])


def update_of(table: str, key: Item, patch: Patch, read: Mapping[str, Value]) -> Update:
    """The call that writes a patch, and nothing that the patch does not touch."""
    return Update(
        table,
        key,
        sets=tuple((_names(edit), edit.value) for edit in patch if edit.value is not None),
        removes=tuple(_names(edit) for edit in patch if edit.value is None),
        checks=checks_of_patch(patch, read, next(iter(key))),
    )


def _names(edit: Edit) -> Path:
    """The path of an edit, which goes through maps only: a place in a list is another one as soon as somebody adds to
    the list."""
    return tuple(str(step) for step in edit.path)


@dataclass(frozen=True)
class Sides:
    """One place of an item where two people were at: what was read, what is wanted (`mine`), what the server has now
    (`theirs`); None where there is nothing."""

    path: Path
    read: Value | None
    mine: Value | None
    theirs: Value | None

    @property
    def shown(self) -> str:
        """The path as people read it."""
        return shown_path(self.path)

    @property
    def touched_by_me(self) -> bool:
        """Whether I wanted something else than I read."""
        return not same(self.read, self.mine)

    @property
    def touched_by_them(self) -> bool:
        """Whether the server has something else than I read."""
        return not same(self.read, self.theirs)

    @property
    def clashes(self) -> bool:
        """Whether both were at it and want different things: somebody has to choose."""
        return self.touched_by_me and self.touched_by_them and not same(self.mine, self.theirs)


def three_ways(read: Item, patch: Patch, server: Item) -> tuple[Sides, ...]:
    """Every place that the patch or somebody else has touched since the item was read (pitfall 29)."""
    wanted = {_names(edit): edit.value for edit in patch}
    theirs = {_names(edit) for edit in patch_between(read, server)}
    paths = [*wanted, *(path for path in sorted(theirs) if path not in wanted)]
    widest = [path for path in paths if not any(path[:short] in paths for short in range(1, len(path)))]
    return tuple(Sides(path, value_at(read, path), _mine(read, patch, path), value_at(server, path)) for path in widest)


def _mine(read: Item, patch: Patch, path: Path) -> Value | None:
    """What the patch wants at a path, or within it."""
    here = value_at(read, path)
    for edit in patch:
        names = _names(edit)
        if names == path:
            return edit.value
        if names[: len(path)] == path:
            here = _set(here or {"M": {}}, names[len(path) :], edit.value)
    return here


def _set(value: Value, path: Path, new: Value | None) -> Value:
    content: dict[str, Value | None] = dict(value.get("M", {}))
    inner = _set(content.get(path[0]) or {"M": {}}, path[1:], new) if len(path) > 1 else new
    content[path[0]] = inner
    return {"M": {name: one for name, one in content.items() if one is not None}}


def resolved(sides: Iterable[Sides], mine: Iterable[Path]) -> Patch:
    """The patch, against what the server has now, of those places where mine was chosen."""
    chosen = set(mine)
    return tuple(Edit(one.path, one.mine) for one in sides if one.path in chosen and not same(one.mine, one.theirs))
