"""Run Command: a shell command, or a document, on machines that Systems Manager looks after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioning.aws.clients import Clients
from provisioning.aws.errors import translated

SHELL = "AWS-RunShellScript"
MOVING = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
GOOD = "Success"
MOST_INSTANCES = 50  # of one SendCommand by id
COMMENT_LENGTH = 100


@dataclass(frozen=True)
class Command:
    """One command; `status` is AWS's word for all its targets together."""

    command_id: str
    comment: str
    status: str
    targets: int
    completed: int
    errors: int
    asked_at: datetime | None

    @property
    def is_moving(self) -> bool:
        """Whether some target has not answered yet."""
        return self.status in MOVING


def send_command(
    aws: Clients,
    instance_ids: Sequence[str],
    *,
    comment: str,
    command: str = "",
    document: str = "",
    parameters: Mapping[str, str] | None = None,
    seconds: int,
) -> str:
    """Run a shell command, or a document of that name with its `parameters`, on these instances, one after the other,
    until one fails. Returns the command's id. It has no request token: `comment` is by what it is found again."""
    shell = {"commands": [command], "executionTimeout": [str(seconds)]}
    given = {name: [value] for name, value in (parameters or {}).items()} if document else shell
    with translated("ssm", "SendCommand"):
        answer = aws.ssm.send_command(
            InstanceIds=list(instance_ids),
            DocumentName=document or SHELL,
            Parameters=given,
            Comment=comment[:COMMENT_LENGTH],
            TimeoutSeconds=min(seconds, 2592000),
            MaxConcurrency="1",
            MaxErrors="0",
        )
    return answer["Command"].get("CommandId", "")


def command(aws: Clients, command_id: str) -> Command | None:
    """A command, None when AWS has forgotten it, or does not know it yet."""
    return next(iter(_listed(aws, command_id=command_id)), None)


def command_by_comment(aws: Clients, instance_id: str, comment: str) -> Command | None:
    """The command that was sent to an instance with this comment; None when none was."""
    found = _listed(aws, instance_id=instance_id)
    return next((one for one in found if one.comment == comment[:COMMENT_LENGTH]), None)


def _listed(aws: Clients, *, command_id: str = "", instance_id: str = "") -> list[Command]:
    """The newest commands: those of the last hours fit on a page."""
    with translated("ssm", "ListCommands"):
        answer = (
            aws.ssm.list_commands(CommandId=command_id)
            if command_id
            else aws.ssm.list_commands(InstanceId=instance_id, MaxResults=50)
        )
    return [
        Command(
            command_id=found.get("CommandId", ""),
            comment=found.get("Comment", ""),
            status=found.get("Status", ""),
            targets=found.get("TargetCount", 0),
            completed=found.get("CompletedCount", 0),
            errors=found.get("ErrorCount", 0),
            asked_at=found.get("RequestedDateTime"),
        )
        for found in answer.get("Commands", [])
    ]
