"""The plan as reviewers read it: one sentence, the dangerous things first, data apart from compute."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.changes.comparisons import (
    AdoptedTable,
    Deletion,
    StageBelow,
    adoption_view,
    deletion_view,
    stage_below_view,
)
from portal.changes.deploys import sentence_of_deploy
from portal.changes.impact import Impact, impact_view
from portal.changes.nested import differences
from portal.changes.prices import PriceView, price_view
from portal.changes.states import short_type
from provisioning.lifecycle import StackKind
from provisioning.planning.changes import DATA_TYPES, counters

ORDER = ("delete", "replace", "change", "import", "add", "keep")
SEVERITIES = ("error", "warning", "info")
_POLICIES = {
    "Retain": "stays where it is, outside the stack",
    "Snapshot": "a snapshot is kept",
    "ReplaceAndDelete": "a new one takes its place, the old one is deleted",
    "ReplaceAndRetain": "a new one takes its place, the old one stays",
    "ReplaceAndSnapshot": "a new one takes its place, a snapshot of the old one is kept",
}
_CAUSES = {
    "ParameterReference": "the value {} changes",
    "ResourceReference": "{} changes",
    "ResourceAttribute": "{} changes",
    "DirectModification": "the template changes",
}
_STACK_VERBS = {
    "create": "is created",
    "update": "is updated",
    "import": "takes over what exists",
    "adopt": "is taken over as it is",
    "delete": "is deleted",
    "settings": "is set",
    "continue": "is rolled back further",
    "roll_back": "is rolled back",
    "retain": "is deleted, what blocks stays",
    "force": "is deleted by force",
    "accept": "is taken as it is",
    "none": "stays as it is",
}
_SAID = {
    "delete": "deletes",
    "replace": "replaces",
    "change": "changes",
    "import": "takes over",
    "add": "adds",
    "keep": "keeps",
}
FROM_TEMPLATE = (
    "Read from the template. CloudFormation can compare it only once the data stack exists; it is then held against"
    " this list, and stops if it differs."
)
AS_IT_IS = "Nothing of it is altered. Where the blueprint differs, the next update would change it."
AFTER_EARLIER = (
    "Read from the template. CloudFormation can compare it only once the part before it has run; it is then held"
    " against this list, and stops if it differs."
)


@dataclass(frozen=True)
class PropertyLine:
    """A property before and after; `unknown` is known only when it runs. `because` says what makes it change, as
    far as AWS says."""

    name: str
    before: str | None
    after: str | None
    unknown: bool
    because: str = ""


@dataclass(frozen=True)
class PlannedResource:
    """One resource, or item, as pieces/plan_rows.html shows it; `action` is one of ORDER, `word` how it is said: as
    `said`, where its action does not say it."""

    action: str
    name: str
    type: str
    note: str
    properties: tuple[PropertyLine, ...]
    said: str = ""

    @property
    def word(self) -> str:
        """What happens to it, as its badge says."""
        return self.said or ("Taken over" if self.action == "import" else self.action.capitalize())


@dataclass(frozen=True)
class PlannedStack:
    """One stack of the plan, or one part of its work, its resources from harmful to harmless, and its parameters.
    `purpose` says what a part is for, where there are several; `sends` whether a template and the parameters are
    sent; `adopted` that its properties are compared with the blueprint, and none of them changes."""

    kind: str
    part: int
    title: str
    purpose: str
    name: str
    verb: str
    counts: Mapping[str, int]
    resources: tuple[PlannedResource, ...]
    parameters: tuple[tuple[str, str], ...]
    changed: tuple[PropertyLine, ...] = ()
    note: str = ""
    sends: bool = False
    adopted: bool = False


@dataclass(frozen=True)
class FindingLine:
    """One finding of the preflight; `tone` goes with its severity."""

    severity: str
    tone: str
    about: str
    sentence: str
    fix: str


@dataclass(frozen=True)
class PlanView:
    """The whole plan. `digest` is what an approval names."""

    sentence: str
    counts: Mapping[str, int]
    impact: Impact
    stacks: tuple[PlannedStack, ...]
    findings: tuple[FindingLine, ...]
    price: PriceView | None
    below: StageBelow | None
    adoption: tuple[AdoptedTable, ...]
    deletion: Deletion | None
    flags: tuple[tuple[str, str], ...]
    digest: str


def plan_view(plan: Mapping[str, Any], digest: str) -> PlanView:
    """Shape a sealed plan for the page. Plans are kept for ever: an older one may lack whole parts."""
    ordered = sorted(plan["stacks"], key=lambda stack: (stack["kind"] != StackKind.DATA, stack.get("part", 0)))
    stacks = tuple(_stack(stack) for stack in ordered)
    return PlanView(
        sentence=_sentence(plan, stacks),
        counts=plan_counts(plan),
        impact=impact_view(plan["impact"]),
        stacks=stacks,
        findings=findings_view(plan.get("findings") or ()),
        price=price_view(plan.get("cost")),
        below=stage_below_view(plan.get("stage_below"), {stack.kind for stack in stacks if stack.sends}),
        adoption=adoption_view(plan.get("adoption")),
        deletion=deletion_view(plan.get("deletion")),
        flags=tuple((flag["name"], flag["value"]) for flag in plan.get("flags") or ()),
        digest=digest,
    )


def _sentence(plan: Mapping[str, Any], stacks: Sequence[PlannedStack]) -> str:
    """The sentence of what the plan is about: stacks, items, a redeploy, or parameters."""
    if plan.get("items"):
        return sentence_of_items(plan["items"])
    deploys = sentence_of_deploy(plan)
    if deploys:
        return deploys
    if plan.get("parameters"):
        return sentence_of_parameters(plan["parameters"])
    return sentence(plan_counts(plan), stacks)


def plan_counts(plan: Mapping[str, Any]) -> dict[str, int]:
    """How many resources a plan deletes, replaces, changes, takes over, adds and keeps; nothing for no plan."""
    return _counts(row for stack in plan.get("stacks") or () for row in stack["changes"])


def sentence(counts: Mapping[str, int], stacks: Sequence[PlannedStack]) -> str:
    """What the plan does, in one sentence, the harmful part first."""
    some = [name for name in ORDER if counts.get(name)]
    if not some:
        return "Nothing changes."
    parts = [f"{_SAID[name]} {counts[name]}" for name in some]
    plural = "" if counts[some[-1]] == 1 else "s"
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    touched = dict.fromkeys(stack.name for stack in stacks if stack.resources)
    return f"{listed.capitalize()} resource{plural} in {' and '.join(touched)}."


def sentence_of_items(items: Mapping[str, Any]) -> str:
    """What a plan of items does, in one sentence; how many of them is told with the data."""
    if items.get("job"):
        return "Work on many items begins once it is approved, and goes on by itself."
    return "Each item is written once, and only if it still is as it is shown here."


def sentence_of_parameters(parameters: Mapping[str, Any]) -> str:
    """What a plan of parameters does, in one sentence."""
    if not parameters["sets"]:
        return "Everything is as was asked for already."
    return f"{str(parameters['sentence']).rstrip('.')}."


def findings_view(findings: Iterable[Mapping[str, str]]) -> tuple[FindingLine, ...]:
    """Findings from errors to remarks."""
    tones = {"error": "bad", "warning": "attention"}
    lines = [
        FindingLine(
            found["severity"],
            tones.get(found["severity"], "quiet"),
            found["about"],
            found["sentence"],
            found.get("fix", ""),
        )
        for found in findings
    ]
    return tuple(sorted(lines, key=lambda line: (*SEVERITIES, line.severity).index(line.severity)))


def _stack(stack: Mapping[str, Any]) -> PlannedStack:
    resources = [planned_resource(row) for row in stack["changes"]]
    return PlannedStack(
        kind=stack["kind"],
        part=stack.get("part", 0),
        title=StackKind(stack["kind"]).label,
        purpose=_purpose(stack),
        name=stack["name"],
        verb=_STACK_VERBS.get(stack["action"], ""),
        counts=_counts(stack["changes"]),
        resources=tuple(sorted(resources, key=lambda one: (ORDER.index(one.action), one.name))),
        parameters=tuple(sorted(stack["parameters"].items())),
        changed=_changed(stack.get("parameters_before", {}), stack["parameters"]),
        note=_stack_note(stack),
        sends=stack["action"] in {"create", "update", "import"},
        adopted=stack["action"] == "adopt",
    )


def _purpose(stack: Mapping[str, Any]) -> str:
    """ "1 of 2: take over 2 tables"; empty where the stack has a single part and nobody named what it is for."""
    purpose: str = stack.get("purpose") or ""
    parts: int = stack.get("parts") or 1
    if parts == 1:
        return purpose
    place = f"{stack.get('part', 0) + 1} of {parts}"
    return f"{place}: {purpose}" if purpose else place


def _stack_note(stack: Mapping[str, Any]) -> str:
    if stack["action"] == "adopt":
        return AS_IT_IS
    if stack.get("part", 0):
        return "" if stack.get("change_set") else AFTER_EARLIER
    unread = stack["action"] == "create" and not stack.get("change_set")
    return FROM_TEMPLATE if unread else ""


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[PropertyLine, ...]:
    """The parameters that an update sends with another value than the stack has; none for a new stack."""
    if not before:
        return ()
    names = sorted(name for name in {**before, **after} if before.get(name) != after.get(name))
    return tuple(
        PropertyLine(name, before.get(name, "not set"), after.get(name, "not set"), unknown=False) for name in names
    )


def planned_resource(row: Mapping[str, Any]) -> PlannedResource:
    """One row of a plan as the page shows it."""
    properties = _properties(row["details"])
    return PlannedResource(
        action=_action(row),
        name=row["logical_id"],
        type=short_type(row["type"]),
        note=_note(row, properties),
        properties=properties,
    )


def _action(row: Mapping[str, Any]) -> str:
    """What happens to a resource; what is taken over is not made, though both are new to the stack."""
    if row["action"] == "Import":
        return "import"
    return next(name for name, count in counters([dict(row)]).items() if count)


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    found = Counter(_action(row) for row in rows)
    return {name: found[name] for name in ORDER}


def _note(row: Mapping[str, Any], properties: Sequence[PropertyLine]) -> str:
    parts = []
    if row["replacement"] == "Conditional":
        parts.append("may be replaced: it depends on values that are known only when it runs")
    if row["action"] == "Dynamic":
        parts.append("AWS decides what happens when it runs")
    if row["policy_action"] == "Delete" and row["type"] in DATA_TYPES:
        parts.append("what it holds goes with it")
    if row["policy_action"] in _POLICIES:
        parts.append(_POLICIES[row["policy_action"]])
    if row["details"] and not properties:
        names = dict.fromkeys(_name(detail) for detail in row["details"])
        parts += [_without_values(name, row["details"]) for name in names]
    return "; ".join(parts)


def _properties(details: Sequence[Mapping[str, Any]]) -> tuple[PropertyLine, ...]:
    """One line a property; none when AWS named properties and gave no value of any (C8)."""
    if all(detail["before"] is None and detail["after"] is None for detail in details):
        return ()
    lines: dict[str, PropertyLine] = {}
    for detail in details:
        name = _name(detail)
        line = PropertyLine(name, detail["before"], detail["after"], detail["after"] is None, _because(name, details))
        # The same property is named once per cause; the reading with values says more.
        if name not in lines or lines[name].unknown:
            lines[name] = line
    return tuple(part for line in lines.values() for part in _in_parts(line))


def _in_parts(line: PropertyLine) -> Iterator[PropertyLine]:
    """A property that is a document as the values of it that differ; any other as it is."""
    found = differences(line.before, line.after)
    if not found:
        yield line
    because = line.because
    for path, before, after in found:
        yield PropertyLine(f"{line.name}.{path}", before, after, unknown=False, because=because)
        because = ""


def _without_values(name: str, details: Iterable[Mapping[str, Any]]) -> str:
    because = _because(name, details)
    return f"{name} (AWS gave no values{f': {because}' if because else ''})"


def _because(name: str, details: Iterable[Mapping[str, Any]]) -> str:
    """Every cause that AWS names for a property, and whether it alone takes a new resource."""
    same = [detail for detail in details if _name(detail) == name]
    said = dict.fromkeys(_cause(detail.get("cause") or "") for detail in same)
    needs = {detail["requires_recreation"] for detail in same}
    if "Always" in needs:
        said["it takes a new resource"] = None
    elif "Conditionally" in needs:
        said["it may take a new resource"] = None
    return "; ".join(filter(None, said))


def _cause(cause: str) -> str:
    source, _, entity = cause.partition(" ")
    words = _CAUSES.get(source, "")
    return words.format(entity) if entity or "{}" not in words else ""


def _name(detail: Mapping[str, Any]) -> str:
    path: str = detail["path"]
    return path.removeprefix("/Properties/").strip("/").replace("/", ".") or "Properties"
