"""Parameter values as people give them: what is wrong with each, in one sentence a person can act on."""

import re
from collections.abc import Mapping
from typing import Any

from provisioning.blueprints.shapes import Template, TemplateParameter

MAX_VALUE_BYTES = 4_096  # P1

_SHAPES = {
    "AWS::EC2::VPC::Id": (r"vpc-[0-9a-z]+", "a VPC id such as vpc-0a1b2c3d"),
    "AWS::EC2::Subnet::Id": (r"subnet-[0-9a-z]+", "a subnet id such as subnet-0a1b2c3d"),
    "AWS::EC2::SecurityGroup::Id": (r"sg-[0-9a-z]+", "a security group id such as sg-0a1b2c3d"),
    "AWS::EC2::Image::Id": (r"ami-[0-9a-z]+", "an image id such as ami-0a1b2c3d"),
    "AWS::EC2::Instance::Id": (r"i-[0-9a-z]+", "an instance id such as i-0a1b2c3d"),
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def as_text(value: Any) -> str:
    """A template's literal the way CloudFormation passes it on: `true`, `5`, text as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    return str(value)


def split_list(text: str) -> tuple[str, ...]:
    """The members of a list value: comma joined, spaces around each dropped (P8). "" has no members."""
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()


def validate_values(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with `values`: parameter name to a sentence for people; empty when all is well.

    A parameter that is absent takes its default; one without a default must be given. Sentences never
    repeat a value, so a NoEcho value cannot leak through one (P3). Limits: P1, P8.
    """
    found = {}
    for name in values:
        if name not in template.parameters:
            found[name] = "The template has no such setting; leave it out."
    for name, parameter in template.parameters.items():
        sentence = _problem(parameter, values.get(name, parameter.default))
        if sentence:
            found[name] = sentence
    return found


def _problem(parameter: TemplateParameter, value: str | None) -> str:
    if value is None or (not value and parameter.default is None):
        return "This is needed."
    if len(value.encode()) > MAX_VALUE_BYTES:
        return f"This is too long: {MAX_VALUE_BYTES:,} bytes is the most."
    if not parameter.is_list:
        return _problem_of_one(parameter, value)
    members = split_list(value)
    if not members:
        return "Choose at least one." if parameter.type.startswith("List<AWS::") else ""
    for member in members:
        sentence = _problem_of_one(parameter, member)
        if sentence:
            return sentence if len(members) == 1 else f"One of these does not fit: {_lower(sentence)}"
    return ""


def _problem_of_one(parameter: TemplateParameter, value: str) -> str:
    if parameter.allowed_values and value not in parameter.allowed_values:
        return f"Choose one of {', '.join(parameter.allowed_values)}."
    kind = parameter.type.removeprefix("List<").removesuffix(">")
    if kind.startswith("AWS::"):
        return _problem_of_aws(kind, value)
    if kind == "Number":
        return _problem_of_number(parameter, value)
    return _problem_of_text(parameter, value)


def _problem_of_aws(kind: str, value: str) -> str:
    if kind in _SHAPES and not re.fullmatch(_SHAPES[kind][0], value):
        return f"Give {_SHAPES[kind][1]}."
    return "" if value else "This is needed."


def _problem_of_text(parameter: TemplateParameter, value: str) -> str:
    too_long = parameter.max_length is not None and len(value) > parameter.max_length
    too_short = parameter.min_length is not None and len(value) < parameter.min_length
    if too_long or too_short:
        return f"Write {_range(parameter.min_length, parameter.max_length)} characters."
    if parameter.allowed_pattern and not re.fullmatch(parameter.allowed_pattern, value):
        return parameter.constraint_description or f"This must match {parameter.allowed_pattern}."
    return ""


def _problem_of_number(parameter: TemplateParameter, value: str) -> str:
    if not _NUMBER.fullmatch(value):
        return "Write a number."
    low, high = parameter.min_value, parameter.max_value
    if (low is not None and float(value) < low) or (high is not None and float(value) > high):
        return f"Write a number of {_range(low, high)}."
    return ""


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return f"at least {low:,g}"
    if low is None:
        return f"at most {high:,g}"
    return f"{low:,g} to {high:,g}" if low != high else f"exactly {low:,g}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
