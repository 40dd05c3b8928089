"""What AWS gives every account for nothing, always: deducted only where somebody says that it is theirs to use.

Free offers of the first months and credits are not in here: they end, and which ones an account has cannot be known
from a template (pitfall 19). Capacity is free as provisioned capacity only; requests on demand never are.
"""

from dataclasses import dataclass, field
from decimal import Decimal

ALWAYS_FREE: dict[str, Decimal] = {
    "dynamodb.storage": Decimal(25),
    "dynamodb.write_capacity": Decimal(25),
    "dynamodb.read_capacity": Decimal(25),
    "cloudwatch.alarm": Decimal(10),
}
LABEL = "Deduct AWS's free allowances"
WARNING = (
    "Only if this account uses them for nothing else: 25 GB of tables, 25 provisioned read and write units, 10 alarms."
)


@dataclass
class Allowance:
    """What is left of the allowances while one environment is priced; each unit is given away once."""

    left: dict[str, Decimal] = field(default_factory=lambda: dict(ALWAYS_FREE))

    def take(self, key: str, quantity: Decimal) -> Decimal:
        """Take as much of a quantity as is free; returns how much that was."""
        taken = min(self.left.get(key, Decimal(0)), quantity)
        if taken:
            self.left[key] -= taken
        return taken
