"""Stack policies of data stacks: everything may be updated, but no table may be replaced or removed (D2, D3)."""

import json
from typing import Any

LONGEST = 16_384
TABLE_TYPE = "AWS::DynamoDB::Table"
KEPT_FROM = ("Update:Replace", "Update:Delete")

_ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
_DENY: dict[str, Any] = {
    "Effect": "Deny",
    "Action": list(KEPT_FROM),
    "Principal": "*",
    "Resource": "*",
    "Condition": {"StringEquals": {"ResourceType": [TABLE_TYPE]}},
}


def keeping_tables(existing: str = "") -> str:
    """The policy, a JSON document, that keeps tables; what `existing` says beside that stays in force.

    A document that nobody can read, or that would grow past AWS's limit of 16,384 characters, is replaced (P1, D3).
    """
    statements = _statements(existing) or [_ALLOW]
    joined = _document([*statements, _DENY])
    return joined if len(joined) <= LONGEST else _document([_ALLOW, _DENY])


def keeps_tables(policy: str) -> bool:
    """Whether a policy denies replacing and removing every table. A Deny outweighs every Allow (D3)."""
    denying = [statement for statement in _statements(policy) if _denies_tables(statement)]
    denied = {action for statement in denying for action in _listed(statement.get("Action"))}
    return "Update:*" in denied or denied >= set(KEPT_FROM)


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Statement": statements}, separators=(",", ":"))


def _statements(policy: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(policy or "{}")
    except ValueError:
        return []
    statements = found.get("Statement", []) if isinstance(found, dict) else []
    listed = statements if isinstance(statements, list) else [statements]
    return [one for one in listed if isinstance(one, dict)]


def _denies_tables(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Deny" or "*" not in _listed(statement.get("Resource")):
        return False
    condition = statement.get("Condition")
    if condition is None:
        return True
    if not isinstance(condition, dict) or len(condition) != 1:
        return False
    types = condition.get("StringEquals", condition.get("StringLike"))
    return isinstance(types, dict) and set(types) == {"ResourceType"} and TABLE_TYPE in _listed(types["ResourceType"])


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
