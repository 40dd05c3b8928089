"""What a CloudFormation template is to Stackyard once it has been read: plain frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class TemplateError(Exception):
    """A template (or blueprint) that cannot be read: where, what is wrong and what to do about it."""

    def __init__(self, file: str, line: int, sentence: str, fix: str) -> None:
        """`line` counts from 1; `sentence` and `fix` are shown to people as they are."""
        super().__init__(f"{file}:{line}: {sentence} {fix}")
        self.file = file
        self.line = line
        self.sentence = sentence
        self.fix = fix


@dataclass(frozen=True)
class TemplateParameter:
    """One entry of `Parameters`. Limits are None when the template sets none."""

    name: str
    type: str
    default: str | None = None
    allowed_values: tuple[str, ...] = ()
    allowed_pattern: str | None = None
    constraint_description: str = ""
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None
    no_echo: bool = False
    description: str = ""

    @property
    def is_list(self) -> bool:
        """Whether the value is several values joined by commas."""
        return self.type == "CommaDelimitedList" or "List<" in self.type


@dataclass(frozen=True)
class Template:
    """A parsed template. `body` is the exact text that CloudFormation gets, `digest` its SHA-256 in hex.

    Conditions, resources and outputs hold long-form intrinsics (`{"Ref": …}`, `{"Fn::Sub": …}`).
    """

    body: str
    digest: str
    parameters: Mapping[str, TemplateParameter]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Any]
    outputs: Mapping[str, Any]
    capabilities: frozenset[str]
    description: str = ""
    source: str = "template"
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict, repr=False, compare=False)

    def line(self, *path: str) -> int:
        """The line a part of the template starts on, or the nearest part around it that is known."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(frozen=True)
class Pseudo:
    """Values of the pseudo parameters (`AWS::Region`, `AWS::AccountId`, `AWS::StackName`, …)."""

    region: str
    account_id: str
    stack_name: str
    partition: str = "aws"


@dataclass(frozen=True)
class Unknown:
    """A value only AWS can give, once the stack has run. `str()` of it is readable."""

    text: str

    def __str__(self) -> str:
        """The text itself, fit for a plan."""
        return self.text


@dataclass(frozen=True)
class ResolvedResource:
    """A resource as it will be requested: intrinsics gone, except for `Unknown` values."""

    logical_id: str
    type: str
    properties: dict[str, Any]
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"


@dataclass(frozen=True)
class ResolvedOutput:
    """An output with its value and export name; `export` is None when it is not exported."""

    name: str
    value: Any
    export: str | None


@dataclass(frozen=True)
class Resolved:
    """A template under given values. Resources and outputs whose condition is off are absent."""

    resources: tuple[ResolvedResource, ...]
    outputs: tuple[ResolvedOutput, ...]
    conditions: Mapping[str, bool]

    def resource(self, logical_id: str) -> ResolvedResource:
        """The resource of that logical id. Raises KeyError when it is absent or its condition is off."""
        for resource in self.resources:
            if resource.logical_id == logical_id:
                return resource
        raise KeyError(logical_id)
