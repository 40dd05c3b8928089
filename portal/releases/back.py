"""Rolling back for people: to which release, how that differs from what runs now, who decides; from rows alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.releases.showing import DIGEST, Proof, Row, proof_of
from portal.releases.values import Values
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.rolling_back import asked_of, needs_reason, why_not_roll_back
from provisioning.blueprints.loader import library
from provisioning.engine.deploying.comparing import from_now_to, last_good_release
from provisioning.engine.deploying.live import versions_now
from provisioning.engine.deploying.planned import HOW
from provisioning.lifecycle import ChangeKind
from provisioning.models import Environment, Release
from provisioning.planning.releases import ONLY_AFTER, ONLY_BEFORE, Difference, Line


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
    return tuple((digest or "")[:DIGEST] for digest in (line.before, line.after))  # type: ignore[return-value]  # two of two


def _parameters(environment: Environment, release: Release, lines: Sequence[Line]) -> Iterable[Row]:
    """Parameters with both values; a secret's are never shown."""
    now = Release(environment=environment, versions=versions_now(environment))
    values = Values(environment, (now, release))
    for line in lines:
        before = "" if line.how == ONLY_AFTER else str(values.told(line.name, now.versions[line.name]))
        yield Row(line.name, before, str(values.told(line.name, release.versions[line.name])), "put as a new version")


def one_click(actor: Actor, environment: Environment) -> bool:
    """Whether a roll-back here is one click: nobody is asked, no reason is wanted, and this person can."""
    if needs_reason(environment) or why_not_roll_back(actor, environment):
        return False
    return _asks(actor, environment, reverts=False) is None
