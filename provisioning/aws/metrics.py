"""What CloudWatch has measured of tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

SERVICE = "cloudwatch"
AT_ONCE = 500  # queries a call
HOUR = 3600  # seconds; what is kept of any moment of the last 15 months


def last_writes(aws: Clients, tables: Sequence[str], since: datetime) -> Mapping[str, datetime]:
    """When each table was last written to, to the hour, as far back as `since`.

    A table that is not in the answer has no known write: none in that time, or nothing was measured.
    """
    found: dict[str, datetime] = {}
    for start in range(0, len(tables), AT_ONCE):
        found |= _last_writes(aws, tables[start : start + AT_ONCE], since)
    return found


def _last_writes(aws: Clients, tables: Sequence[str], since: datetime) -> dict[str, datetime]:
    queries = [_written(number, table) for number, table in enumerate(tables)]
    found: dict[str, datetime] = {}
    with translated(SERVICE, "GetMetricData"):
        pages = aws.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=since, EndTime=datetime.now(UTC), ScanBy="TimestampDescending"
        )
        for series in (series for page in pages for series in page["MetricDataResults"]):
            table = tables[int(series["Id"].removeprefix("t"))]
            for at, units in zip(series["Timestamps"], series["Values"], strict=False):
                if units > 0 and (table not in found or at > found[table]):
                    found[table] = at
    return found


def _written(number: int, table: str) -> "MetricDataQueryTypeDef":
    return {
        "Id": f"t{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/DynamoDB",
                "MetricName": "ConsumedWriteCapacityUnits",
                "Dimensions": [{"Name": "TableName", "Value": table}],
            },
            "Period": HOUR,
            "Stat": "Sum",
        },
    }
