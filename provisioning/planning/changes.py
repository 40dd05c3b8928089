"""The resource changes of one stack, as plain rows of a plan, whether they come from a change set, from a template
that no stack has yet, or from a stack that will be deleted."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.aws.cloudformation import ChangeSet, ResourceChange
from provisioning.blueprints.shapes import Resolved, ResolvedResource, Unknown
from provisioning.models import StackResource

STATEFUL_TYPES = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::DynamoDB::GlobalTable",
        "AWS::S3::Bucket",
        "AWS::RDS::DBInstance",
        "AWS::RDS::DBCluster",
        "AWS::EFS::FileSystem",
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
        "AWS::SQS::Queue",
        "AWS::Logs::LogGroup",
    }
)
DATA_TYPES = STATEFUL_TYPES - {"AWS::Logs::LogGroup", "AWS::SQS::Queue"}
TAGS = "Tags"
HIDDEN = "****"
_DELETING = frozenset({"Delete", "ReplaceAndDelete", "Snapshot", "ReplaceAndSnapshot"})


def from_change_set(change_set: ChangeSet) -> list[dict[str, Any]]:
    """Rows of a change set that was read whole (C8–C10)."""
    return [_row(change) for change in sorted(change_set.changes, key=lambda change: change.logical_id)]


def _row(change: ResourceChange) -> dict[str, Any]:
    """`drift` is there only in a repair: what AWS finds of the resource now, before anything is done (C13)."""
    return ({"drift": change.drift_status} if change.drift_status else {}) | {
        "logical_id": change.logical_id,
        "physical_id": change.physical_id,
        "type": change.type,
        "action": change.action,
        "replacement": change.replacement,
        "policy_action": change.policy_action,
        "details": [
            {
                "path": detail.path or detail.attribute,
                "before": detail.before,
                "after": detail.after,
                "requires_recreation": detail.requires_recreation,
                "cause": detail.cause,
            }
            for detail in change.details
        ],
    }


def with_names(rows: list[dict[str, Any]], resolved: Resolved) -> list[dict[str, Any]]:
    """The rows, each with the `name` people know it by: AWS's where there is one, else the one its template fixes."""
    fixed = {
        resource.logical_id: name
        for resource in resolved.resources
        for name in (resource.properties.get("TableName"), resource.properties.get("Name"))
        if isinstance(name, str)
    }
    return [{**row, "name": row["physical_id"] or fixed.get(row["logical_id"], row["logical_id"])} for row in rows]


def without_unmade(rows: list[dict[str, Any]], resolved: Resolved) -> list[dict[str, Any]]:
    """The rows without additions that the template's own conditions rule out."""
    made = {resource.logical_id for resource in resolved.resources}
    return [row for row in rows if row["action"] != "Add" or row["logical_id"] in made]


def with_values(
    rows: list[dict[str, Any]], before: Iterable[ResolvedResource], after: Iterable[ResolvedResource]
) -> list[dict[str, Any]]:
    """The rows, each property that came without values given those of the two templates, as far as those know them.
    AWS sends values; not every AWS-compatible endpoint does, and a large value may be cut."""
    old = {resource.logical_id: resource.properties for resource in before}
    new = {resource.logical_id: resource.properties for resource in after}
    return [
        {
            **row,
            "details": [
                _with_values(detail, old.get(row["logical_id"], {}), new.get(row["logical_id"], {}))
                for detail in row["details"]
            ],
        }
        for row in rows
    ]


def _with_values(detail: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    if detail["before"] is not None or detail["after"] is not None:
        return detail
    name = detail["path"].removeprefix("/Properties/").split("/")[0]
    return {**detail, "before": _text(old, name), "after": _text(new, name)}


def hiding(rows: list[dict[str, Any]], hidden: Iterable[str]) -> list[dict[str, Any]]:
    """The rows with these values unreadable, wherever one stands in a property: plans are kept for ever (P3)."""
    secrets = sorted(filter(None, hidden), key=len, reverse=True)

    def masked(text: str | None) -> str | None:
        for secret in secrets if text else ():
            text = (text or "").replace(json.dumps(secret)[1:-1], HIDDEN).replace(secret, HIDDEN)
        return text

    return [
        {
            **row,
            "details": [
                {**detail, "before": masked(detail["before"]), "after": masked(detail["after"])}
                for detail in row["details"]
            ],
        }
        for row in rows
    ]


def _text(properties: dict[str, Any], name: str) -> str | None:
    """A property as text; None where only AWS knows it."""
    value = properties.get(name, "not set")
    if isinstance(value, Unknown):
        return None
    return value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)


def from_template(resolved: Resolved) -> list[dict[str, Any]]:
    """Rows of a stack that does not exist yet and cannot have a change set before the data stack does."""
    return [
        {
            "logical_id": resource.logical_id,
            "physical_id": "",
            "type": resource.type,
            "action": "Add",
            "replacement": "",
            "policy_action": "",
            "details": [],
        }
        for resource in sorted(resolved.resources, key=lambda resource: resource.logical_id)
    ]


