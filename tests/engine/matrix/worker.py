"""One worker at a time, and what the outside sees of it: calls to AWS and writes to the database, point by point.

A worker that is killed raises `Killed` at a point and is dead from then on, as after SIGKILL: none of its statements
reaches the database any more, whatever its `finally:` blocks try, none of its calls reaches AWS, and the server rolls
its open transaction back.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import Any

from botocore.exceptions import ReadTimeoutError
from django.db import OperationalError, connection
from fakes.aws import FakeAws
from fakes.service import TOKENS, Door, Paginator

from provisioning.aws.clients import Clients, Target
from provisioning.engine.playbooks import PlaybookStep

READS = ("Describe", "List", "Get")
WRITES = ("INSERT", "UPDATE", "DELETE")
TOKEN_NAMES = ("ClientRequestToken", "ClientToken")
STEPS, CLEANING, READING = "steps", "clean-up", "read again"


class Killed(BaseException):
    """The worker is gone."""


class Fault(StrEnum):
    """What may happen at a point."""

    KILLED = "killed before"
    ANSWER_LOST = "answer lost"
    WRITE_FAILS = "write fails"


@dataclass(frozen=True)
class Point:
    """What a worker is about to do: the call, or the table that a transaction writes first; in which step, or in
    which function of the engine; `phase` says which part of the engine it belongs to, `kind` what the change does."""

    what: str
    where: str
    phase: str = ""
    kind: str = ""

    @property
    def is_call(self) -> bool:
        """Whether it goes to AWS."""
        return "." in self.what

    @property
    def alters(self) -> bool:
        """Whether anything is different afterwards."""
        return not self.is_call or not self.what.partition(".")[2].startswith(READS)


Meet = Callable[[Point], Fault | None]


class Worker:
    """Runs one thing after the other. `meet` is asked at each point what happens there."""

    def __init__(self, fake: FakeAws, meet: Meet) -> None:
        self._meet = meet
        self._dead = False
        self._outer: object | None = None
        self._broken = False
        self._requests: dict[str, Mapping[str, Any]] = {}
        wires: dict[str, Any] = {name: Wire(name, door, self) for name, door in fake.doors.items()}
        self._clients = Clients.of(Target(fake.world.region, fake.world.account_id), **wires)

    def aws_for(self, _: Target) -> Clients:
        """This worker's way to AWS."""
        return self._clients

    def run(self, act: Callable[[], object]) -> None:
        """Do something as one process, which may come to its end in it; the next one is another process."""
        self._base = len(connection.atomic_blocks)
        self._dead, self._outer, self._broken = False, None, False
        with connection.execute_wrapper(self._statement):
            try:
                act()
            except Killed:
                pass
            except OperationalError:
                assert self._broken
        self._mend()

    def call(self, what: str, act: Callable[[], Any]) -> Any:
        """One call to AWS. None is made within a transaction: the rows that it holds would wait for AWS (L14)."""
        self._live()
        assert len(connection.atomic_blocks) == self._base, f"{what} within a transaction"
        self._outer = None
        fault = self._at(what)
        answer = act()
        if fault is Fault.ANSWER_LOST:
            raise ReadTimeoutError(endpoint_url="https://aws.test")
        return answer

    def request(self, operation: str, asked: Mapping[str, Any]) -> None:
        """One token, one request: whatever is sent under a token again is the same again (S20)."""
        token = next((asked[name] for name in TOKEN_NAMES if name in asked), "")
        sent = {name: value for name, value in asked.items() if name != "StackName"} | {"": operation}
        if token:
            assert self._requests.setdefault(token, sent) == sent, f"{token} stands for two requests"

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  (Django's shape)
        word = sql.split(maxsplit=1)[0].upper()
        if word == "ROLLBACK" or (word == "RELEASE" and self._dead):
            return execute(sql, params, many, context)  # the server's own, for whoever died or failed in between
        self._live()
        blocks = connection.atomic_blocks[self._base :]
        outer = blocks[0] if blocks else None
        if self._broken and outer is not self._outer:
            self._mend()
        if word in WRITES and (outer is None or outer is not self._outer):
            self._outer = outer
            if self._at(_table(sql)) is Fault.WRITE_FAILS:
                self._broken = True
                raise OperationalError("the database went away")
        elif outer is None:
            self._outer = None
        return execute(sql, params, many, context)

    def _at(self, what: str) -> Fault | None:
        fault = self._meet(_point(what))
        if fault is Fault.KILLED:
            self._dead = True
            raise Killed
        return fault

    def _live(self) -> None:
        if self._dead:
            raise Killed

    def _mend(self) -> None:
        """A test runs in a transaction of its own, which a failed write must not spoil: there is none in a worker."""
        if connection.needs_rollback:
            connection.set_rollback(False)


class Wire:
    """A client that goes through a worker."""

    def __init__(self, name: str, door: Door, worker: Worker) -> None:
        self._name, self._door, self._worker = name, door, worker

    def get_paginator(self, method: str) -> Paginator:
        """Pages of a call, each a call of its own."""
        return Paginator(getattr(self, method), *TOKENS.get(method, ("NextToken", "NextToken")))

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call, operation = getattr(self._door, method), "".join(part.title() for part in method.split("_"))

        def through(**asked: Any) -> Any:
            self._worker.request(operation, asked)
            return self._worker.call(f"{self._name}.{operation}", lambda: call(**asked))

        return through


def _table(sql: str) -> str:
    """The table that a statement writes."""
    return next(
        word for word in sql.replace('"', " ").split() if word.startswith(("provisioning_", "auth_", "django_"))
    )


def _point(what: str) -> Point:
    frames = list(_engine_frames())
    steps = [one.f_locals["step"] for one in frames if isinstance(one.f_locals.get("step"), PlaybookStep)]
    if not steps:
        return Point(what, _where([one.f_code.co_name for one in frames]))
    names = {one.f_code.co_name for one in frames}
    phase = CLEANING if "_clean_up" in names else READING if "_read_again" in names else STEPS
    kind = next(one.f_locals["work"].change.kind for one in frames if "work" in one.f_locals)
    return Point(what, steps[0].name, phase, kind)


def _where(names: list[str]) -> str:
    """The function that does it, innermost first in `names`, with those that it is private to; whose lease it renews
    does not matter."""
    own = [name for name in names if name not in {"hold", "hold_account"}]
    public = next((number for number, name in enumerate(own) if not name.startswith("_")), len(own) - 1)
    return ".".join(reversed(own[: public + 1]))


def _engine_frames() -> Iterator[FrameType]:
    """The functions of the engine that are at it, innermost first."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("provisioning.engine."):
            yield frame
        frame = frame.f_back
