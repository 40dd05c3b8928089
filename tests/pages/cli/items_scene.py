"""What the tests about items at a terminal say often."""

from typing import Any

from fakes.as_aws import AsAws

from provisioning.models import Table

DEV, STAGING, PROD = "hello-erlang/dev-alice", "hello-erlang/staging", "hello-erlang/prod"
SOON = ("--every", "0.05")


def all_of(aws: AsAws, table: Table) -> list[Any]:
    """Everything in a table, by its id."""
    found = aws.client.scan(TableName=table.name)["Items"]
    return sorted(found, key=lambda item: str(item["id"]["S"]))
