"""Who Stackyard is in an account, and what a role may do."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakSet

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Denied, Missing, Refused, translated

SERVICE = "iam"
FIRST = "v1"  # the version in force of a policy that was never changed


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


def service_permissions(aws: Clients, role_arn: str, service: str) -> tuple[Statement, ...]:
    """Every statement of those policies of a role that let it use a service, such as `dynamodb`: a call or two for each
    role fewer than reading all of them. Where the endpoint does not offer that, or it is not allowed, all are read.

    Raises Missing.
    """
    role_name = role_arn.rpartition("/")[2]
    granting = None if aws.origin in _all_read else _granting(aws, role_arn, service)
    if granting is None:
        return role_permissions(aws, role_name)
    return tuple(one for policy in granting for one in _of_policy(aws, role_name, policy))


# Where asking for the policies that grant a service led nowhere: not asked again by this process.
_all_read: WeakSet[Clients] = WeakSet()


def _granting(aws: Clients, role_arn: str, service: str) -> list[Mapping[str, Any]] | None:
    found: list[Mapping[str, Any]] = []
    asked: dict[str, Any] = {"Arn": role_arn, "ServiceNamespaces": [service]}
    try:
        while True:
            with translated(SERVICE, "ListPoliciesGrantingServiceAccess"):
                answer = aws.iam.list_policies_granting_service_access(**asked)
            found += [one for each in answer["PoliciesGrantingServiceAccess"] for one in each.get("Policies", [])]
            if not answer.get("IsTruncated"):
                return found
            asked["Marker"] = answer["Marker"]
    except Missing:
        return None  # a role with a path has another ARN; read by its name it is there, or it is not
    except (Denied, Refused):
        _all_read.add(aws.origin)
        return None


def _of_policy(aws: Clients, role_name: str, policy: Mapping[str, Any]) -> Iterator[Statement]:
    name, arn = policy["PolicyName"], policy.get("PolicyArn", "")
    if policy["PolicyType"] == "INLINE":
        return _inline_one(aws, role_name, name)
    return _managed(aws, arn, name)


def _inline(aws: Clients, role_name: str) -> Iterator[Statement]:
    with translated(SERVICE, "ListRolePolicies"):
        pages = aws.iam.get_paginator("list_role_policies").paginate(RoleName=role_name)
        names = [name for page in pages for name in page["PolicyNames"]]
    for name in names:
        yield from _inline_one(aws, role_name, name)


def _inline_one(aws: Clients, role_name: str, name: str) -> Iterator[Statement]:
    with translated(SERVICE, "GetRolePolicy"):
        document: Any = aws.iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
    yield from _statements(document, name)


def _attached(aws: Clients, role_name: str) -> Iterator[Statement]:
    with translated(SERVICE, "ListAttachedRolePolicies"):
        pages = aws.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role_name)
        found = [policy for page in pages for policy in page["AttachedPolicies"]]
    for policy in found:
        arn = policy.get("PolicyArn", "")
        yield from _managed(aws, arn, policy.get("PolicyName", arn))


def _managed(aws: Clients, arn: str, name: str) -> Iterator[Statement]:
    document = _kept_document(aws.origin, arn) if ":iam::aws:policy/" in arn else _document(aws, arn)
    yield from _statements(document, name)


def _document(aws: Clients, arn: str) -> Any:
    """The version in force. Most policies have only ever had one, which says itself whether it is."""
    try:
        first = _version(aws, arn, FIRST)
        if first.get("IsDefaultVersion"):
            return first.get("Document", {})
    except Missing:
        pass  # only so many versions are kept, or there is no such policy: the next call says so
    with translated(SERVICE, "GetPolicy"):
        version = aws.iam.get_policy(PolicyArn=arn)["Policy"].get("DefaultVersionId", FIRST)
    return _version(aws, arn, version).get("Document", {})


def _version(aws: Clients, arn: str, version: str) -> Mapping[str, Any]:
    with translated(SERVICE, "GetPolicyVersion"):
        found: Mapping[str, Any] = aws.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    return found


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
