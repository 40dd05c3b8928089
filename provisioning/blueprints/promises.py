"""What a blueprint promises before anything exists: its parameters' values, names taken, tables to come."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provisioning.blueprints.model import (
    Blueprint,
    ComputedNames,
    IndexPromise,
    TablePromise,
)
from provisioning.blueprints.reading import read
from provisioning.blueprints.resolving import resolve
from provisioning.blueprints.shapes import Pseudo, Resolved, ResolvedResource, Template, Unknown

_TABLE = "AWS::DynamoDB::Table"
_PARAMETER = "AWS::SSM::Parameter"
_PLACEHOLDER = "unknown"


def filled_values(
    blueprint: Blueprint, kind: str, *, environment: str, stage: str, owner: str, environment_id: str
) -> dict[str, str]:
    """The values Stackyard itself gives to a stack's parameters: parameter name to value."""
    facts = {
        "environment": environment,
        "stage": stage,
        "application": blueprint.slug,
        "owner": owner,
        "environment_id": environment_id,
        "data_stack_name": blueprint.stacks["data"].stack_name(environment),
    }
    return {name: facts[filler] for name, filler in blueprint.stacks[kind].filled.items()}


def starting_values(blueprint: Blueprint, kind: str, stage: str) -> dict[str, str]:
    """What the request form starts with: the template's defaults, then those of the stage.

    Parameters without any default, and those Stackyard fills, are absent.
    """
    stack = blueprint.stacks[kind]
    values = {
        name: parameter.default
        for name, parameter in stack.template.parameters.items()
        if parameter.default is not None and name not in stack.filled
    }
    return values | dict(blueprint.stages[stage].defaults.get(kind, {}))


def computed_names(blueprint: Blueprint, environment: str, stage: str, pseudo: Pseudo) -> ComputedNames:
    """The fixed names an environment takes, for preflight (R10). `pseudo.stack_name` is not looked at."""
    tables: list[str] = []
    parameters: list[str] = []
    path = blueprint.path(environment)
    for kind, stack in blueprint.stacks.items():
        filled = filled_values(
            blueprint,
            kind,
            environment=environment,
            stage=stage,
            owner=_PLACEHOLDER,
            environment_id=_PLACEHOLDER,
        )
        named = replace(pseudo, stack_name=stack.stack_name(environment))
        resolved = resolve(stack.template, starting_values(blueprint, kind, stage) | filled, pseudo=named)
        tables += _names(resolved, _TABLE, "TableName")
        parameters += _names(resolved, _PARAMETER, "Name")
    return ComputedNames(
        stacks={kind: stack.stack_name(environment) for kind, stack in blueprint.stacks.items()},
        tables=tuple(tables),
        parameter_path=path,
        parameters=(*parameters, *(f"{path}{flag.key}" for flag in blueprint.flags)),
    )


def _names(resolved: Resolved, kind: str, key: str) -> list[str]:
    found = [resource.properties.get(key) for resource in resolved.resources if resource.type == kind]
    return [name for name in found if isinstance(name, str)]


def table_promises(blueprint: Blueprint, values: Mapping[str, str], pseudo: Pseudo) -> tuple[TablePromise, ...]:
    """The tables that the data stack makes under `values` (its parameters, filled ones included).

    CloudFormation's word for a missing billing mode is PROVISIONED (T8). Emulators leave TTL and recovery
    unset, so verification compares these promises with what DynamoDB itself says.
    """
    return promised(resolve(blueprint.stacks["data"].template, values, pseudo=pseudo))


def promised(resolved: Resolved) -> tuple[TablePromise, ...]:
    """The tables of a template under the values it was resolved with."""
    return tuple(_promise(resource) for resource in resolved.resources if resource.type == _TABLE)


def tables_only(template: Template, wanted: Collection[str] | None = None) -> str:
    """The template (as JSON) with its tables and nothing else: the first of the two phases of adoption.

    An import may neither make anything else nor bring outputs (R6). Parameters stay, so that the same values
    fit; the second phase updates to the full template, which describes the tables identically. `wanted` are the
    logical ids of the tables to keep, all of them when it is None.
    """
    data = read(template.body, template.source).data
    parts = ("AWSTemplateFormatVersion", "Parameters", "Mappings", "Conditions")
    kept = {key: data[key] for key in parts if key in data}
    tables = {
        name: body
        for name, body in template.resources.items()
        if body["Type"] == _TABLE and (wanted is None or name in wanted)
    }
    return json.dumps(kept | {"Resources": tables}, separators=(",", ":"))


def with_indexes(template: Template, tables: Mapping[str, tuple[Sequence[Any], Sequence[Any]]]) -> str:
    """The template (as JSON) with other global indexes: of each logical id in `tables` the indexes and the attribute
    definitions, worked out. A stop on the way to a template whose indexes cannot change all at once (T1)."""
    data = read(template.body, template.source).data
    for logical_id, (indexes, attributes) in tables.items():
        properties = data["Resources"][logical_id]["Properties"]
        properties["AttributeDefinitions"] = list(attributes)
        properties.pop("GlobalSecondaryIndexes", None)
        if indexes:
            properties["GlobalSecondaryIndexes"] = list(indexes)
    return json.dumps(data, separators=(",", ":"))


def _promise(resource: ResolvedResource) -> TablePromise:
    properties = resource.properties
    expiry = properties.get("TimeToLiveSpecification") or {}
    recovery = properties.get("PointInTimeRecoverySpecification") or {}
    return TablePromise(
        logical_id=resource.logical_id,
        name=str(properties.get("TableName", Unknown(resource.logical_id))),
        key_schema=_keys(properties),
        attribute_types={
            attribute["AttributeName"]: attribute["AttributeType"]
            for attribute in properties.get("AttributeDefinitions") or []
        },
        indexes=(
            *(_index(index, is_local=False) for index in properties.get("GlobalSecondaryIndexes") or []),
            *(_index(index, is_local=True) for index in properties.get("LocalSecondaryIndexes") or []),
        ),
        stream=(properties.get("StreamSpecification") or {}).get("StreamViewType"),
        ttl_attribute=expiry.get("AttributeName") if _is_true(expiry.get("Enabled")) else None,
        point_in_time_recovery=_is_true(recovery.get("PointInTimeRecoveryEnabled")),
        deletion_protection=_is_true(properties.get("DeletionProtectionEnabled")),
        billing_mode=str(properties.get("BillingMode", "PROVISIONED")),
        tags={tag["Key"]: str(tag["Value"]) for tag in properties.get("Tags") or []},
    )


def _index(index: Mapping[str, Any], *, is_local: bool) -> IndexPromise:
    projection = index["Projection"]
    included = tuple(projection.get("NonKeyAttributes") or ())
    if isinstance(index["IndexName"], list | dict):
        raise TypeError("the name of an index is a text")
    return IndexPromise(index["IndexName"], _keys(index), projection["ProjectionType"], included, is_local)


def _keys(described: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((key["AttributeName"], key["KeyType"]) for key in described.get("KeySchema") or [])


def _is_true(value: Any) -> bool:
    return value is True or value == "true"
