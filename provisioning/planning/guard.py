"""The data guard: what would delete, replace or let go of something that holds data (C8, R2, R11-R13).

It reads the rows of a plan and, apart from them, the template that is deployed and the one that is sent: what an
endpoint leaves out of a change set, the templates still tell. Only the explicit deletion of data goes past it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioning.blueprints.shapes import ResolvedResource
from provisioning.planning.changes import DATA_TYPES, endangers_data

TABLE_TYPES = frozenset({"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"})
KEEPING = ("Retain", "RetainExceptOnCreate")
_NOUNS = {
    "AWS::S3::Bucket": "bucket",
    "AWS::RDS::DBInstance": "database",
    "AWS::RDS::DBCluster": "database cluster",
    "AWS::EFS::FileSystem": "file system",
    "AWS::KMS::Key": "key",
    "AWS::SecretsManager::Secret": "secret",
}
_NAMED_BY = {
    **dict.fromkeys(TABLE_TYPES, "TableName"),
    "AWS::S3::Bucket": "BucketName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::SecretsManager::Secret": "Name",
}
_GONE_ANYWAY = frozenset({"removed", "moved", "renamed", "keys"})
_KEEP_IT = "Keep it in the template as it is."
_BESIDE = "Keep it as it is; add a new one beside it, copy what it holds, then switch the application over."


@dataclass(frozen=True)
class Danger:
    """One thing that holds data and would be lost, or left where the application no longer finds it.

    `kind` is removed, moved, renamed, keys, replaced, policy, unkept or unsure; `name` is what people call the
    thing; `fix` is what to do instead.
    """

    kind: str
    logical_id: str
    name: str
    sentence: str
    fix: str


def dangers(
    rows: Iterable[Mapping[str, Any]],
    before: Iterable[ResolvedResource] = (),
    after: Iterable[ResolvedResource] = (),
) -> tuple[Danger, ...]:
    """Every danger in the rows of one stack and between its template as deployed and as sent, by logical id.

    Leave both templates out where the stack goes or nothing is sent. A template's reason replaces the row's own.
    """
    rows = list(rows)
    names = {row["logical_id"]: name for row in rows if (name := row.get("name") or row["physical_id"])}
    found = list(_between(_stateful(before), _stateful(after), names))
    explained = {danger.logical_id for danger in found if danger.kind in _GONE_ANYWAY}
    found += [_of_row(row) for row in rows if endangers_data(row) and row["logical_id"] not in explained]
    return tuple(sorted(found, key=lambda danger: danger.logical_id))


def with_judgement(
    rows: Sequence[dict[str, Any]], before: Iterable[ResolvedResource], after: Iterable[ResolvedResource]
) -> list[dict[str, Any]]:
    """The rows; one that AWS calls conditional only because a table declares attributes for its indexes is marked
    `in_place`, when the templates show that none which was there is edited (R11): such a table is never replaced."""
    old, new = _stateful(before), _stateful(after)
    judged = []
    for row in rows:
        in_place = _only_declares(row, old.get(row["logical_id"]), new.get(row["logical_id"]))
        judged.append({**row, "in_place": True} if in_place else row)
    return judged


def _only_declares(row: Mapping[str, Any], old: ResolvedResource | None, new: ResolvedResource | None) -> bool:
    if old is None or new is None or row["replacement"] != "Conditional" or row["type"] not in TABLE_TYPES:
        return False
    unsure = {_property(one["path"]) for one in row["details"] if one["requires_recreation"] not in {"", "Never"}}
    if unsure != {"AttributeDefinitions"} or not _attributes(new):
        return False
    return next(_in_common(old, new, old.logical_id), None) is None


def _property(path: str) -> str:
    return path.removeprefix("/Properties/").split("/")[0]


def kept(resources: Mapping[str, Any]) -> frozenset[str]:
    """The logical ids of a raw template that outlive the deletion of their stack (R1)."""
    return frozenset(name for name, body in resources.items() if str(body.get("DeletionPolicy", "")) in KEEPING)


def lost_with_stack(
    resources: Mapping[str, Any], conditions: Mapping[str, bool], there: Mapping[str, str]
) -> tuple[Danger, ...]:
    """What holds data and would go with its stack. `resources` are those of the template that AWS itself has, raw;
    `there` maps logical ids of what the stack is known to have to physical ones. A thing whose condition is off
    counts only when it is known to be there."""
    spared = kept(resources)
    return tuple(
        Danger(
            "removed",
            name,
            there.get(name) or name,
            f"{there.get(name) or name} would be deleted together with its stack, and {_content(body['Type'])} with"
            f" it: its template does not retain it.",
            "Send an update whose template sets DeletionPolicy: Retain on it first.",
        )
        for name, body in sorted(resources.items())
        if body["Type"] in DATA_TYPES
        and name not in spared
        and (name in there or conditions.get(str(body.get("Condition", "")), True))
    )


def _stateful(resources: Iterable[ResolvedResource]) -> dict[str, ResolvedResource]:
    return {resource.logical_id: resource for resource in resources if resource.type in DATA_TYPES}


def _between(
    old: Mapping[str, ResolvedResource], new: Mapping[str, ResolvedResource], names: Mapping[str, str]
) -> Iterator[Danger]:
    for logical_id, resource in old.items():
        name = _name(resource) or names.get(logical_id, logical_id)
        there = new.get(logical_id)
        if there is None or there.type != resource.type:
            yield _missing(resource, name, [one for one in new.values() if one.logical_id not in old])
        else:
            yield from _in_common(resource, there, name)
            yield from _policies(resource, there, name)
    for logical_id, resource in new.items():
        if logical_id not in old:
            yield from _unkept(resource, _name(resource) or logical_id)


def _missing(resource: ResolvedResource, name: str, new: Sequence[ResolvedResource]) -> Danger:
    fixed = _name(resource)
    twin = next((one for one in new if fixed and one.type == resource.type and _name(one) == fixed), None)
    if twin is not None:
        return Danger(
            "moved",
            resource.logical_id,
            name,
            f"{name} is called {twin.logical_id} in the template now, no longer {resource.logical_id}: CloudFormation"
            " would make it anew under a name that is taken.",
            f"Call it {resource.logical_id} again.",
        )
    happens = (
        "would stay behind in no stack, where the application no longer finds it"
        if resource.deletion_policy in KEEPING
        else f"would be deleted, and {_content(resource.type)} with it"
    )
    return Danger(
        "removed",
        resource.logical_id,
        name,
        f"{name} is no longer in the template: the {noun(resource.type)} {happens}.",
        _KEEP_IT,
    )


def _in_common(old: ResolvedResource, new: ResolvedResource, name: str) -> Iterator[Danger]:
    """What cannot change without another, empty thing in its place."""
    key = _NAMED_BY.get(old.type)
    if key is not None and old.properties.get(key) != new.properties.get(key):
        called = _name(new) or "a name that CloudFormation chooses"
        yield Danger(
            "renamed",
            old.logical_id,
            name,
            f"{name} would become {called}: that is a data migration. The {noun(old.type)} of the new name starts"
            f" empty, and {_content(old.type)} of {name} would stay under the old name, in no stack.",
            f"Keep the name. To move, add {called} beside it, copy what it holds, then switch the application over.",
        )
    if old.type in TABLE_TYPES:
        for what in _changed_keys(old, new):
            yield Danger(
                "keys",
                old.logical_id,
                name,
                f"{what} of {name} would change, which takes another table: this one would be replaced, empty.",
                _BESIDE,
            )


def _changed_keys(old: ResolvedResource, new: ResolvedResource) -> Iterator[str]:
    if _of(old, "KeySchema") != _of(new, "KeySchema"):
        yield "The keys"
    before, after = _attributes(old), _attributes(new)
    if before is None or after is None:
        if _of(old, "AttributeDefinitions") != _of(new, "AttributeDefinitions"):
            yield "The attributes"
    else:
        yield from (f"The type of {one}" for one in sorted(before.keys() & after.keys()) if before[one] != after[one])
    if _indexes(old) != _indexes(new):
        yield "The local indexes"
    if _of(old, "ImportSourceSpecification") != _of(new, "ImportSourceSpecification"):
        yield "The import source"


def _of(resource: ResolvedResource, name: str) -> Any:
    return resource.properties.get(name) or None


def _attributes(resource: ResolvedResource) -> dict[str, Any] | None:
    """Types of the attributes that are declared; None where they cannot be told."""
    declared = resource.properties.get("AttributeDefinitions") or []
    if not isinstance(declared, list) or not all(isinstance(one, dict) for one in declared):
        return None
    return {str(one.get("AttributeName")): one.get("AttributeType") for one in declared}


def _indexes(resource: ResolvedResource) -> Any:
    """The local indexes, whose order says nothing."""
    local = resource.properties.get("LocalSecondaryIndexes") or []
    return sorted(map(str, local)) if isinstance(local, list) else local


def _policies(old: ResolvedResource, new: ResolvedResource, name: str) -> Iterator[Danger]:
    for policy, before, after in (
        ("DeletionPolicy", old.deletion_policy, new.deletion_policy),
        ("UpdateReplacePolicy", old.update_replace_policy, new.update_replace_policy),
    ):
        if before in KEEPING and after not in KEEPING:
            yield Danger(
                "policy",
                old.logical_id,
                name,
                f"{policy} of {name} would change from {before} to {after}: the next mishap would take"
                f" {_content(old.type)}.",
                f"Set {policy}: {before} on {old.logical_id} again.",
            )


def _unkept(resource: ResolvedResource, name: str) -> Iterator[Danger]:
    missing = [
        policy
        for policy, value in (
            ("DeletionPolicy", resource.deletion_policy),
            ("UpdateReplacePolicy", resource.update_replace_policy),
        )
        if value not in KEEPING
    ]
    if missing:
        yield Danger(
            "unkept",
            resource.logical_id,
            name,
            f"{name} is a new {noun(resource.type)} that would not outlive its stack: it comes without"
            f" {' and '.join(missing)}.",
            f"Set {' and '.join(f'{policy}: Retain' for policy in missing)} on {resource.logical_id}.",
        )


def _of_row(row: Mapping[str, Any]) -> Danger:
    name = row.get("name") or row["physical_id"] or row["logical_id"]
    content, thing = _content(row["type"]), noun(row["type"])
    if row["action"] == "Remove":
        stays = row["policy_action"] == "Retain"
        happens = "would stay behind in no stack" if stays else f"would be deleted, and {content} with it"
        return Danger("removed", row["logical_id"], name, f"The {thing} {name} {happens}.", _KEEP_IT)
    if row["replacement"] in {"True", "Conditional"} or row["policy_action"].startswith("Replace"):
        surely = "would" if row["replacement"] == "True" else "might"
        cause = ", ".join(sorted({_property(one["path"]) for one in row["details"]} - {"", "Tags"}))
        because = f", because of {cause}" if cause else ""
        sentence = f"The {thing} {name} {surely} be replaced by a new, empty one{because}."
        return Danger("replaced", row["logical_id"], name, sentence, _BESIDE)
    sentence = f"CloudFormation does not say what would happen to {name} and {content} ({row['action']})."
    return Danger("unsure", row["logical_id"], name, sentence, _KEEP_IT)


def _name(resource: ResolvedResource) -> str:
    """The fixed name, empty where there is none that is known."""
    value = resource.properties.get(_NAMED_BY.get(resource.type, ""))
    return value if isinstance(value, str) else ""


def noun(resource_type: str) -> str:
    """What people call a thing of this type."""
    return _NOUNS.get(resource_type, "table" if resource_type in TABLE_TYPES else re.sub(r".*::", "", resource_type))


def _content(resource_type: str) -> str:
    return "its items" if resource_type in TABLE_TYPES else "what it holds"
