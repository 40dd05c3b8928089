"""When tables were last written to, and the alarms on them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import ANY

from provisioning.aws import metrics
from provisioning.aws.clients import Clients, call_count
from provisioning.aws.errors import Denied

from .scripts import Script

HOUR = timedelta(hours=1)


def written(aws: Clients, table: str, at: datetime, units: float) -> None:
    aws.cloudwatch.put_metric_data(
        Namespace="AWS/DynamoDB",
        MetricData=[
            {
                "MetricName": "ConsumedWriteCapacityUnits",
                "Dimensions": [{"Name": "TableName", "Value": table}],
                "Timestamp": at,
                "Value": units,
            }
        ],
    )


def test_the_newest_hour_with_a_write_counts(aws: Clients) -> None:
    now = datetime.now(UTC)
    for hours, units in ((200, 3.0), (50, 1.0), (2, 0.0)):
        written(aws, "dev-messages", now - hours * HOUR, units)
    written(aws, "dev-sessions", now - 300 * HOUR, 0.0)
    written(aws, "dev-old", now - 1000 * HOUR, 5.0)
    tables = ["dev-messages", "dev-sessions", "dev-old", "dev-never"]
    found = metrics.last_writes(aws, tables, now - 400 * HOUR)
    assert set(found) == {"dev-messages"}
    assert abs(found["dev-messages"] - (now - 50 * HOUR)) <= HOUR


def test_no_table_no_call(aws: Clients) -> None:
    before = call_count("cloudwatch")
    assert metrics.last_writes(aws, [], datetime(2026, 3, 1, tzinfo=UTC)) == {}
    assert call_count("cloudwatch") == before


def test_five_hundred_tables_are_asked_about_at_once_and_every_page_is_read(script: Script) -> None:
    aws, answers = script("cloudwatch")
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    asked = {"MetricDataQueries": ANY, "StartTime": ANY, "EndTime": ANY, "ScanBy": "TimestampDescending"}
    first = {"Id": "t7", "Timestamps": [at - HOUR], "Values": [2.0]}
    newer = {"Id": "t7", "Timestamps": [at, at - 2 * HOUR], "Values": [1.0, 4.0]}
    answers.add_response("get_metric_data", {"MetricDataResults": [first], "NextToken": "2"}, asked)
    answers.add_response("get_metric_data", {"MetricDataResults": [newer]}, asked | {"NextToken": "2"})
    second = {"Id": "t0", "Timestamps": [at - 5 * HOUR], "Values": [1.0]}
    answers.add_response("get_metric_data", {"MetricDataResults": [second]}, asked)
    tables = [f"table-{number}" for number in range(501)]
    found = metrics.last_writes(aws, tables, at - 90 * 24 * HOUR)
    assert found == {"table-7": at, "table-500": at - 5 * HOUR}


def test_without_the_right_it_says_so(script: Script) -> None:
    aws, answers = script("cloudwatch")
    answers.add_client_error("get_metric_data", "AccessDenied", "not authorized", 403)
    with pytest.raises(Denied):
        metrics.last_writes(aws, ["dev-messages"], datetime(2026, 3, 1, tzinfo=UTC))


def alarm(name: str, *metrics: dict[str, Any], state: str = "OK", **own: Any) -> dict[str, Any]:
    """An alarm as DescribeAlarms shows it; with `metrics` it calculates with those."""
    queries = [
        {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        for number, metric in enumerate(metrics)
    ]
    return {"AlarmName": name, "StateValue": state, **own, **({"Metrics": queries} if queries else {})}


def metric(table: str, namespace: str = "AWS/DynamoDB") -> dict[str, Any]:
    """A metric of a table."""
    return {
        "Namespace": namespace,
        "MetricName": "ReadThrottleEvents",
        "Dimensions": [{"Name": "TableName", "Value": table}, {"Name": "Operation", "Value": "Query"}],
    }


def test_alarms_are_found_by_the_tables_that_they_look_at_every_page(script: Script) -> None:
    aws, answers = script("cloudwatch")
    asked = {"AlarmTypes": ["MetricAlarm"]}
    first = [alarm("slow", state="ALARM", **metric("a")), alarm("other", **metric("a", "Custom"))]
    second = [alarm("both", metric("a"), metric("b")), alarm("none", Namespace="AWS/DynamoDB", MetricName="X")]
    answers.add_response("describe_alarms", {"MetricAlarms": first, "NextToken": "2"}, asked)
    answers.add_response("describe_alarms", {"MetricAlarms": second}, asked | {"NextToken": "2"})
    found = metrics.table_alarms(aws)
    assert {table: [one.name for one in alarms] for table, alarms in found.items()} == {
        "a": ["slow", "both"],
        "b": ["both"],
    }
    assert [one.is_firing for one in found["a"]] == [True, False]
    assert found["a"][0].metric == "ReadThrottleEvents"


def test_an_alarm_in_moto_is_found(aws: Clients) -> None:
    aws.cloudwatch.put_metric_alarm(
        AlarmName="writes",
        Namespace="AWS/DynamoDB",
        MetricName="WriteThrottleEvents",
        Dimensions=[{"Name": "TableName", "Value": "dev-messages"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    found = metrics.table_alarms(aws)
    assert [(one.name, one.metric) for one in found["dev-messages"]] == [("writes", "WriteThrottleEvents")]
