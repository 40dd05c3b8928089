"""Parameters of a plan as reviewers read them: before and after, whose they are, what is redeployed. A plan never holds
a secret's value: two keyed digests say whether it differs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from portal.changes.plans import PlannedResource, PropertyLine, sentence_of_parameters
from portal.flags.showing import visible
from provisioning.lifecycle import ParameterVerb, WriteState
from provisioning.models import Change, ParameterVersion
from provisioning.planning.parameter_plans import when_back

MOST = 2_000  # characters of a value that a plan shows
HIDDEN_DIFFERS, HIDDEN = "hidden, differs", "hidden"
_ACTIONS = {
    ParameterVerb.CREATE: ("add", "New"),
    ParameterVerb.DELETE: ("delete", "Deleted"),
    ParameterVerb.RESTORE: ("change", "Set back"),
    ParameterVerb.COPY: ("change", "Copied"),
}
_REDEPLOYED = {
    "ecs": "The service is redeployed: new tasks read them when they start.",
    "ec2": "The machines are redeployed: new ones read them when they start.",
    "webhook": "Whoever deploys is told to redeploy; what starts anew reads them.",
}


@dataclass(frozen=True)
class PlannedParameters:
    """The plan's part about parameters. `redeployed` says what starts anew, empty for nothing; `owners` are whom it
    concerns; `reverts` that it only sets back what was right before; `more` are sentences about where values come from,
    and when they go back by themselves."""

    rows: tuple[PlannedResource, ...]
    links: tuple[tuple[str, str], ...]
    redeployed: str
    owners: tuple[str, ...]
    reverts: bool
    more: tuple[str, ...] = ()


def parameters_view(change: Change, plan: Mapping[str, Any]) -> PlannedParameters | None:
    """The parameters of a plan for one page; None for a plan that is not about parameters."""
    part: Mapping[str, Any] | None = plan.get("parameters")
    if not part:
        return None
    rows: Sequence[Mapping[str, Any]] = part["sets"]
    where = (change.environment.application, change.environment.name)
    return PlannedParameters(
        rows=tuple(map(_row, rows)),
        links=tuple((row["key"], reverse("parameter", args=(*where, row["key"]))) for row in rows),
        redeployed=_REDEPLOYED.get(part["redeploy"], "What runs is redeployed.") if part["redeploy"] else "",
        owners=tuple(dict.fromkeys(row["owner"] for row in rows if row.get("owner"))),
        reverts=bool(part["reverts"]),
        more=tuple(_more(change, part)),
    )


def _more(change: Change, part: Mapping[str, Any]) -> Iterator[str]:
    if part.get("copied_from"):
        yield f"Copied from {part['copied_from']}, as it was when it was asked for."
    if part.get("back"):
        back = f"It goes back by itself {when_back(part['back'])}."
        yield f"{back} That is part of this plan: nobody is asked about it again."
    if change.goal.get("within"):
        yield "It goes back as the plan before it said, so nobody is asked again."


def done_words(change: Change) -> str:
    """What was stored, once it is; empty where nothing was."""
    puts = ParameterVersion.objects.filter(change=change, state=WriteState.DONE).exclude(verb=ParameterVerb.DELETE)
    stored = list(puts.order_by("pk").values_list("parameter__key", "version"))
    part = (change.plan or {}).get("parameters") or {}
    if len(part.get("sets", ())) != 1 or len(stored) != 1:
        return f"{len(stored)} parameters of {change.environment} are stored." if stored else ""
    return f"{sentence_of_parameters(part).rstrip('.')}, as v{stored[0][1]}."


def _row(row: Mapping[str, Any]) -> PlannedResource:
    action, word = _ACTIONS.get(row["verb"], ("change", "Set"))
    before, after = _sides(row)
    line = PropertyLine("Value", before, after, unknown=False)
    version = (row["before"] or {}).get("version")
    notes = [row["title"], f"now v{version}" if version else "", f"owner {row['owner']}" if row.get("owner") else ""]
    return PlannedResource(
        action=action,
        name=row["key"],
        type=row["type"],
        note=", ".join(note for note in notes if note),
        properties=(line,),
        said=word,
    )


def _sides(row: Mapping[str, Any]) -> tuple[str | None, str | None]:
    before, after = row["before"], row["after"]
    if not row["secret"]:
        return _text(before), _text(after)
    differs = bool(before and after) and before["digest"] != after["digest"]
    return (HIDDEN if before else None), (None if not after else HIDDEN_DIFFERS if differs else HIDDEN)


def _text(side: Mapping[str, Any] | None) -> str | None:
    if side is None:
        return None
    if side["value"] is None:
        return HIDDEN
    text: str = side["value"]
    shown = text if len(text) <= MOST else f"{text[:MOST]}… {len(text) - MOST:,} more characters"
    return shown if "\n" in shown else visible(shown)
