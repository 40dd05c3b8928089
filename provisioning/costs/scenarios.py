"""How much an environment is used, as data: three scenarios, each figure with the sentence printed for it.

Use is never known before an environment runs, so a price that depends on it is shown with what was assumed.
"""

from collections.abc import Mapping
from decimal import Decimal

from provisioning.costs.model import Scenario

SCENARIOS: Mapping[Scenario, Mapping[str, Decimal]] = {
    "idle": {
        "reads": Decimal(0),
        "writes": Decimal(0),
        "item_bytes": Decimal(1_024),
        "stored_gb": Decimal("0.1"),
        "backup_gb": Decimal(0),
        "stream_reads": Decimal(0),
        "lcu": Decimal(0),
        "log_gb": Decimal("0.1"),
        "nat_gb": Decimal(1),
        "parameter_calls": Decimal(0),
    },
    "expected": {
        "reads": Decimal(1_000_000),
        "writes": Decimal(250_000),
        "item_bytes": Decimal(1_024),
        "stored_gb": Decimal(1),
        "backup_gb": Decimal(0),
        "stream_reads": Decimal(650_000),
        "lcu": Decimal("0.25"),
        "log_gb": Decimal(1),
        "nat_gb": Decimal(20),
        "parameter_calls": Decimal(10_000),
    },
    "peak": {
        "reads": Decimal(20_000_000),
        "writes": Decimal(5_000_000),
        "item_bytes": Decimal(1_024),
        "stored_gb": Decimal(20),
        "backup_gb": Decimal(0),
        "stream_reads": Decimal(2_600_000),
        "lcu": Decimal(2),
        "log_gb": Decimal(20),
        "nat_gb": Decimal(200),
        "parameter_calls": Decimal(100_000),
    },
}

SUMMARIES: Mapping[Scenario, str] = {
    "idle": "Idle: it runs and nobody uses it.",
    "expected": "Expected: a small team uses it every working day.",
    "peak": "Peak: it is busy around the clock all month.",
}

FIGURE_WORDS: Mapping[str, str] = {
    "reads": "{} reads a month, eventually consistent.",
    "writes": "{} writes a month, none in transactions.",
    "item_bytes": "{} bytes per item.",
    "stored_gb": "{} GB stored, indexes not counted in.",
    "backup_gb": "{} GB of backups kept, made on demand.",
    "stream_reads": "{} reads of the stream a month.",
    "lcu": "{} load balancer capacity units (LCU) used on average.",
    "log_gb": "{} GB of logs written a month; keeping them is not counted.",
    "nat_gb": "{} GB a month through the gateway.",
    "parameter_calls": "{} calls a month on the parameter.",
}


# How a figure is asked for: what it is, and its unit.
FIGURE_LABELS: Mapping[str, tuple[str, str]] = {
    "reads": ("Reads", "a month, each table"),
    "writes": ("Writes", "a month, each table"),
    "item_bytes": ("Size of an item", "bytes"),
    "stored_gb": ("Stored", "GB, each table"),
    "backup_gb": ("Backups kept", "GB, each table"),
    "stream_reads": ("Reads of a stream", "a month"),
    "lcu": ("Load balancer use", "LCU on average"),
    "log_gb": ("Logs written", "GB a month"),
    "nat_gb": ("Through a NAT gateway", "GB a month"),
    "parameter_calls": ("Calls on an advanced parameter", "a month"),
}


def number_words(amount: Decimal) -> str:
    """Write a number for people: thousands separated, at most 4 decimals, no zeros at their end."""
    text = f"{amount:,.4f}"
    return text.rstrip("0").rstrip(".")
