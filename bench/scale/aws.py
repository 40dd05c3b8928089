"""The scripted AWS in a process of its own, and the clients that reach it through a Unix socket.

`python -m bench.scale.aws <socket> <seconds> <share>`: stacks move by the clock, a beat every so many seconds, and
that share of all calls is throttled.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fakes.aws import SERVICES, FakeAws
from fakes.script import client_error
from fakes.service import TOKENS, Answer, Paginator
from fakes.world import Pace

from provisioning.aws.clients import Clients, Target

SOCKET = "STACKYARD_BENCH_AWS"
FIGURES = "figures"
TICK = 0.1  # seconds; how late the scripted AWS may be to notice that a beat is over


@dataclass
class Seen:
    """What the scripted AWS saw: calls in all, those that watch, throttled ones, and how much moved at once."""

    calls: int = 0
    listings: int = 0
    tails: int = 0
    throttled: int = 0
    most_moving: int = 0


class Server:
    """One account, served to whoever connects, a thread each."""

    def __init__(self, seconds: float, share: float) -> None:
        self.fake = FakeAws(Pace(seconds=seconds))
        self.share, self.seen = share, Seen()
        self.chance = random.Random(7)  # noqa: S311  (the same every time)
        self.lock = threading.RLock()

    def serve(self, address: str) -> None:
        """Answer until the process is ended."""
        threading.Thread(target=self._keep_time, daemon=True).start()
        with Listener(address, family="AF_UNIX", backlog=64) as listener:
            while True:
                threading.Thread(target=self._answer, args=(listener.accept(),), daemon=True).start()

    def _keep_time(self) -> None:
        """Bring every stack forward when its beat is over, not when somebody looks: events then bear their own time."""
        stacks = self.fake.doors["cloudformation"]
        while True:
            with self.lock:
                moving = [stack for stack in self.fake.world.stacks.values() if stack.motion is not None]
                for stack in moving:
                    stacks._service.look(stack)  # type: ignore[attr-defined]  # a Door's own service
                self.seen.most_moving = max(self.seen.most_moving, len(moving))
            time.sleep(TICK)

    def _answer(self, connection: Connection) -> None:
        try:
            while True:
                service, method, asked = connection.recv()
                connection.send(self._call(service, method, asked))
        except (EOFError, OSError):
            connection.close()

    def _call(self, service: str, method: str, asked: dict[str, Any]) -> Any:
        with self.lock:
            if service == FIGURES:
                return asdict(self.seen)
            self.seen.calls += 1
            self.seen.listings += method == "list_stacks"
            self.seen.tails += method == "describe_stack_events"
            if self.chance.random() < self.share:
                self.seen.throttled += 1
                return client_error("Throttling", "Rate exceeded", method)
            try:
                return getattr(self.fake.doors[service], method)(**asked)
            except (ClientError, BotoCoreError) as error:
                return error


class RemoteDoor:
    """A client as the gateway sees it, whose calls are answered by the server. A thread has a connection of its own."""

    def __init__(self, service: str) -> None:
        self._service = service

    def get_paginator(self, method: str) -> Paginator:
        """Pages of a call."""
        return Paginator(getattr(self, method), *TOKENS.get(method, ("NextToken", "NextToken")))

    def __getattr__(self, method: str) -> Callable[..., Answer]:
        def call(**asked: Any) -> Answer:
            answer = ask(self._service, method, asked)
            if isinstance(answer, Exception):
                raise answer
            found: Answer = answer
            return found

        return call


_own = threading.local()


def ask(service: str, method: str, asked: dict[str, Any]) -> Any:
    """What the server answers to one call."""
    if not hasattr(_own, "connection"):
        _own.connection = Client(os.environ[SOCKET], family="AF_UNIX")
    _own.connection.send((service, method, asked))
    return _own.connection.recv()


def figures() -> Seen:
    """What the server saw so far."""
    return Seen(**ask(FIGURES, "", {}))


@lru_cache(maxsize=8)
def clients_for(target: Target) -> Clients:
    """The clients of a target: what AWS_CLIENTS names."""
    return Clients.of(target, **{name: RemoteDoor(name) for name in SERVICES})


if __name__ == "__main__":
    Server(float(sys.argv[2]), float(sys.argv[3])).serve(sys.argv[1])
