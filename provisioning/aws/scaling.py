"""What scales the capacity of tables and their indexes by itself."""

from collections.abc import Iterable

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Refused, translated

SERVICE = "application_autoscaling"
AT_ONCE = 50  # resource ids a call
NOT_THERE = frozenset({"400", "InvalidAction", "UnknownOperationException"})


def scalable_targets(aws: Clients, table: str, indexes: Iterable[str] = ()) -> tuple[str, ...]:
    """Which of a table and its indexes are registered, as `table/<name>` and `table/<name>/index/<index>`.

    A stack that registers one of them again fails, even when it was registered by hand or is left over (T9, T11).
    Where the endpoint does not have the service, nothing is.
    """
    wanted = [f"table/{table}", *(f"table/{table}/index/{index}" for index in sorted(indexes))]
    registered: set[str] = set()
    try:
        for start in range(0, len(wanted), AT_ONCE):
            registered |= _registered(aws, wanted[start : start + AT_ONCE])
    except Refused as refusal:
        if refusal.code not in NOT_THERE:
            raise
    return tuple(one for one in wanted if one in registered)


def _registered(aws: Clients, resource_ids: list[str]) -> set[str]:
    with translated(SERVICE, "DescribeScalableTargets"):
        pages = aws.application_autoscaling.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="dynamodb", ResourceIds=resource_ids
        )
        return {found["ResourceId"] for page in pages for found in page["ScalableTargets"]}
