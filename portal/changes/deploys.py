"""The plan's parts about a redeploy, about what is deployed, and about the release that is put back, for reviewers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from portal.changes.proofs import ProofView, proof_view
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change
from provisioning.planning.releases import ONLY_BEFORE


@dataclass(frozen=True)
class PlannedArtifact:
    """What is deployed, and what runs until then. `promoted` names the release that it is of; `runs` is how well what
    runs is now, each line with its tone; `facts` are sentences about the way there and back."""

    label: str
    before: str
    after: str
    promoted: str
    promoted_url: str
    runs: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class PlannedDeploy:
    """What is redeployed and how it is proved, in sentences; `release` is the number of the one that is put back, None
    for none, and `differs` what differs from it beside parameters: {name, before, after}. `artifact` is what is
    deployed, None for a redeploy of what is there, and `proof` where it ran before."""

    sentences: tuple[str, ...]
    release: int | None = None
    url: str = ""
    differs: tuple[Mapping[str, Any], ...] = ()
    stays: tuple[str, ...] = ()
    artifact: PlannedArtifact | None = None
    proof: ProofView | None = None


def deploy_view(change: Change, plan: Mapping[str, Any]) -> PlannedDeploy | None:
    """Both parts for one page; None for a plan that redeploys nothing."""
    part: Mapping[str, Any] | None = plan.get("redeploy")
    if not part:
        return None
    back: Mapping[str, Any] = plan.get("rollback") or {}
    where = (change.environment.application, change.environment.name)
    return PlannedDeploy(
        sentences=tuple(_sentences(part, deploys=bool(plan.get("deploy")))),
        release=back.get("release"),
        url=reverse("releases", args=where),
        differs=tuple(_differs(back)),
        stays=tuple(line["name"] for line in back.get("parameters", ()) if line["how"] == ONLY_BEFORE),
        artifact=_artifact(change.environment.application, plan["deploy"]) if plan.get("deploy") else None,
        proof=proof_view(*where, plan.get("proof")),
    )


def _artifact(application: str, part: Mapping[str, Any]) -> PlannedArtifact:
    origin, runs = part.get("promoted_from"), part.get("runs") or {}
    tones = (("good", "good"), ("bad", "bad"), ("blind", "quiet"))
    return PlannedArtifact(
        label=part["label"],
        before=part["before"],
        after=part["after"],
        promoted=f"release {origin['release']} of {origin['environment']}" if origin else "",
        promoted_url=reverse("release", args=[application, origin["environment"], origin["release"]]) if origin else "",
        runs=tuple((tone, line) for name, tone in tones for line in runs.get(name, ())),
        facts=tuple(_facts(part)),
    )


def _facts(part: Mapping[str, Any]) -> Iterator[str]:
    if part["before"] == part["after"]:
        yield "It is the one that is deployed already: whatever it names by now is started anew."
    back = part.get("back")
    if back:
        yield f"Where it fails, release {back['release']} is put back by itself: {back['artifact'] or 'what ran then'}."
    else:
        yield "Where it fails, there is no earlier good release to go back to."
    if part.get("minutes"):
        yield f"It takes about {part['minutes']} minute{'' if part['minutes'] == 1 else 's'}."


def _sentences(part: Mapping[str, Any], *, deploys: bool) -> Iterator[str]:
    yield part["how"]
    if part["parked"]:
        return
    if part["reports"]:
        yield "The running backend is asked which values it has."
    else:
        yield "Which values it has is told from when it was started."
    if part["watch_minutes"]:
        yield f"For {part['watch_minutes']} minutes after that it has to stay healthy."
    if part["goes_back"] and not deploys:  # of a deployment it is told beside the artifact
        yield "Where that fails, the earlier values are put back and redeployed by themselves."


def _differs(back: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if back.get("template"):
        one = back["template"]
        yield {"name": "Template", "before": (one["before"] or "")[:12], "after": (one["after"] or "")[:12]}
    if back.get("artifact"):
        yield {**back["artifact"], "name": "Image"}
    yield from back.get("stack_parameters", ())


def sentence_of_deploy(plan: Mapping[str, Any]) -> str:
    """What a redeploy, a deployment or a roll-back does, in one sentence; empty for any other plan."""
    if plan.get("kind") == ChangeKind.REDEPLOY:
        return "What runs is started anew; nothing else changes."
    deploy = plan.get("deploy")
    if deploy:
        instead = f" instead of {deploy['before']}" if deploy["before"] not in {"", deploy["after"]} else ""
        return f"{deploy['label']} {deploy['after']} is deployed{instead}."
    back = plan.get("rollback")
    if not back:
        return ""
    count = len((plan.get("parameters") or {}).get("sets", ()))
    parts = [f"{count} parameter{'' if count == 1 else 's'}"] if count else []
    parts += ["the compute stack"] if plan.get("stacks") else []
    said = f": {' and '.join(parts)}" if parts else ""
    return f"Release {back['release']} is put back{said}."
