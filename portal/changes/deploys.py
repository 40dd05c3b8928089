"""The plan's parts about a redeploy, and about the release that is put back, as reviewers read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from provisioning.lifecycle import ChangeKind
from provisioning.models import Change
from provisioning.planning.releases import ONLY_BEFORE


@dataclass(frozen=True)
class PlannedDeploy:
    """What is redeployed and how it is proved, in sentences; `release` is the number of the one that is put back, None
    for none, and `differs` what differs from it beside parameters: {name, before, after}."""

    sentences: tuple[str, ...]
    release: int | None = None
    url: str = ""
    differs: tuple[Mapping[str, Any], ...] = ()
    stays: tuple[str, ...] = ()


def deploy_view(change: Change, plan: Mapping[str, Any]) -> PlannedDeploy | None:
    """Both parts for one page; None for a plan that redeploys nothing."""
    part: Mapping[str, Any] | None = plan.get("redeploy")
    if not part:
        return None
    back: Mapping[str, Any] = plan.get("rollback") or {}
    where = (change.environment.application, change.environment.name)
    return PlannedDeploy(
        sentences=tuple(_sentences(part)),
        release=back.get("release"),
        url=reverse("releases", args=where),
        differs=tuple(_differs(back)),
        stays=tuple(line["name"] for line in back.get("parameters", ()) if line["how"] == ONLY_BEFORE),
    )


def _sentences(part: Mapping[str, Any]) -> Iterator[str]:
    yield part["how"]
    if part["parked"]:
        return
    if part["reports"]:
        yield "The running backend is asked which values it has."
    else:
        yield "Which values it has is told from when it was started."
    if part["watch_minutes"]:
        yield f"For {part['watch_minutes']} minutes after that it has to stay healthy."
    if part["goes_back"]:
        yield "Where that fails, the earlier values are put back and redeployed by themselves."


def _differs(back: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if back.get("template"):
        one = back["template"]
        yield {"name": "Template", "before": (one["before"] or "")[:12], "after": (one["after"] or "")[:12]}
    if back.get("artifact"):
        yield {**back["artifact"], "name": "Image"}
    yield from back.get("stack_parameters", ())


def sentence_of_deploy(plan: Mapping[str, Any]) -> str:
    """What a redeploy or a roll-back does, in one sentence; empty for any other plan."""
    if plan.get("kind") == ChangeKind.REDEPLOY:
        return "What runs is started anew; nothing else changes."
    back = plan.get("rollback")
    if not back:
        return ""
    count = len((plan.get("parameters") or {}).get("sets", ()))
    parts = [f"{count} parameter{'' if count == 1 else 's'}"] if count else []
    parts += ["the compute stack"] if plan.get("stacks") else []
    said = f": {' and '.join(parts)}" if parts else ""
    return f"Release {back['release']} is put back{said}."
