"""What CloudWatch has measured of tables, and the alarms on it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

SERVICE = "cloudwatch"
NAMESPACE = "AWS/DynamoDB"
AT_ONCE = 500  # queries a call
HOUR = 3600  # seconds; what is kept of any moment of the last 15 months
FIRING = "ALARM"


@dataclass(frozen=True)
class Alarm:
    """An alarm on a table or one of its indexes. `state` is OK, ALARM or INSUFFICIENT_DATA; `metric` is the first that
    it looks at."""

    name: str
    state: str
    metric: str

    @property
    def is_firing(self) -> bool:
        """Whether it tells of trouble now."""
        return self.state == FIRING


def table_alarms(aws: Clients) -> Mapping[str, tuple[Alarm, ...]]:
    """The alarms of the account and region that look at a table, by its name, every page; one that looks at several
    tables is there for each."""
    found: dict[str, list[Alarm]] = {}
    with translated(SERVICE, "DescribeAlarms"):
        pages = aws.cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm"])
        for alarm in (alarm for page in pages for alarm in page.get("MetricAlarms", ())):
            for table, metric in dict(_looked_at(alarm)).items():
                found.setdefault(table, []).append(Alarm(alarm["AlarmName"], alarm["StateValue"], metric))
    return {table: tuple(alarms) for table, alarms in found.items()}


def _looked_at(alarm: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Tables and metrics of an alarm: its own metric, or those that it calculates with."""
    metrics = [alarm, *(query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics") or ())]
    for metric in metrics:
        if metric.get("Namespace") == NAMESPACE:
            for dimension in metric.get("Dimensions") or ():
                if dimension["Name"] == "TableName":
                    yield dimension["Value"], metric.get("MetricName", "")


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
                "Namespace": NAMESPACE,
                "MetricName": "ConsumedWriteCapacityUnits",
                "Dimensions": [{"Name": "TableName", "Value": table}],
            },
            "Period": HOUR,
            "Stat": "Sum",
        },
    }
