# ruff: noqa: N803  (botocore spells its arguments so)
"""CloudFormation as a client: stacks and change sets, and here its exports and quotas."""

from .change_sets import ChangeSets
from .drifting import Drifting
from .exports import importers
from .recovering import Recovering
from .service import Answer, page
from .telling import Telling


class CloudFormation(Telling, Recovering, Drifting, ChangeSets):
    """The client."""

    def list_exports(self, NextToken: str = "") -> Answer:
        """Every export of the account (X4)."""
        rows = [
            {"Name": name, "Value": value, "ExportingStackId": owner}
            for name, (owner, value) in sorted(self.world.exports.items())
        ]
        return page("Exports", rows, NextToken)

    def list_imports(self, ExportName: str, NextToken: str = "") -> Answer:
        """Who imports an export (X3)."""
        users = importers(self.world, ExportName)
        if not users:
            raise self._invalid("ListImports", f"Export '{ExportName}' is not imported by any stack.")
        return page("Imports", users, NextToken)

    def describe_account_limits(self, NextToken: str = "") -> Answer:
        """Quotas (Q1)."""
        return page("AccountLimits", [{"Name": "StackLimit", "Value": self.world.stack_limit}], NextToken)
