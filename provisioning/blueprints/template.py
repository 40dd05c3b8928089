"""CloudFormation templates as data: reads one, checks that it hangs together, and says what it needs.

`parse` gives a `Template`; `validate_values` and `resolve` work on it.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from provisioning.blueprints.reading import Document, read
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import (
    Pseudo,
    Resolved,
    ResolvedOutput,
    ResolvedResource,
    Template,
    TemplateError,
    TemplateParameter,
    Unknown,
)
from provisioning.blueprints.values import as_text, validate_values

__all__ = [
    "Pseudo",
    "Resolved",
    "ResolvedOutput",
    "ResolvedResource",
    "Template",
    "TemplateError",
    "TemplateParameter",
    "Unknown",
    "parse",
    "resolve",
    "validate_values",
]

MAX_BYTES = 51_200  # P1: what fits in a request; more would need a bucket

_NAMED_SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")
_SECTIONS = frozenset(("AWSTemplateFormatVersion", "Description", "Metadata", "Rules", *_NAMED_SECTIONS))
_LIMITS = ("MinLength", "MaxLength", "MinValue", "MaxValue")
_PARAMETER_KEYS = frozenset(
    (
        *("Type", "Default", "AllowedValues", "AllowedPattern", "ConstraintDescription"),
        *("NoEcho", "Description", *_LIMITS),
    )
)
_NAMED_IAM = frozenset(("RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"))
_SUB_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


@lru_cache(maxsize=64)
def parse(text: str, source: str = "template") -> Template:
    """Read a template (YAML or JSON) and check that what it refers to exists. The same text is read once per process:
    whoever gets a template alters nothing in it.

    Raises TemplateError with the line: not readable, over 51,200 bytes (P1), no resources, an unknown
    section or parameter attribute, a transform, or a reference to nothing.
    """
    size = len(text.encode())
    if size > MAX_BYTES:
        raise TemplateError(
            source, 1, f"The template is {size:,} bytes; {MAX_BYTES:,} is the most.", "Split or shorten it."
        )
    document = read(text, source)
    _check_sections(document, source)
    data = document.data
    template = Template(
        body=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        parameters=_parameters(document, source),
        mappings=data.get("Mappings") or {},
        conditions=data.get("Conditions") or {},
        resources=data["Resources"],
        outputs=data.get("Outputs") or {},
        capabilities=_capabilities(data["Resources"]),
        description=str(data.get("Description") or ""),
        source=source,
        lines=document.lines,
    )
    _check_references(template)
    return template


def _line(document: Document, *path: str) -> int:
    while path and path not in document.lines:
        path = path[:-1]
    return document.lines.get(path, 1)


def _check_sections(document: Document, source: str) -> None:
    data = document.data
    if not isinstance(data, dict):
        raise TemplateError(source, 1, "A template is a mapping.", "Start it with Resources:.")
    for key in data:
        if key == "Transform":
            raise TemplateError(source, _line(document, key), "Transforms cannot be read.", "Write the resources out.")
        if key not in _SECTIONS:
            raise TemplateError(
                source,
                _line(document, key),
                f"“{key}” is not a part of a template.",
                f"Use one of {', '.join(sorted(_SECTIONS))}.",
            )
    for key in _NAMED_SECTIONS:
        if not isinstance(data.get(key) or {}, dict):
            raise TemplateError(source, _line(document, key), f"{key} must be a mapping.", "Name each entry.")
    if not data.get("Resources"):
        raise TemplateError(source, _line(document, "Resources"), "The template has no resources.", "Add one.")
    _check_entries(document, source, "Resources", "Type")
    _check_entries(document, source, "Outputs", "Value")


def _check_entries(document: Document, source: str, section: str, required: str) -> None:
    """Every resource has a type and a mapping of properties; every output has a value."""
    for name, body in (document.data.get(section) or {}).items():
        if not isinstance(body, dict) or required not in body:
            raise TemplateError(
                source,
                _line(document, section, name),
                f"{name} has no {required}.",
                f"Add {required}: under {name}.",
            )
        if section == "Resources" and not isinstance(body["Type"], str):
            raise TemplateError(
                source,
                _line(document, section, name, "Type"),
                f"The type of {name} must be a text.",
                "Write it as AWS::Service::Resource.",
            )
        if not isinstance(body.get("Properties") or {}, dict):
            raise TemplateError(
                source,
                _line(document, section, name, "Properties"),
                f"The properties of {name} must be a mapping.",
                "Write each as Name: value.",
            )


def _parameters(document: Document, source: str) -> dict[str, TemplateParameter]:
    found = {}
    for name, body in (document.data.get("Parameters") or {}).items():
        line = _line(document, "Parameters", name)
        if not isinstance(body, dict) or not isinstance(body.get("Type"), str):
            raise TemplateError(source, line, f"Parameter {name} has no Type.", "Add Type: String.")
        for key in body:
            if key not in _PARAMETER_KEYS:
                raise TemplateError(
                    source,
                    _line(document, "Parameters", name, key),
                    f"“{key}” is not an attribute of a parameter.",
                    f"Use one of {', '.join(sorted(_PARAMETER_KEYS))}.",
                )
        found[name] = _parameter(name, body, source, line)
    return found


def _parameter(name: str, body: Mapping[str, Any], source: str, line: int) -> TemplateParameter:
    pattern = body.get("AllowedPattern")
    try:
        re.compile(pattern or "")
        limits = {key: _number(body.get(key)) for key in _LIMITS}
    except (re.error, TypeError, ValueError) as error:
        raise TemplateError(
            source, line, f"Parameter {name} has a limit that cannot be read: {error}.", "Correct it."
        ) from error
    allowed = body.get("AllowedValues") or []
    if not isinstance(allowed, list):
        raise TemplateError(source, line, f"AllowedValues of {name} must be a list.", "Write it as a list.")
    default = body.get("Default")
    return TemplateParameter(
        name=name,
        type=body["Type"],
        default=None if default is None else as_text(default),
        allowed_values=tuple(as_text(value) for value in allowed),
        allowed_pattern=pattern,
        constraint_description=str(body.get("ConstraintDescription") or ""),
        min_length=None if limits["MinLength"] is None else int(limits["MinLength"]),
        max_length=None if limits["MaxLength"] is None else int(limits["MaxLength"]),
        min_value=limits["MinValue"],
        max_value=limits["MaxValue"],
        no_echo=as_text(body.get("NoEcho", "false")).lower() == "true",
        description=str(body.get("Description") or ""),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _capabilities(resources: Mapping[str, Any]) -> frozenset[str]:
    """S27: what AWS wants acknowledged; the named form includes the plain one."""
    needed = frozenset[str]()
    for body in resources.values():
        if not str(body["Type"]).startswith("AWS::IAM::"):
            continue
        if _NAMED_IAM & set(body.get("Properties") or {}):
            return frozenset({"CAPABILITY_NAMED_IAM"})
        needed = frozenset({"CAPABILITY_IAM"})
    return needed


def _check_references(template: Template) -> None:
    known = set(template.parameters) | set(template.resources)
    for section, data in (
        ("Conditions", template.conditions),
        ("Resources", template.resources),
        ("Outputs", template.outputs),
    ):
        for path, kind, name in _references(data, (section,)):
            exists = {
                "value": name in known or name.startswith("AWS::"),
                "resource": name in template.resources,
                "condition": name in template.conditions,
                "mapping": name in template.mappings,
            }[kind]
            if not exists:
                raise TemplateError(
                    template.source,
                    template.line(*path),
                    f"“{name}” is referred to but there is no such {_NOUNS[kind]}.",
                    "Check its spelling, or declare it.",
                )


_NOUNS = {
    "value": "parameter or resource",
    "resource": "resource",
    "condition": "condition",
    "mapping": "mapping",
}


def _references(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Every name a part of the template leans on, as (path, kind, name)."""
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from _references(item, (*path, str(at)))
        return
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        yield from ((path, kind, name) for kind, name in _named_by(key, inner))
        if key == "DependsOn":
            names = inner if isinstance(inner, list) else [inner]
            yield from ((path, "resource", str(name)) for name in names)
        elif key != "Metadata":
            yield from _references(inner, (*path, key))


def _named_by(key: str, inner: Any) -> Iterator[tuple[str, str]]:
    """The names a single intrinsic leans on. IAM's own `Condition` blocks are mappings, not names."""
    if key in {"Ref", "Condition"} and isinstance(inner, str):
        yield ("value" if key == "Ref" else "condition", inner)
    elif key == "Fn::GetAtt" and inner:
        yield ("resource", str(inner[0]) if isinstance(inner, list) else str(inner).split(".")[0])
    elif key == "Fn::If" and isinstance(inner, list) and inner:
        yield ("condition", str(inner[0]))
    elif key == "Fn::FindInMap" and isinstance(inner, list) and inner and isinstance(inner[0], str):
        yield ("mapping", inner[0])
    elif key == "Fn::Sub" and (isinstance(inner, str) or _is_text_and_mapping(inner)):
        text, own = (inner, ()) if isinstance(inner, str) else (str(inner[0]), tuple(inner[1]))
        for name in _SUB_VARIABLE.findall(text):
            if name not in own:
                yield ("resource", name.split(".")[0]) if "." in name else ("value", name)


def _is_text_and_mapping(inner: Any) -> bool:
    return isinstance(inner, list) and len(inner) == 2 and isinstance(inner[1], dict)
