"""Both sides of each key as a page shows them, and which of them were ticked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.flags.showing import Shown, shown
from provisioning.actions.copying_parameters import Pair, Picked, State
from provisioning.actions.setting import declared
from provisioning.blueprints.model import Blueprint
from provisioning.flags.rules import SECURE
from provisioning.models import Parameter

MISSING = "-"  # where a token has no version
_TOKEN = re.compile(r"(\d{1,9})\.(\d{1,9}|-)\.(.{1,1011})", re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One key. `token` is what its box sends: both versions that were looked at, and the key. `problem` says how a side
    has moved since."""

    key: str
    title: str
    state: State
    source: Shown | None
    source_version: int | None
    target: Shown | None
    target_version: int | None
    why_not: str
    token: str
    ticked: bool
    problem: str

    @property
    def label(self) -> str:
        """The state as a word; two secrets are told apart by digest alone."""
        hidden = "hidden" in {self.source and self.source.kind, self.target and self.target.kind}
        words = {State.SAME: "same", State.MISSING: "missing here", State.ONLY_THERE: "only here"}
        return words.get(self.state, "differs, hidden" if hidden else "differs")

    @property
    def tone(self) -> str:
        """The colour family of that word."""
        return {State.DIFFERS: "attention", State.MISSING: "busy"}.get(self.state, "quiet")


def rows_of(
    pairs: Iterable[Pair],
    blueprint: Blueprint | None,
    ticked: Sequence[Picked],
    problems: Mapping[str, str],
) -> list[Row]:
    """The pairs as rows; `ticked` are those that were chosen before."""
    chosen = {one.key for one in ticked}
    return [_row(pair, blueprint, pair.key in chosen, problems.get(pair.key, "")) for pair in pairs]


def _row(pair: Pair, blueprint: Blueprint | None, ticked: bool, problem: str) -> Row:  # noqa: FBT001 - a plain fact
    flag = declared(blueprint, pair.key) if blueprint else None

    def look(one: Parameter | None) -> Shown | None:
        return shown(one.type, "" if one.type == SECURE else one.value, flag) if one else None

    source_version = pair.source.version if pair.source else None
    target_version = pair.target.version if pair.target else None
    return Row(
        key=pair.key,
        title=flag.title if flag else "",
        state=pair.state,
        source=look(pair.source),
        source_version=source_version,
        target=look(pair.target),
        target_version=target_version,
        why_not=pair.why_not,
        token=f"{source_version or 0}.{target_version or MISSING}.{pair.key}",
        ticked=ticked and not pair.why_not,
        problem=problem,
    )


def picked_of(tokens: Iterable[str]) -> list[Picked]:
    """What the boxes of a page sent; what is none of them is left out."""
    found = {}
    for token in tokens:
        match = _TOKEN.fullmatch(token)
        if match is not None:
            source, target, key = match.groups()
            found[key] = Picked(key, int(source), None if target == MISSING else int(target))
    return list(found.values())
