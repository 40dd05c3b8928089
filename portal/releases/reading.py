"""Releases for people: what each ran, how it differs from the one before, what was seen of it; from rows alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.flags.showing import HIDDEN_WORD, shown
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.rolling_back import asked_of, why_not_roll_back
from provisioning.blueprints.loader import library
from provisioning.engine.deploying.comparing import from_now_to, last_good_release
from provisioning.engine.deploying.planned import HOW, facts_of
from provisioning.flags.rules import SECURE
from provisioning.lifecycle import ChangeKind, LiveFrom, WriteState
from provisioning.models import Environment, Parameter, ParameterVersion, Release
from provisioning.planning.releases import ONLY_AFTER, ONLY_BEFORE, Difference, Line, difference

SHOWN = 50  # releases of the list
TEMPLATE_CHANGES, MOST_WORDS = "template", 4


@dataclass(frozen=True)
class Row:
    """One thing that differs, for a table. `before` and `after` are empty where it is not there; `note` says more."""

    name: str
    before: str
    after: str
    note: str = ""


@dataclass(frozen=True)
class Proof:
    """What was seen of a release; `tone` and `label` are its badge."""

    tone: str
    label: str
    lines: tuple[str, ...]
    blind: tuple[str, ...]
    source: str
    seconds: int
    watched: int


@dataclass(frozen=True)
class Listed:
    """One release of the list. `differs` are words about what is new since the good one before it."""

    release: Release
    proof: Proof
    differs: tuple[str, ...]
    kind: str
    may_return: bool


@dataclass(frozen=True)
class BackPage:
    """Rolling back: to which release, how that differs from what runs now, what is redeployed, who decides."""

    release: Release | None
    proof: Proof | None
    rows: tuple[Row, ...]
    stays: tuple[str, ...]
    how: str
    stack_differs: bool
    asks: Asks | None
    why_not: str
    is_last_good: bool
    moved_image: bool
    watch_minutes: int

    @property
    def can_go(self) -> bool:
        """Whether the form is of use."""
        return self.release is not None and bool(self.rows) and not self.why_not


def read_releases(environment: Environment) -> tuple[Listed, ...]:
    """The newest releases, newest first."""
    rows = list(
        Release.objects.filter(environment=environment)
        .select_related("by", "change", "restores")
        .order_by("-number")[: SHOWN + 1]
    )
    listed = []
    for at, row in enumerate(rows[:SHOWN]):
        before = next((one for one in rows[at + 1 :] if one.good), None)
        listed.append(
            Listed(
                release=row,
                proof=proof_of(row),
                differs=_words(difference(facts_of(before), facts_of(row))) if before else _alone(row),
                kind=ChangeKind(row.change.kind).label if row.change else "",
                may_return=bool(row.good) and at > 0,
            )
        )
    return tuple(listed)


def proof_of(release: Release) -> Proof:
    """What was seen of a release, in words."""
    kept: Mapping[str, Any] = release.proof
    source = kept.get("from") or ""
    healthy = kept.get("healthy")
    tone, label = ("bad", "Failed") if not release.good else ("good", "Good") if healthy else ("quiet", "Not seen")
    return Proof(
        tone=tone,
        label=label,
        lines=tuple(kept.get("lines", ())),
        blind=tuple(kept.get("blind", ())),
        source=LiveFrom(source).label if source in LiveFrom.values else "",
        seconds=int(kept.get("seconds") or 0),
        watched=int(kept.get("watched_minutes") or 0),
    )


def _alone(release: Release) -> tuple[str, ...]:
    """What is said of a first release, which nothing can be held against."""
    return (f"image {release.artifact}",) if release.artifact else ()


def _words(differs: Difference) -> tuple[str, ...]:
    found = [f"{line.name} {line.before or 'new'} → {line.after or 'gone'}" for line in differs.parameters]
    found += [f"{line.name} {line.before or '—'} → {line.after or '—'}" for line in differs.stack_parameters]
    image = differs.artifact
    if image and image.after not in {line.after for line in differs.stack_parameters}:
        found.insert(0, f"image {image.before or '—'} → {image.after or '—'}")
    if differs.template:
        found.insert(0, TEMPLATE_CHANGES)
    more = len(found) - MOST_WORDS
    return tuple(found[:MOST_WORDS]) + ((f"and {more} more",) if more > 0 else ())


def read_back(actor: Actor, environment: Environment, number: int | None) -> BackPage:
    """The page of rolling back to a release; to the last good one that differs unless a number is given."""
    last = last_good_release(environment)
    release = last
    if number is not None:
        release = Release.objects.filter(environment=environment, number=number).select_related("by", "change").first()
    differs = from_now_to(environment, release) if release else Difference()
    blueprint = library().blueprints.get(environment.application)
    is_last = last is not None and release is not None and last.pk == release.pk
    return BackPage(
        release=release,
        proof=proof_of(release) if release else None,
        rows=tuple(_rows(environment, release, differs)) if release else (),
        stays=tuple(line.name for line in differs.parameters if line.how == ONLY_BEFORE),
        how=HOW[blueprint.deploy.method] if blueprint else "",
        stack_differs=differs.stack_differs,
        asks=_asks(actor, environment, reverts=is_last),
        why_not=_why_not(actor, environment, release),
        is_last_good=is_last,
        moved_image=differs.artifact is None and differs.can_go,
        watch_minutes=blueprint.deploy.watch_minutes if blueprint else 0,
    )


def _why_not(actor: Actor, environment: Environment, release: Release | None) -> str:
    if release is not None and not release.good:
        return f"Release {release.number} was not proved good."
    return why_not_roll_back(actor, environment)


def _asks(actor: Actor, environment: Environment, *, reverts: bool) -> Asks | None:
    try:
        policy = asked_of(environment, ChangeKind.ROLL_BACK, reverts=reverts)
    except Refusal:
        return None
    return asks_of(policy, actor.user_id)


def _rows(environment: Environment, release: Release, differs: Difference) -> Iterable[Row]:
    if differs.template:
        yield Row("Template", *_digests(differs.template))
    if differs.artifact:
        yield Row("Image", differs.artifact.before or "", differs.artifact.after or "")
    for line in differs.stack_parameters:
        yield Row(line.name, line.before or "", line.after or "", "stack parameter")
    lines = [line for line in differs.parameters if line.how != ONLY_BEFORE]
    yield from _parameters(environment, release, lines)


def _digests(line: Line) -> tuple[str, str]:
    return tuple((digest or "")[:12] for digest in (line.before, line.after))  # type: ignore[return-value]  # two of two


def _parameters(environment: Environment, release: Release, lines: Sequence[Line]) -> Iterable[Row]:
    """Parameters with both values; a secret's are never shown."""
    known = {row.key: row for row in Parameter.objects.filter(environment=environment)}
    past = ParameterVersion.objects.filter(
        parameter__environment=environment, digest__in=[release.versions[line.name]["digest"] for line in lines]
    )
    values = {(one.parameter_id, one.digest): one for one in past.filter(state=WriteState.DONE)}
    for line in lines:
        row = known.get(line.name)
        then = values.get((row.pk, release.versions[line.name]["digest"])) if row else None
        before = "" if row is None or line.how == ONLY_AFTER else f"{shown(row.type, row.value).short} ({line.before})"
        is_secret = then is not None and then.type == SECURE
        value = HIDDEN_WORD if is_secret else shown(then.type, then.value).short if then else "not known any more"
        yield Row(line.name, before, f"{value} ({line.after})", "put as a new version")
