"""Resources by tag, across services."""

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated


def resources_by_tag(aws: Clients, key: str, value: str) -> dict[str, dict[str, str]]:
    """The tags of every resource of the region that carries this tag, by ARN.

    AWS also lists what lost its last tags lately, and never what was not tagged: a hint, not an inventory
    (E13).
    """
    with translated("tagging", "GetResources"):
        paginator = aws.tagging.get_paginator("get_resources")
        pages = paginator.paginate(TagFilters=[{"Key": key, "Values": [value]}])
        return {
            found["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
            for page in pages
            for found in page["ResourceTagMappingList"]
        }
