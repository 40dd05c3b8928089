"""Which blueprint and environment a name belongs to: the patterns of stack and table names, read backwards."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provisioning.blueprints.model import STAGES, Blueprint
from provisioning.blueprints.promises import computed_names
from provisioning.blueprints.shapes import Pseudo

LONGEST_NAME = 24
TABLE = "table"
_NAME = r"(?:staging|prod|dev(?:-[a-z0-9]+)*)"
_MARK = "{environment}"


@dataclass(frozen=True)
class Belonging:
    """What a name says it belongs to. `kind` is data or compute for a stack, table for a table."""

    application: str
    kind: str
    environment: str

    @property
    def stage(self) -> str:
        """The stage that the environment's name stands for."""
        return stage_of_name(self.environment)


@dataclass(frozen=True)
class Pattern:
    """The name that one blueprint gives to one kind of thing, with {environment} in it, at one stage."""

    application: str
    kind: str
    stage: str
    text: str


def stage_of_name(name: str) -> str:
    """The stage of an environment's name, which must be one."""
    return name if name in STAGES else "dev"


def stack_patterns(blueprints: Iterable[Blueprint]) -> tuple[Pattern, ...]:
    """How the stacks of these blueprints are named, at each of their stages."""
    return tuple(
        Pattern(blueprint.slug, kind, stage, stack.name_pattern)
        for blueprint in blueprints
        for kind, stack in blueprint.stacks.items()
        for stage in blueprint.stages
    )


def table_patterns(blueprints: Iterable[Blueprint], region: str, account_id: str) -> tuple[Pattern, ...]:
    """How the tables of these blueprints are named, at each of their stages; a name may depend on the stage too."""
    return tuple(
        Pattern(blueprint.slug, TABLE, stage, name)
        for blueprint in blueprints
        for stage in blueprint.stages
        for name in computed_names(blueprint, _MARK, stage, Pseudo(region, account_id, "")).tables
    )


def belonging(name: str, patterns: Iterable[Pattern]) -> Belonging | None:
    """What this name belongs to, or None: no pattern fits, or several fit equally well.

    The pattern with most of its own words wins: beside `shop-{environment}`, `shop-dev-data` is what
    `shop-{environment}-data` means.
    """
    fitting = sorted(_fitting(name, patterns), key=lambda one: len(one.environment))
    best = [one for one in fitting if len(one.environment) == len(fitting[0].environment)]
    return best[0] if len(set(best)) == 1 else None


def _fitting(name: str, patterns: Iterable[Pattern]) -> Iterator[Belonging]:
    for pattern in patterns:
        environment = _environment(name, pattern.text)
        if environment and stage_of_name(environment) == pattern.stage:
            yield Belonging(pattern.application, pattern.kind, environment)


def _environment(name: str, pattern: str) -> str:
    """The environment's name inside this name; empty when it does not fit. A pattern without one fits nothing."""
    first, *others = pattern.split(_MARK)
    if not others:
        return ""
    # Where a pattern names the environment twice, both must be the same.
    again = "".join(f"(?P=name){re.escape(part)}" for part in others[1:])
    found = re.fullmatch(f"{re.escape(first)}(?P<name>{_NAME}){re.escape(others[0])}{again}", name)
    return found["name"] if found and len(found["name"]) <= LONGEST_NAME else ""
