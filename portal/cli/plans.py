"""A plan in words and rows, from the API's JSON: what it does, to which data, what was found, what it costs.

Plans are kept for ever; an older one may lack whole parts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.cli.shown import Cell, Facts, Lines, Shown, Table, Tone, Word

Part = Mapping[str, Any]
_DOES: Mapping[str, tuple[str, Tone]] = {
    "Remove": ("deletes", "bad"), "Modify": ("changes", "attention"), "Add": ("adds", "good"),
    "Import": ("takes over", "attention"), "Keep": ("keeps", "quiet"), "SyncWithActual": ("accepts", "attention"),
}  # fmt: skip
_IMPACT: Mapping[str, Tone] = {"good": "good", "bad": "bad", "attention": "attention"}
_FINDINGS: Mapping[str, Tone] = {"error": "bad", "warning": "attention", "info": "quiet"}


def plan_shown(change: Part) -> Shown:
    """The plan of a change; a sentence where there is none yet."""
    plan = change["plan"]
    if plan is None:
        return Lines([Word("There is no plan yet.", "quiet")])
    return [
        Lines([one for one in (Word(str(change["sentence"])), _impact(plan)) if one.text]),
        _deployed(plan),
        Table(["Data", "What becomes of it", "#Items"], _tables(plan), empty=""),
        Table(["Parameter", "Before", "After"], _parameters(plan), empty=""),
        *(_stack(stack) for stack in plan.get("stacks") or ()),
        Lines(list(_findings(change))),
        _price(plan.get("cost")),
    ]


def _impact(plan: Part) -> Word:
    impact = plan.get("impact") or {}
    return Word(str(impact.get("sentence", "")), _IMPACT.get(impact.get("tone", ""), ""))


def _tables(plan: Part) -> list[list[Cell]]:
    lines = (plan.get("impact") or {}).get("lines") or ()
    return [[line["name"], line["effect"], "" if line["items"] is None else f"{line['items']:,}"] for line in lines]


def _deployed(plan: Part) -> Facts:
    part = plan.get("deploy") or {}
    origin = part.get("promoted_from") or {}
    return Facts(
        [
            ("Deploys", part.get("after")),
            ("Runs now", part.get("before")),
            ("Promoted from", _origin(origin)),
            ("Goes back to release", _text((plan.get("rollback") or {}).get("release"))),
        ]
    )


def _origin(origin: Part) -> str:
    words = [str(origin[name]) for name in ("environment", "release", "number") if origin.get(name)]
    return ", release ".join(words)


def _parameters(plan: Part) -> list[list[Cell]]:
    rows = (plan.get("parameters") or {}).get("sets") or ()
    return [[row["key"], _side(row["before"], row), _side(row["after"], row)] for row in rows]


def _side(side: Part | None, row: Part) -> Cell:
    if side is None:
        return Word("not there", "quiet")
    return Word("hidden", "quiet") if row["secret"] or side["value"] is None else str(side["value"])


def _stack(stack: Part) -> Table:
    part = f", part {stack['part'] + 1}" if stack.get("parts", 1) > 1 else ""
    named = f"{stack['name']}{part}"
    rows = [[*_action(row), row.get("name") or row["logical_id"], row["type"]] for row in stack["changes"]]
    return Table([named, "Resource", "Type"], rows, empty=f"{named}: nothing changes.")


def _action(row: Part) -> Iterable[Cell]:
    if row["action"] == "Modify" and row.get("replacement") == "True":
        return [Word("replaces", "bad")]
    said, tone = _DOES.get(row["action"], (str(row["action"]).lower(), ""))
    maybe = ", perhaps by a new one" if row.get("replacement") == "Conditional" else ""
    return [Word(f"{said}{maybe}", tone)]


def _findings(change: Part) -> Iterable[Word]:
    for one in change["findings"]:
        fix = f" {one['fix']}" if one.get("fix") else ""
        about = f"{one['about']}: " if one.get("about") else ""
        yield Word(f"{one['severity'].capitalize()}: {about}{one['sentence']}{fix}", _FINDINGS.get(one["severity"], ""))


def _price(cost: Part | None) -> Facts:
    if cost is None:
        return Facts([])
    before, after, delta = (float(cost[name]) for name in ("before", "after", "delta"))
    return Facts([("A month", f"{after:,.2f} USD instead of {before:,.2f}: {delta:+,.2f}")])


def _text(value: object) -> str:
    return "" if value is None else str(value)
