"""Where an artifact ran before it comes to an environment, and whether that is enough for the stage there. Pure.

What goes from dev over staging to prod is the artifact, the same one and never built anew. Who decides about it in prod
sees where it ran: since when, how often it came up well, and in what the two environments differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning.blueprints.model import StagePolicy

MET, EXCEPTED, REFUSED = "met", "excepted", "refused"
REFUSE, ADMINS = "refuse", "admins"
SEALED_SOURCE = ("id", "environment", "release", "template")


@dataclass(frozen=True)
class Ran:
    """One release, as far as this needs it."""

    id: int
    number: int
    at: datetime
    artifact: str
    good: bool
    template: str


@dataclass(frozen=True)
class Place:
    """An environment where an artifact came up, or did not. `since` is the begin of its newest stay, None where it only
    failed; `until` its end, None while nothing else came up there. `release` is the newest good one with it."""

    environment: str
    stage: str
    since: datetime | None
    until: datetime | None
    good: int
    failed: int
    release: Ran | None

    def as_dict(self) -> dict[str, Any]:
        """As a plan keeps it."""
        return {
            "environment": self.environment,
            "stage": self.stage,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "good": self.good,
            "failed": self.failed,
            "release": self.release.number if self.release else None,
            "template": self.release.template if self.release else "",
        }


@dataclass(frozen=True)
class Rule:
    """What a stage asks of an artifact, and how it stands: `how` is MET, EXCEPTED or REFUSED, the sentence says why.
    `field` is what would help where it is refused: the reason, or nothing that can be typed."""

    stage: str
    how: str
    sentence: str
    field: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As a plan keeps it."""
        return {"stage": self.stage, "how": self.how, "sentence": self.sentence}


def place_of(environment: str, stage: str, artifact: str, releases: Sequence[Ran]) -> Place | None:
    """What became of an artifact in one environment, from its releases, oldest first; None where it never was. A failed
    release ends nobody's stay: what ran before is put back."""
    here = [one for one in releases if one.artifact == artifact]
    if not here:
        return None
    since = until = None
    for one in releases:
        if one.good and one.artifact == artifact and (since is None or until is not None):
            since, until = one.at, None
        elif one.good and one.artifact != artifact and since is not None and until is None:
            until = one.at
    good = [one for one in here if one.good]
    return Place(environment, stage, since, until, len(good), len(here) - len(good), good[-1] if good else None)


def judge(
    policy: StagePolicy, places: Sequence[Place], *, environment: str, artifact: str, is_admin: bool, reason: str
) -> Rule | None:
    """How an artifact stands against the stage's policy; None where the stage asks nothing of it. What ran well in the
    environment itself may come back there."""
    lower = policy.promote_from
    if not lower:
        return None
    proved = next((one for one in places if one.good and one.stage == lower), None)
    if proved is not None and proved.release is not None:
        where = f"release {proved.release.number} of {proved.environment}"
        return Rule(lower, MET, f"It was proved good in {lower}: {where}.")
    here = next((one for one in places if one.good and one.environment == environment), None)
    if here is not None and here.release is not None:
        return Rule(lower, MET, f"It ran well here before: release {here.release.number}.")
    return _unproved(policy, artifact, is_admin=is_admin, has_reason=bool(reason.strip()))


def _unproved(policy: StagePolicy, artifact: str, *, is_admin: bool, has_reason: bool) -> Rule:
    lower, never = policy.promote_from, f"{artifact} was never proved good in {policy.promote_from}"
    if policy.promote_unproved == REFUSE:
        return Rule(lower, REFUSED, f"{never}, and {policy.stage} takes nothing else. Deploy it there first.")
    if policy.promote_unproved == ADMINS and not is_admin:
        return Rule(
            lower, REFUSED, f"{never}. Deploy it there first; only an admin may bring it to {policy.stage} without."
        )
    if not has_reason:
        return Rule(lower, REFUSED, f"{never}. Say why it goes to {policy.stage} all the same.", "reason")
    who = "An admin asks" if policy.promote_unproved == ADMINS else "Whoever asks says why it is asked"
    return Rule(lower, EXCEPTED, f"{never}. {who} for it all the same.")


def sealed_part(proof: Mapping[str, Any]) -> dict[str, Any]:
    """What of a proof a reviewer agrees to, for the plan's digest: which artifact, of which release, under which rule.
    How long it ran, how often and how well grows by itself, and helps to decide."""
    source, rule = proof.get("source"), proof.get("rule")
    return {
        "artifact": proof["artifact"],
        "source": {name: source[name] for name in SEALED_SOURCE} if source else None,
        "rule": [rule["stage"], rule["how"]] if rule else None,
    }


def values_differing(
    here: Mapping[str, str], there: Mapping[str, str], leave_out: frozenset[str]
) -> Iterator[dict[str, str | None]]:
    """Parameters of the stacks that have another value in the two environments: {name, here, there}; None where one of
    them does not have it."""
    for name in sorted({*here, *there} - leave_out):
        if here.get(name) != there.get(name):
            yield {"name": name, "here": here.get(name), "there": there.get(name)}
