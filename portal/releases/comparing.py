"""Two releases of an environment against each other: artifact, template, parameters of the stack and of the path."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.releases.showing import DIGEST, Row
from portal.releases.values import Values
from provisioning.blueprints.loader import library
from provisioning.blueprints.shapes import TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.deploying.planned import facts_of
from provisioning.models import Environment, Release
from provisioning.planning.releases import Difference, Line, difference
from provisioning.planning.template_difference import ChangedPart, TextLine, template_difference

OFFERED = 100  # releases to choose from


@dataclass(frozen=True)
class Templates:
    """How two templates differ. `problem` says why that cannot be told."""

    before: str
    after: str
    parts: tuple[ChangedPart, ...] = ()
    lines: tuple[TextLine, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class ComparePage:
    """Both releases, and what differs. `same` counts parameters that do not; `offered` are the ones to choose from."""

    before: Release
    after: Release
    artifact: Row | None
    stack_parameters: tuple[Row, ...]
    parameters: tuple[Row, ...]
    templates: Templates | None
    same: int
    offered: tuple[Release, ...]

    @property
    def is_same(self) -> bool:
        """Whether both run the same."""
        return not (self.artifact or self.stack_parameters or self.parameters or self.templates)


def difference_between(before: Release, after: Release) -> Difference:
    """How two releases differ, from what they kept; hidden values of the stack are in neither."""
    return difference(facts_of(before), facts_of(after))


def read_comparison(environment: Environment, before: Release, after: Release) -> ComparePage:
    """The page of two releases."""
    differs = difference_between(before, after)
    values = Values(environment, (before, after))
    blueprint = library().blueprints.get(environment.application)
    declared = blueprint.deploy.artifact if blueprint else None
    return ComparePage(
        before=before,
        after=after,
        artifact=_row(differs.artifact, declared.label if declared else "Image") if differs.artifact else None,
        # What is deployed stands above already, where the stack holds it.
        stack_parameters=tuple(
            _row(line)
            for line in differs.stack_parameters
            if not (differs.artifact and declared and line.name == declared.parameter)
        ),
        parameters=tuple(_parameters(differs.parameters, values, before.versions, after.versions)),
        templates=templates_between(before, after),
        same=differs.same,
        offered=tuple(Release.objects.filter(environment=environment).order_by("-number")[:OFFERED]),
    )


def templates_between(before: Release, after: Release) -> Templates | None:
    """How their compute templates differ; None where they do not."""
    if before.template_id == after.template_id:
        return None
    names = (before.template_id or "")[:DIGEST], (after.template_id or "")[:DIGEST]
    if before.template is None or after.template is None:
        return Templates(*names, problem="One of the two templates is not known any more.")
    try:
        found = template_difference(parse(before.template.body), parse(after.template.body))
    except TemplateError as error:
        return Templates(*names, problem=f"One of the two templates cannot be read: {error.sentence}")
    return Templates(*names, found.parts, found.lines)


def _row(line: Line, name: str = "") -> Row:
    return Row(name or line.name, line.before or "", line.after or "")


def _parameters(
    lines: Sequence[Line], values: Values, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterable[Row]:
    for line in lines:
        was = str(values.told(line.name, before[line.name])) if line.name in before else ""
        will = str(values.told(line.name, after[line.name])) if line.name in after else ""
        yield Row(line.name, was, will, "flag" if values.is_flag(line.name) else "")
