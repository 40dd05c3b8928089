"""What every client of the scripted AWS shares: pages, and the door through which each call goes."""

from collections.abc import Callable, Iterator, Sequence
from threading import RLock
from typing import Any

from botocore.exceptions import ClientError
from botocore.hooks import HierarchicalEmitter

from .world import World

Answer = dict[str, Any]
PAGE = 100
# Where a page says it ended and where the next one is told to start, for the calls that do not call it NextToken.
TOKENS = {
    "list_tasks": ("nextToken", "nextToken"),
    "list_tables": ("LastEvaluatedTableName", "ExclusiveStartTableName"),
    "list_backups": ("LastEvaluatedBackupArn", "ExclusiveStartBackupArn"),
}


class Service:
    """One service: its methods are botocore's, in its spelling and with its answers."""

    def __init__(self, world: World) -> None:
        self.world = world


def page(key: str, rows: Sequence[Any], token: str, size: int = PAGE) -> Answer:
    """The page of rows that starts at `token`, and where the next one starts."""
    start = int(token or 0)
    answer: Answer = {key: list(rows[start : start + size])}
    return answer | ({"NextToken": str(start + size)} if start + size < len(rows) else {})


class Paginator:
    """Pages of one call, each a call of its own."""

    def __init__(self, call: Callable[..., Answer], last: str, start: str) -> None:
        self._call, self._last, self._start = call, last, start

    def paginate(self, **asked: Any) -> Iterator[Answer]:
        """Every page."""
        answer = self._call(**asked)
        yield answer
        while answer.get(self._last):
            answer = self._call(**asked, **{self._start: answer[self._last]})
            yield answer


class Meta:
    """Where a client tells what it is about to call, and how that went."""

    def __init__(self) -> None:
        self.events = HierarchicalEmitter()


class Door:
    """A client as the gateway sees it: counts the calls, lets the script's faults in, one call at a time."""

    def __init__(self, name: str, service: Service, count: Callable[[str], None], lock: RLock) -> None:
        self._name, self._service, self._count, self._lock = name, service, count, lock
        self.meta = Meta()

    def __copy__(self) -> "Door":
        """The same door, with listeners of its own."""
        return Door(self._name, self._service, self._count, self._lock)

    def get_paginator(self, method: str) -> Paginator:
        """Pages of a call."""
        return Paginator(getattr(self, method), *TOKENS.get(method, ("NextToken", "NextToken")))

    def __getattr__(self, method: str) -> Callable[..., Answer]:
        call = getattr(self._service, method)
        operation = "".join(part.title() for part in method.split("_"))
        script = self._service.world.script

        def through(**asked: Any) -> Answer:
            with self._lock:
                self._count(f"{self._name}.{operation}")
                script.entering(operation, asked)
                answer: Answer = call(**asked)
                script.leaving(operation)
                return answer

        def told(**asked: Any) -> Answer:
            events, name = self.meta.events, f"{self._name}.{operation}"
            events.emit(f"before-call.{name}", params={"body": asked})
            try:
                answer = through(**asked)
            except ClientError as error:
                events.emit(f"after-call.{name}", parsed=error.response)
                raise
            except BaseException as error:
                events.emit(f"after-call-error.{name}", exception=error)
                raise
            events.emit(f"after-call.{name}", parsed=answer)
            return answer

        return told
