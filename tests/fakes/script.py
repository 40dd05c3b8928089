"""What goes wrong in the scripted AWS, and how often.

Operations are named as AWS names them (`ExecuteChangeSet`); `*` stands for any. Faults are used up in the order
in which they were written down, one per call.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

Act = Callable[[], object]
See = Callable[[Mapping[str, Any]], object]
ANY = "*"


def client_error(code: str, message: str, operation: str, http_status: int = 400) -> ClientError:
    """The error that botocore raises for an answer with this code."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": http_status,
                "RequestId": "scripted",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        operation,
    )


@dataclass
class Failure:
    """A resource that will fail: what CloudFormation would be doing to it, and how often it still fails."""

    logical_id: str
    reason: str
    verb: str
    stack: str
    left: int


class Script:
    """The faults still to come."""

    def __init__(self) -> None:
        self._before: dict[str, deque[Act | None]] = {}
        self._after: dict[str, deque[Act | None]] = {}
        self._failures: list[Failure] = []
        self._watching: dict[str, list[See]] = {}

    def watch(self, operation: str, see: See) -> None:
        """Show every call that takes effect, right before it does, with its arguments; `clear` leaves that on."""
        self._watching.setdefault(operation, []).append(see)

    def throttle(self, operation: str, times: int = 1, *, skip: int = 0) -> None:
        """The next calls are asked to slow down, as CloudFormation says it (Q3)."""
        self.before(operation, _raising("Throttling", "Rate exceeded", operation), times, skip=skip)

    def deny(self, operation: str, times: int = 1, *, skip: int = 0) -> None:
        """The next calls lack a right."""
        text = f"User: arn:aws:iam::123456789012:role/stackyard is not authorized to perform: {operation}"
        self.before(operation, _raising("AccessDenied", text, operation, 403), times, skip=skip)

    def refuse(self, operation: str, code: str, message: str = "no", times: int = 1, *, skip: int = 0) -> None:
        """The next calls are answered with this error."""
        self.before(operation, _raising(code, message, operation), times, skip=skip)

    def expire(self, operation: str = ANY, times: int = 1) -> None:
        """The next calls are made with credentials that have expired."""
        text = "The security token included in the request is expired"
        self.before(operation, _raising("ExpiredToken", text, operation, 403), times)

    def break_down(self, operation: str, times: int = 1) -> None:
        """The next calls find AWS with a fault of its own."""
        self.before(operation, _raising("InternalFailure", "An internal error occurred", operation, 500), times)

    def lose_call(self, operation: str, times: int = 1, *, skip: int = 0) -> None:
        """The next calls never arrive: they have no effect, and no answer."""
        self.before(operation, _closed, times, skip=skip)

    def lose_answer(self, operation: str, times: int = 1, *, skip: int = 0) -> None:
        """The next calls take effect, and their answer gets lost."""
        self.after(operation, _timed_out, times, skip=skip)

    def before(self, operation: str, act: Act, times: int = 1, *, skip: int = 0) -> None:
        """Run `act` before the next calls take effect, after leaving `skip` of them alone."""
        self._before.setdefault(operation, deque()).extend([None] * skip + [act] * times)

    def after(self, operation: str, act: Act, times: int = 1, *, skip: int = 0) -> None:
        """Run `act` after the next calls have taken effect, before their answer is given."""
        self._after.setdefault(operation, deque()).extend([None] * skip + [act] * times)

    def fail(self, logical_id: str, reason: str, *, verb: str = "CREATE", stack: str = "", times: int = 1) -> None:
        """The resource fails when CloudFormation next creates, updates, deletes or imports it.

        `verb` is CREATE, UPDATE, DELETE, IMPORT, or ROLLBACK for its part in undoing an operation. An empty
        `stack` means whichever stack has it.
        """
        self._failures.append(Failure(logical_id, reason, verb, stack, times))

    def clear(self) -> None:
        """From now on, everything works."""
        self._before.clear()
        self._after.clear()
        self._failures.clear()

    def entering(self, operation: str, asked: Mapping[str, Any]) -> None:
        """What is due before a call takes effect; raises the fault."""
        _run(self._before, operation)
        for see in self._watching.get(operation, ()):
            see(asked)

    def leaving(self, operation: str) -> None:
        """What is due after a call took effect; raises the fault."""
        _run(self._after, operation)

    def failure(self, stack: str, logical_id: str, verb: str) -> str | None:
        """Why this resource fails now, or None; used up by asking."""
        for failure in self._failures:
            here = failure.stack in {"", stack} and failure.logical_id == logical_id and failure.verb == verb
            if here and failure.left > 0:
                failure.left -= 1
                return failure.reason
        return None


def _run(acts: dict[str, deque[Act | None]], operation: str) -> None:
    for name in (operation, ANY):
        waiting = acts.get(name)
        if waiting:
            act = waiting.popleft()
            if act is not None:
                act()


def _raising(code: str, message: str, operation: str, http_status: int = 400) -> Act:
    def act() -> None:
        raise client_error(code, message, operation, http_status)

    return act


def _closed() -> None:
    raise ConnectionClosedError(endpoint_url="https://aws.test")


def _timed_out() -> None:
    raise ReadTimeoutError(endpoint_url="https://aws.test")