def between(before: Iterable[ResolvedResource], after: Iterable[ResolvedResource]) -> list[dict[str, Any]]:
    """Rows of what differs between two readings of a template: a look ahead without AWS, which a change set then
    confirms. It cannot know what AWS would replace."""
    old = {resource.logical_id: resource for resource in before}
    new = {resource.logical_id: resource for resource in after}
    rows = []
    for name in sorted({**old, **new}):
        details = _differences(old[name].properties, new[name].properties) if name in old and name in new else []
        action = "Add" if name not in old else "Remove" if name not in new else "Modify"
        if action == "Modify" and not details:
            continue
        resource_type = (new.get(name) or old[name]).type
        rows.append(
            {
                "logical_id": name,
                "physical_id": "",
                "name": name,
                "type": resource_type,
                "action": action,
                "replacement": "",
                "policy_action": "",
                "details": details,
            }
        )
    return rows


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "path": f"/Properties/{name}",
            "before": _text(old, name),
            "after": _text(new, name),
            "requires_recreation": "",
            "cause": "",
        }
        for name in sorted({**old, **new})
        if json.dumps(old.get(name), default=str) != json.dumps(new.get(name), default=str)
    ]


def from_deletion(resources: Iterable[StackResource], *, keeps: frozenset[str]) -> list[dict[str, Any]]:
    """Rows of a stack that will be deleted; `keeps` names the logical ids that its template retains."""
    return [
        {
            "logical_id": resource.logical_id,
            "physical_id": resource.physical_id,
            "name": resource.physical_id or resource.logical_id,
            "type": resource.type,
            "action": "Keep" if resource.logical_id in keeps else "Remove",
            "replacement": "",
            "policy_action": "Retain" if resource.logical_id in keeps else "Delete",
            "details": [],
        }
        for resource in resources
        if resource.type != "AWS::CloudFormation::Stack"
    ]


def endangers_data(row: Mapping[str, Any]) -> bool:
    """Whether a row would delete or replace something that holds data (C8). Retaining it on deletion does not,
    yet a table that leaves its stack in an update does: the application would lose it. An action that AWS added
    since counts as a danger; a row that the guard judged `in_place` does not, however AWS words its doubt."""
    if row["type"] not in DATA_TYPES:
        return False
    if row["policy_action"] in _DELETING:
        return True
    if row["action"] in {"Add", "Keep", "Import"} or row.get("in_place"):
        return False
    replaced = row["replacement"] not in {"", "False"} or row["policy_action"].startswith("Replace")
    return replaced or row["action"] not in {"Modify", "SyncWithActual"}


def tagged(row: dict[str, Any]) -> dict[str, Any]:
    """The row of something that is there already, and only gets the stack's tags."""
    detail = {"path": TAGS, "before": None, "after": None, "requires_recreation": "Never", "cause": ""}
    return {**row, "action": "Modify", "replacement": "False", "details": [detail]}


def differing(reviewed: Iterable[dict[str, Any]], real: Iterable[dict[str, Any]]) -> list[str]:
    """The logical ids in which what would run is not what was reviewed: missing, extra, acted on otherwise, or
    replaced where nobody saw that. Two kinds of rows make no difference: tags that are there already, and what AWS
    lists only because it leans on a reviewed resource, while it stays where it is."""
    reviewed, real = list(reviewed), list(real)
    running, agreed = {row["logical_id"] for row in real}, {row["logical_id"] for row in reviewed}
    reviewed = [row for row in reviewed if row["logical_id"] in running or not _only_tags(row)]
    real = [row for row in real if row["logical_id"] in agreed or not _only_follows(row, agreed)]

    def essence(rows: Iterable[dict[str, Any]]) -> set[tuple[str, str, str, bool]]:
        return {(row["logical_id"], row["type"], row["action"], _counter(row) == "replace") for row in rows}

    return sorted({name for name, *_ in essence(reviewed) ^ essence(real)})


def _only_tags(row: Mapping[str, Any]) -> bool:
    return row["action"] == "Modify" and {detail["path"] for detail in row["details"]} == {TAGS}


def _only_follows(row: Mapping[str, Any], causes: set[str]) -> bool:
    if row["action"] != "Modify" or row["replacement"] != "False" or row["type"] in DATA_TYPES:
        return False
    return bool(row["details"]) and all(_causing(detail) in causes for detail in row["details"])


def _causing(detail: Mapping[str, Any]) -> str:
    """The resource that a property changes because of; a cause is AWS's source and, after a space, its entity."""
    return str(detail["cause"]).rpartition(" ")[2].partition(".")[0]


def counters(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many resources are added, changed, replaced, deleted and kept."""
    counted = {"add": 0, "change": 0, "replace": 0, "delete": 0, "keep": 0}
    for row in rows:
        counted[_counter(row)] += 1
    return counted


def _counter(row: dict[str, Any]) -> str:
    if row["action"] in {"Add", "Import"}:
        return "add"
    if row["action"] == "Remove":
        return "delete"
    if row["action"] in {"Keep", "SyncWithActual"}:
        return "keep"
    return "replace" if row["replacement"] in {"True", "Conditional"} and not row.get("in_place") else "change"
