"""Templates: the one a stack was made from, and what AWS reads out of a new one."""

import json
from dataclasses import dataclass

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated


@dataclass(frozen=True)
class TemplateParameter:
    """A parameter a template declares; `default` is None when it must be given."""

    name: str
    type: str
    default: str | None
    no_echo: bool
    description: str
    allowed_values: tuple[str, ...]


@dataclass(frozen=True)
class TemplateIdentifier:
    """How resources of a type are named when they are imported (R5)."""

    type: str
    logical_ids: tuple[str, ...]
    identifiers: tuple[str, ...]


@dataclass(frozen=True)
class TemplateSummary:
    """What AWS reads out of a template: the capabilities are those it needs (S27)."""

    parameters: tuple[TemplateParameter, ...]
    capabilities: tuple[str, ...]
    capabilities_reason: str
    resource_types: tuple[str, ...]
    identifiers: tuple[TemplateIdentifier, ...]
    description: str


def get_template(aws: Clients, stack_id: str) -> str:
    """The template a stack was made from, as it was sent; raises Missing."""
    with translated("cloudformation", "GetTemplate"):
        body: object = aws.cloudformation.get_template(StackName=stack_id, TemplateStage="Original")["TemplateBody"]
    # boto3 parses a template that was sent as JSON, and leaves YAML as text.
    return body if isinstance(body, str) else json.dumps(body)


def template_summary(aws: Clients, body: str) -> TemplateSummary:
    """What AWS reads out of a template; raises Refused when it is not valid."""
    with translated("cloudformation", "GetTemplateSummary"):
        found = aws.cloudformation.get_template_summary(TemplateBody=body)
    return TemplateSummary(
        parameters=tuple(
            TemplateParameter(
                name=p["ParameterKey"],
                type=p.get("ParameterType", "String"),
                default=p.get("DefaultValue"),
                no_echo=p.get("NoEcho", False),
                description=p.get("Description", ""),
                allowed_values=tuple(p.get("ParameterConstraints", {}).get("AllowedValues", [])),
            )
            for p in found.get("Parameters", [])
        ),
        capabilities=tuple(found.get("Capabilities", [])),
        capabilities_reason=found.get("CapabilitiesReason", ""),
        resource_types=tuple(found.get("ResourceTypes", [])),
        identifiers=tuple(
            TemplateIdentifier(
                type=i.get("ResourceType", ""),
                logical_ids=tuple(i.get("LogicalResourceIds", [])),
                identifiers=tuple(i.get("ResourceIdentifiers", [])),
            )
            for i in found.get("ResourceIdentifierSummaries", [])
        ),
        description=found.get("Description", ""),
    )
