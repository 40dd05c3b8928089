"""What a stack policy lets an update do (D3)."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]


def denied(policy: str, action: str, logical_id: str, kind: str) -> str:
    """Why the policy does not let this happen to a resource, empty when it does. Without a policy all may happen."""
    if not policy:
        return ""
    said = json.loads(policy)["Statement"]
    about = [(number, one) for number, one in enumerate(said, 1) if _is_about(one, action, logical_id, kind)]
    for number, one in about:
        if one["Effect"] == "Deny":
            text = f"Statement [#{number}] does not allow [{action}] for resource [LogicalResourceId/{logical_id}]"
            return f"Action denied by stack policy: {text}"
    return "" if about else "Action not allowed by stack policy"


def _is_about(statement: Statement, action: str, logical_id: str, kind: str) -> bool:
    types = [one for test in (statement.get("Condition") or {}).values() for one in _all(test["ResourceType"])]
    return (
        _named(statement, "Action", action)
        and _named(statement, "Resource", f"LogicalResourceId/{logical_id}")
        and (not types or _matches(types, kind))
    )


def _named(statement: Statement, key: str, value: str) -> bool:
    if key in statement:
        return _matches(_all(statement[key]), value)
    return not _matches(_all(statement[f"Not{key}"]), value)


def _matches(patterns: Iterable[str], value: str) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def _all(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
