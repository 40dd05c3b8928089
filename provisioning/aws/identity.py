"""Who Stackyard is in an account, and what a role may do."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

SERVICE = "iam"


@dataclass(frozen=True)
class Caller:
    """The account and identity that calls are made as."""

    account_id: str
    arn: str


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. `source` names the policy it is from.

    An action or resource written as NotAction or NotResource starts with "!".
    """

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    source: str


def caller(aws: Clients) -> Caller:
    """Who the credentials belong to; raises Denied when they are missing, wrong or expired."""
    with translated("sts", "GetCallerIdentity"):
        found = aws.sts.get_caller_identity()
    return Caller(found["Account"], found["Arn"])


def role_permissions(aws: Clients, role_name: str) -> tuple[Statement, ...]:
    """Every statement of a role's inline and attached policies, in the order AWS lists them; raises Missing.

    Boundaries, session policies and the account's own limits are not in here: it is what the role asks for.
    """
    return tuple(_inline(aws, role_name)) + tuple(_attached(aws, role_name))


def _inline(aws: Clients, role_name: str) -> Iterator[Statement]:
    with translated(SERVICE, "ListRolePolicies"):
        pages = aws.iam.get_paginator("list_role_policies").paginate(RoleName=role_name)
        names = [name for page in pages for name in page["PolicyNames"]]
    for name in names:
        with translated(SERVICE, "GetRolePolicy"):
            document: Any = aws.iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
        yield from _statements(document, name)


def _attached(aws: Clients, role_name: str) -> Iterator[Statement]:
    with translated(SERVICE, "ListAttachedRolePolicies"):
        pages = aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name)
        found = [policy for page in pages for policy in page["AttachedPolicies"]]
    for policy in found:
        arn = policy.get("PolicyArn", "")
        read = _kept_document if ":iam::aws:policy/" in arn else _document
        yield from _statements(read(aws, arn), policy.get("PolicyName", arn))


def _document(aws: Clients, arn: str) -> Any:
    with translated(SERVICE, "GetPolicy"):
        version = aws.iam.get_policy(PolicyArn=arn)["Policy"].get("DefaultVersionId", "v1")
    with translated(SERVICE, "GetPolicyVersion"):
        answer = aws.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    return answer.get("Document", {})


# AWS's own policies are the same for everybody and change rarely: read once a process.
_kept_document = lru_cache(maxsize=256)(_document)


def _statements(document: Any, source: str) -> Iterator[Statement]:
    """The statements of a policy, parsed by boto3 or still text; a lone one need not be in a list."""
    parsed: Mapping[str, Any] = json.loads(document) if isinstance(document, str) else document
    for statement in _listed(parsed.get("Statement", [])):
        yield Statement(
            effect=statement["Effect"],
            actions=_names(statement, "Action"),
            resources=_names(statement, "Resource"),
            source=source,
        )


def _names(statement: Mapping[str, Any], field: str) -> tuple[str, ...]:
    said = tuple(_listed(statement.get(field, [])))
    return said + tuple(f"!{name}" for name in _listed(statement.get(f"Not{field}", [])))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
