"""Resources by tag, across services."""

from collections.abc import Sequence
from typing import Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated


def resources_by_tag(aws: Clients, key: str, value: str, types: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    """The tags of every resource of the region that carries this tag, by ARN; only of these types (`dynamodb:table`)
    where some are given.

    AWS also lists what lost its last tags lately, and never what was not tagged: a hint, not an inventory
    (E13).
    """
    only: dict[str, Any] = {"ResourceTypeFilters": list(types)} if types else {}
    with translated("tagging", "GetResources"):
        paginator = aws.tagging.get_paginator("get_resources")
        pages = paginator.paginate(TagFilters=[{"Key": key, "Values": [value]}], **only)
        return {
            found["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
            for page in pages
            for found in page["ResourceTagMappingList"]
        }
