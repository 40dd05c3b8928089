"""A stack in the shapes of CloudFormation's answers."""

from typing import Any

from .naming import parsed
from .world import Stack


def summary(stack: Stack) -> dict[str, Any]:
    """A line of ListStacks."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "CreationTime": stack.created_at,
        **({"LastUpdatedTime": stack.updated_at} if stack.updated_at else {}),
    }


def described(stack: Stack) -> dict[str, Any]:
    """What DescribeStacks says; hidden values come back as asterisks (P3)."""
    hidden = {name for name, one in parsed(stack.body).parameters.items() if one.no_echo} if stack.body else set()
    return summary(stack) | {
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": "****" if key in hidden else value}
            for key, value in stack.parameters.items()
        ],
        "Outputs": [dict(output) for output in stack.outputs],
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "Capabilities": stack.capabilities,
        "EnableTerminationProtection": stack.protected,
        **({"LastUpdatedTime": stack.updated_at} if stack.updated_at else {}),
    }
