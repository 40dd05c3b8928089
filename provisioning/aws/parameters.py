"""Parameter Store: read a path, make a parameter, write a new version.

Values are decrypted, so they may be secrets: show and log them with that in mind (M8).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing, Refused, translated

if TYPE_CHECKING:
    from mypy_boto3_ssm.type_defs import ParameterHistoryTypeDef, ParameterTypeDef

SERVICE = "ssm"

ParameterType = Literal["String", "StringList", "SecureString"]
TYPES: Mapping[str, ParameterType] = {
    "String": "String",
    "StringList": "StringList",
    "SecureString": "SecureString",
}


@dataclass(frozen=True)
class Parameter:
    """One parameter at its newest version; `type` is String, StringList or SecureString."""

    name: str
    value: str
    type: str
    version: int
    modified_at: datetime | None
    arn: str


def type_of(text: str) -> ParameterType:
    """The type of that name. Raises KeyError for any other."""
    return TYPES[text]


@dataclass(frozen=True)
class PathRead:
    """What reading a path brought: parameters by name, and how many pages, each a call, that took."""

    parameters: tuple[Parameter, ...]
    pages: int


@dataclass(frozen=True)
class PastVersion:
    """One version of a parameter's history. `value` is as AWS keeps it: encrypted for a SecureString. `by` is the ARN
    of who wrote it; `labels` stand on this version only (M4)."""

    name: str
    value: str
    type: str
    version: int
    modified_at: datetime | None
    by: str
    description: str
    labels: tuple[str, ...]


def parameters_by_path(aws: Clients, path: str, *, decrypted: bool = True) -> tuple[Parameter, ...]:
    """Every parameter under a path and below, by name; empty when there is none. Without `decrypted` the values of
    secrets are of no use, and no right to their key is needed."""
    return read_path(aws, path, decrypted=decrypted).parameters


def read_path(aws: Clients, path: str, *, decrypted: bool = True) -> PathRead:
    """Every parameter under a path and below, with the pages that were read.

    AWS gives ten a page at most, and pages may be empty before the last (M6).
    """
    with translated(SERVICE, "GetParametersByPath"):
        reader = aws.ssm.get_paginator("get_parameters_by_path")
        pages = list(reader.paginate(Path=path, Recursive=True, WithDecryption=decrypted))
    found = [_parameter(parameter) for page in pages for parameter in page["Parameters"]]
    return PathRead(tuple(sorted(found, key=lambda parameter: parameter.name)), len(pages))


def get_parameter(aws: Clients, name: str) -> Parameter | None:
    """The newest version of a parameter, or None when there is none. `name:3` reads version 3 (M5)."""
    try:
        with translated(SERVICE, "GetParameter"):
            return _parameter(aws.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"])
    except Missing:
        return None


def create_parameter(
    aws: Clients,
    name: str,
    value: str,
    *,
    type: ParameterType = "String",  # noqa: A002 - AWS's own word for it
    tags: Mapping[str, str],
    description: str = "",
) -> int:
    """Make a parameter and return its version; raises Conflict when the name is taken (M3).

    Standard tier, said aloud since the account may default to a paid one (M1). A name deleted within the last
    30 seconds may be refused (M9).
    """
    with translated(SERVICE, "PutParameter"):
        answer = aws.ssm.put_parameter(
            Name=name,
            Value=value,
            Type=type,
            Overwrite=False,
            Tier="Standard",
            Tags=[{"Key": key, "Value": tag} for key, tag in sorted(tags.items())],
            **_described(description),
        )
    return answer["Version"]


def put_parameter(
    aws: Clients,
    name: str,
    value: str,
    *,
    type: ParameterType | None = None,  # noqa: A002 - AWS's own word for it
    description: str = "",
) -> int:
    """Write a new version of a parameter and return its number; no type keeps the one it has.

    There is no compare-and-set: the number must be the one read before, plus one, or somebody wrote in
    between (M3). A parameter that is not there is made only when a type is given, and without tags: AWS
    cannot tag while overwriting. Raises Refused with `quota` when a label pins the oldest of 100 versions
    (M4).
    """
    request: dict[str, Any] = {"Type": type} if type else {}
    with translated(SERVICE, "PutParameter"):
        answer = aws.ssm.put_parameter(
            Name=name, Value=value, Overwrite=True, Tier="Standard", **request, **_described(description)
        )
    return answer["Version"]


def delete_parameter(aws: Clients, name: str) -> None:
    """Delete a parameter with all its versions; one that is gone counts as deleted."""
    try:
        with translated(SERVICE, "DeleteParameter"):
            aws.ssm.delete_parameter(Name=name)
    except Missing:
        return


def parameter_history(aws: Clients, name: str) -> tuple[PastVersion, ...]:
    """Every version AWS keeps, at most 100, oldest first (M4); empty when there is no such parameter.

    Secrets stay encrypted: to decrypt a history would reveal all old ones at once.
    """
    try:
        with translated(SERVICE, "GetParameterHistory"):
            pages = aws.ssm.get_paginator("get_parameter_history").paginate(Name=name, WithDecryption=False)
            found = [_past(version) for page in pages for version in page["Parameters"]]
    except Missing:
        return ()
    return tuple(sorted(found, key=lambda version: version.version))


def label_version(aws: Clients, name: str, version: int, label: str) -> None:
    """Put a label on a version, taking it off any other one (M4). Raises Missing, or Refused for a label that AWS
    does not take."""
    with translated(SERVICE, "LabelParameterVersion"):
        answer = aws.ssm.label_parameter_version(Name=name, ParameterVersion=version, Labels=[label])
    if answer.get("InvalidLabels"):
        raise Refused(f"{label} cannot be a label.", service=SERVICE, operation="LabelParameterVersion")


def unlabel_version(aws: Clients, name: str, version: int, labels: tuple[str, ...]) -> None:
    """Take labels off a version, ten at most; those that are not there count as taken off."""
    with translated(SERVICE, "UnlabelParameterVersion"):
        aws.ssm.unlabel_parameter_version(Name=name, ParameterVersion=version, Labels=list(labels))


def _described(description: str) -> dict[str, Any]:
    # An empty description would wipe the one that is there.
    return {"Description": description} if description else {}


def _parameter(found: "ParameterTypeDef | Mapping[str, Any]") -> Parameter:
    return Parameter(
        name=found.get("Name", ""),
        value=found.get("Value", ""),
        type=found.get("Type", ""),
        version=found.get("Version", 0),
        modified_at=found.get("LastModifiedDate"),
        arn=found.get("ARN", ""),
    )


def _past(found: "ParameterHistoryTypeDef | Mapping[str, Any]") -> PastVersion:
    return PastVersion(
        name=found.get("Name", ""),
        value=found.get("Value", ""),
        type=found.get("Type", ""),
        version=found.get("Version", 0),
        modified_at=found.get("LastModifiedDate"),
        by=found.get("LastModifiedUser", ""),
        description=found.get("Description", ""),
        labels=tuple(found.get("Labels", ())),
    )
