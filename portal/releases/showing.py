"""One release for people: what ran together, what was seen of it, where it came from and where it went."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from portal.releases.values import Told, Values
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind, LiveFrom
from provisioning.models import Environment, Release

DIGEST = 12  # characters of a template's digest that are shown
RELATED = ("by", "change", "template", "restores", "promoted_from__environment")


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
class Kept:
    """A parameter as a release had it."""

    key: str
    value: Told
    is_flag: bool


@dataclass(frozen=True)
class ReleasePage:
    """The whole of one. `previous` is the number of the one before it; `promoted` are those that were made of it in
    other environments; `newest` is whether it is the last one that was written down; `filled` are stack parameters that
    Stackyard fills, which tell nothing."""

    release: Release
    proof: Proof
    kind: str
    template: str
    stack_parameters: tuple[tuple[str, str], ...]
    filled: tuple[tuple[str, str], ...]
    parameters: tuple[Kept, ...]
    promoted: tuple[Release, ...]
    previous: int | None
    newest: bool

    @property
    def has_secrets(self) -> bool:
        """Whether something of it is told by its hash only."""
        return any(line.value.is_secret for line in self.parameters)


def access_release(environment: Environment, number: int) -> Release:
    """A release of an environment by its number. Raises Http404."""
    found = Release.objects.filter(environment=environment, number=number).select_related(*RELATED).first()
    if found is None:
        raise Http404(f"{environment} has no release {number}.")
    return found


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


def kind_of(release: Release) -> str:
    """What kind of change made it, in words; empty when that is not known any more."""
    return ChangeKind(release.change.kind).label if release.change else ""


def read_release(environment: Environment, release: Release) -> ReleasePage:
    """The page of one release."""
    values = Values(environment, (release,))
    blueprint = library().blueprints.get(environment.application)
    filled = set(blueprint.stacks["compute"].filled) if blueprint else set()
    told = sorted((name, str(value)) for name, value in release.stack_parameters.items())
    before = Release.objects.filter(environment=environment, number__lt=release.number)
    return ReleasePage(
        release=release,
        proof=proof_of(release),
        kind=kind_of(release),
        template=(release.template_id or "")[:DIGEST],
        stack_parameters=tuple(pair for pair in told if pair[0] not in filled),
        filled=tuple(pair for pair in told if pair[0] in filled),
        parameters=tuple(
            Kept(key, values.told(key, release.versions[key]), values.is_flag(key)) for key in sorted(release.versions)
        ),
        promoted=tuple(release.promotions.select_related("environment").order_by("environment__name", "-number")),
        previous=before.values_list("number", flat=True).first(),
        newest=not Release.objects.filter(environment=environment, number__gt=release.number).exists(),
    )
