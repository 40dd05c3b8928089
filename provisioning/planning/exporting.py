"""Exports that an update would change or take away: while another stack imports one, AWS refuses half way (X2)."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from provisioning.blueprints.shapes import Resolved, Unknown
from provisioning.blueprints.values import as_text
from provisioning.planning.findings import Finding

VANISHES, CHANGES = "would vanish", "would change"


def moving(
    outputs: Iterable[Mapping[str, Any]], after: Resolved, *, replaced: Collection[str], streams: Collection[str]
) -> dict[str, str]:
    """The exports of a stack that do not stay as they are: name to what would happen.

    `outputs` are those the stack has now, {"export", "value"} each; `replaced` are logical ids of resources that get
    another one in their place, `streams` those of tables whose stream becomes another. Ask AWS who imports these.
    """
    new = {output.export: output.value for output in after.outputs if output.export}
    found = {}
    for output in outputs:
        name = output.get("export")
        if not name:
            continue
        if name not in new:
            found[name] = VANISHES
        elif _changes(new[name], output["value"], replaced, streams):
            found[name] = CHANGES
    return found


def _changes(value: Any, now: str, replaced: Collection[str], streams: Collection[str]) -> bool:
    if not isinstance(value, Unknown):
        return as_text(value) != now
    # What only AWS knows names the resource that it comes from.
    text = str(value).rpartition(",")[0] or str(value)
    if any(re.search(rf"\b{re.escape(one)}\.StreamArn\b", text) for one in streams):
        return True
    return not set(replaced).isdisjoint(re.findall(r"\w+", text))


def export_findings(found: Mapping[str, str], importers: Mapping[str, Sequence[str]]) -> list[Finding]:
    """`found` as `moving` gives it, `importers` the stacks that import each of them."""
    return [
        Finding(
            "error",
            name,
            f"The export {name} {happens} while {', '.join(users)} {'imports' if len(users) == 1 else 'import'} it:"
            " AWS would undo the whole update.",
            "First update what imports it, in a change of its own, so that nothing does; then take this further.",
        )
        for name, happens in sorted(found.items())
        if (users := importers.get(name, ()))
    ]
