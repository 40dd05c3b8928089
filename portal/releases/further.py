"""Deploying and promoting for people: what comes, what is known of it, who decides; from rows alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.changes.proofs import ProofView, proof_view
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import Actor
from provisioning.actions.deploying import asked_of_deploying, why_not_deploy
from provisioning.actions.promoting import targets_of, why_not_promote
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import STAGES, Artifact, Blueprint
from provisioning.engine.deploying.comparing import facts_now_of
from provisioning.engine.deploying.planned import how_deployed
from provisioning.engine.deploying.promotions import proof_of
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Environment, Release
from provisioning.planning.policy import GUARDED_STAGE, may_start_later

OFFERED = 10
LOOKED_AT = 200  # releases in which artifacts to offer are looked for
SOME_REASON = "any"  # what is asked before anything was typed: the form wants the reason


@dataclass(frozen=True)
class Offered:
    """An artifact that ran well before, of which release of which environment, and since when."""

    artifact: str
    environment: str
    number: int
    at: datetime


@dataclass(frozen=True)
class DeployPage:
    """Deploying: what is declared, what runs now, what was deployed before, who decides."""

    declared: Artifact | None
    now: str
    how: str
    watch_minutes: int
    offered: tuple[Offered, ...]
    proof: ProofView | None
    asks: Asks | None
    why_not: str
    says_why: bool
    may_wait: bool


@dataclass(frozen=True)
class PromotePage:
    """Promoting a release to one of `targets`; `now` is what runs there."""

    release: Release
    targets: tuple[Environment, ...]
    target: Environment | None
    now: str
    proof: ProofView | None
    asks: Asks | None
    why_not: str
    says_why: bool
    may_wait: bool


def read_deploy(actor: Actor, environment: Environment, artifact: str) -> DeployPage:
    """The page of deploying; `artifact` is one that somebody has chosen, or typed."""
    blueprint = library().blueprints.get(environment.application)
    asks, may_wait = _asked(actor, environment)
    return DeployPage(
        declared=blueprint.deploy.artifact if blueprint else None,
        now=facts_now_of(environment).artifact,
        how=how_deployed(blueprint.deploy) if blueprint else "",
        watch_minutes=blueprint.deploy.watch_minutes if blueprint else 0,
        offered=tuple(_offered(environment, blueprint.deploy.artifact if blueprint else None)),
        proof=_proof(actor, blueprint, environment, artifact, None) if artifact else None,
        asks=asks,
        why_not=why_not_deploy(actor, environment),
        says_why=environment.stage == GUARDED_STAGE,
        may_wait=may_wait,
    )


def read_promote(actor: Actor, release: Release, to: str) -> PromotePage:
    """The page of promoting a release to the environment of that name, to the next one unless there is one."""
    targets = targets_of(release)
    target = next((one for one in targets if one.name == to), targets[0] if targets else None)
    asks, may_wait = _asked(actor, target) if target else (None, False)
    blueprint = library().blueprints.get(release.environment.application)
    return PromotePage(
        release=release,
        targets=tuple(targets),
        target=target,
        now=facts_now_of(target).artifact if target else "",
        proof=_proof(actor, blueprint, target, release.artifact, release) if target and release.artifact else None,
        asks=asks,
        why_not=why_not_promote(actor, release, target) if target else "",
        says_why=target is not None and target.stage == GUARDED_STAGE,
        may_wait=may_wait,
    )


def deploys(environment: Environment) -> bool:
    """Whether the blueprint says what is deployed here."""
    blueprint = library().blueprints.get(environment.application)
    return blueprint is not None and blueprint.deploy.artifact is not None


def next_targets(release: Release) -> Sequence[Environment]:
    """Where a good release goes next: the environments of the lowest stage above that there is."""
    if not release.good or not release.artifact:
        return ()
    targets = targets_of(release)
    return [one for one in targets if one.stage == targets[0].stage]


def _asked(actor: Actor, environment: Environment) -> tuple[Asks | None, bool]:
    """Who has to agree, and whether a start may be asked for."""
    try:
        policy = asked_of_deploying(environment)
    except Refusal:
        return None, False
    return asks_of(policy, actor.user_id), may_start_later(policy, ChangeKind.DEPLOY)


def _proof(
    actor: Actor, blueprint: Blueprint | None, environment: Environment, artifact: str, origin: Release | None
) -> ProofView | None:
    """What is known of an artifact; None where there is no compute to hold it against."""
    if blueprint is None or not environment.stacks.filter(kind=StackKind.COMPUTE).exists():
        return None
    found = proof_of(blueprint, environment, artifact, origin, is_admin=actor.is_admin, reason=SOME_REASON)
    return proof_view(environment.application, environment.name, found)


def _offered(environment: Environment, declared: Artifact | None) -> Iterator[Offered]:
    """Artifacts that ran well here or at a stage below, each once, the newest first; not what ran before anything was
    declared, such as a machine image."""
    below = STAGES[: STAGES.index(environment.stage) + 1]
    rows = Release.objects.filter(environment__application=environment.application, environment__stage__in=below)
    seen: set[str] = set()
    for row in (
        rows.filter(good=True).exclude(artifact="").select_related("environment").order_by("-at", "-number")[:LOOKED_AT]
    ):
        if row.artifact in seen or not re.fullmatch((declared and declared.pattern) or ".*", row.artifact):
            continue
        seen.add(row.artifact)
        yield Offered(row.artifact, row.environment.name, row.number, row.at)
        if len(seen) == OFFERED:
            return
