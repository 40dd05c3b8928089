"""Rows of a plan that switches settings and touches no resource otherwise: no change set stands behind them."""

from typing import Any

TERMINATION, POLICY, DELETION, LOCK = (
    "EnableTerminationProtection",
    "StackPolicy",
    "DeletionProtectionEnabled",
    "DataProtected",
)
LOCK_TYPE = "Stackyard::Environment"


def setting_row(*, about: str, name: str, kind: str, setting: str, on: bool) -> dict[str, Any]:
    """The row that says that `setting` of one thing is switched `on` or off. `about` is its logical id, `kind` its
    type, `name` what AWS calls it."""
    return {
        "logical_id": about,
        "physical_id": name,
        "name": name,
        "type": kind,
        "action": "Modify",
        "replacement": "False",
        "policy_action": "",
        "details": [
            {
                "path": setting,
                "before": "off" if on else "on",
                "after": "on" if on else "off",
                "requires_recreation": "Never",
                "cause": "",
            }
        ],
    }


def setting_of(row: dict[str, Any]) -> str:
    """Which setting a row switches; empty when it is no such row."""
    details = row.get("details") or [{}]
    return str(details[0].get("path", ""))
