"""Exports and who imports them: what ties stacks together (X1-X4)."""

from dataclasses import dataclass

from provisioning.aws.clients import Clients
from provisioning.aws.errors import Missing, Refused, translated


@dataclass(frozen=True)
class Export:
    """A value that one stack offers to others of its account and region (X1)."""

    name: str
    value: str
    stack_id: str


def list_exports(aws: Clients) -> dict[str, Export]:
    """Every export of the account and region, by name (X4: account-wide, so keep the answer)."""
    with translated("cloudformation", "ListExports"):
        pages = aws.cloudformation.get_paginator("list_exports").paginate()
        return {
            found["Name"]: Export(found["Name"], found["Value"], found["ExportingStackId"])
            for page in pages
            for found in page["Exports"]
        }


def list_imports(aws: Clients, export: str) -> tuple[str, ...]:
    """Names of the stacks that import an export; empty when none does or there is no such export (X3)."""
    try:
        with translated("cloudformation", "ListImports"):
            pages = aws.cloudformation.get_paginator("list_imports").paginate(ExportName=export)
            return tuple(name for page in pages for name in page["Imports"])
    except Missing:
        return ()
    except Refused as refusal:
        if "is not imported by any stack" in refusal.message:
            return ()
        raise
