"""Releases against each other: what two of them ran that the other did not, and which one to go back to. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from provisioning.blueprints.shapes import ResolvedResource

SAME, OTHER, ONLY_BEFORE, ONLY_AFTER = "same", "other", "only_before", "only_after"
_TASKS, _TEMPLATES = "AWS::ECS::TaskDefinition", "AWS::EC2::LaunchTemplate"

Versions = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class ReleaseFacts:
    """What runs together: the compute template by its digest, its parameters, image or artifact, and the version and
    keyed digest of each of the environment's parameters. `told` says of what runs now that nothing in its stack holds
    the artifact: whoever deploys is told it."""

    template: str
    stack_parameters: Mapping[str, str]
    artifact: str
    versions: Versions
    told: bool = False


@dataclass(frozen=True)
class Line:
    """One thing that differs. `before` and `after` are None where it is not there; a parameter's are its versions."""

    name: str
    before: str | None
    after: str | None
    how: str = OTHER


@dataclass(frozen=True)
class Difference:
    """How `after` differs from `before`. `template` and `artifact` are None when they are the same; `tells` when the
    other artifact is one that whoever deploys is told."""

    template: Line | None = None
    artifact: Line | None = None
    stack_parameters: tuple[Line, ...] = ()
    parameters: tuple[Line, ...] = ()
    same: int = field(default=0)
    tells: bool = False

    @property
    def stack_differs(self) -> bool:
        """Whether the compute stack has to be updated to get from one to the other."""
        return self.template is not None or bool(self.stack_parameters)

    @property
    def can_go(self) -> bool:
        """Whether there is something to put: an image that moved under the same name is not."""
        return self.stack_differs or self.tells or any(line.how != ONLY_BEFORE for line in self.parameters)

    @property
    def is_empty(self) -> bool:
        """Whether both run the same."""
        return not (self.stack_differs or self.artifact or self.parameters)

    def as_dict(self) -> dict[str, Any]:
        """As a plan keeps it."""
        return {
            "template": self.template and vars(self.template),
            "artifact": self.artifact and vars(self.artifact),
            "stack_parameters": [vars(line) for line in self.stack_parameters],
            "parameters": [vars(line) for line in self.parameters],
            "same": self.same,
        }


def difference(before: ReleaseFacts, after: ReleaseFacts) -> Difference:
    """How two differ. Parameters are compared by digest, so that a value that was set back is the same value, under
    whatever version, and no secret is read (pitfall 20)."""
    lines = [_parameter(key, before.versions.get(key), after.versions.get(key)) for key in _keys(before, after)]
    return Difference(
        template=_line("template", before.template, after.template),
        artifact=_line("image", before.artifact, after.artifact),
        stack_parameters=tuple(_values(before.stack_parameters, after.stack_parameters)),
        parameters=tuple(line for line in lines if line.how != SAME),
        same=sum(line.how == SAME for line in lines),
        tells=before.told and bool(after.artifact) and before.artifact != after.artifact,
    )


def _keys(before: ReleaseFacts, after: ReleaseFacts) -> list[str]:
    return sorted({*before.versions, *after.versions})


def _line(name: str, before: str, after: str) -> Line | None:
    return None if before == after else Line(name, before or None, after or None)


def _values(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[Line]:
    for name in sorted({*before, *after}):
        was, will = before.get(name), after.get(name)
        if was != will:
            yield Line(name, was, will, _how(was, will))


def _parameter(key: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Line:
    if before is not None and after is not None and before["digest"] == after["digest"]:
        return Line(key, _version(before), _version(after), SAME)
    return Line(key, _version(before), _version(after), _how(before, after))


def _how(before: object, after: object) -> str:
    if before is None:
        return ONLY_AFTER
    return ONLY_BEFORE if after is None else OTHER


def _version(side: Mapping[str, Any] | None) -> str | None:
    return None if side is None else f"v{side['version']}"


@dataclass(frozen=True)
class Kept:
    """One good release, as far as choosing needs it. `restores` is the number of the one that it put back."""

    number: int
    facts: ReleaseFacts
    restores: int | None = None


def last_good(now: ReleaseFacts, good: Sequence[Kept]) -> Kept | None:
    """The newest good release that differs from what there is now. What was gone back from is forward, not back: after
    a roll-back to release 5 the next one further back is older than 5 (as `is_revert` has it for one parameter)."""
    newest_first = sorted(good, key=lambda one: -one.number)
    below = None
    for one in newest_first:
        if below is not None and one.number >= below:
            continue
        if not difference(now, one.facts).can_go:
            if one.restores is not None:
                below = min(one.restores, below or one.restores)
            continue
        return one
    return None


def artifact_of(resources: Sequence[ResolvedResource]) -> str:
    """The images or the machine image that a compute template names, as far as it says them plainly."""
    found: list[str] = []
    for resource in resources:
        if resource.type == _TASKS:
            containers = resource.properties.get("ContainerDefinitions") or []
            found += [str(one["Image"]) for one in containers if isinstance(one.get("Image"), str)]
        if resource.type == _TEMPLATES:
            image = (resource.properties.get("LaunchTemplateData") or {}).get("ImageId")
            found += [image] if isinstance(image, str) else []
    return ", ".join(dict.fromkeys(found))[:300]
