"""A whole Stackyard on free loopback ports, made of the very commands of `make up`, each startable and stoppable alone.

Everything it keeps is below one folder; what it starts ends with the process that started it, however that ends.
"""

import contextlib
import os
import random
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from bench.migrated import copy_linted
from tools.check import neutral_environment
from tools.children import Child, Command, start, stop
from tools.home import Home, prepare
from tools.installing import CHECKOUT, install_local_aws
from tools.ports import LOOPBACK
from tools.terminal import tail
from tools.up import Launch, answers, local_aws_command, manage_command, web_command, worker_command
from tools.which_aws import Aws, Kind, aws_environment

Found = TypeVar("Found")

PATIENCE = 120.0  # seconds; far more than anything here takes, so that only what is stuck runs into it
PAUSE = 0.02
_PORTS = range(12_000, 32_000)
PYTHON = Path(sys.executable)
_LASTING = ("local-AWS", "scheduler", "web", "worker")


class TooLateError(Exception):
    """Something that was waited for did not come."""


def until(
    look: Callable[[], Found], what: str, *, seconds: float = PATIENCE, pause: float = PAUSE, rests: float = 0.0
) -> Found:
    """Look again and again until there is something true to see; returns it. Between two looks are `pause` seconds, or
    `rests` times as long as the look took: what works for it must not take the time of what is waited for.

    Raises TooLateError after so many seconds, saying what did not come.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        found = look()
        ended = time.monotonic()
        if found:
            return found
        if ended > deadline:
            raise TooLateError(f"Waited {seconds:.0f} s for this: {what}.")
        time.sleep(max(pause, rests * (ended - began)))


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on now, all different.

    They are drawn below those that the kernel gives away by itself, so that no connection, and hardly ever another run
    beside this one, takes one of them before its program does.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            found.append(port)
    return found


def local_aws_python() -> Path:
    """The Python that has the local AWS: LOCAL_AWS_PYTHON where the caller has looked already."""
    given = os.environ.get("LOCAL_AWS_PYTHON")
    return Path(given) if given else install_local_aws()


def launch_of(home: Path, port: int, aws_port: int, extra: Mapping[str, str] | None = None) -> Launch:
    """What `make up` would start on these ports, without a word from the checkout's `.env` or a person's settings."""
    aws = Aws(Kind.LOCAL, f"http://{LOOPBACK}:{aws_port}", "this program starts it")
    settings = aws_environment(aws, neutral_environment(os.environ, home)) | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PORT": str(port),
        "STACKYARD_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
    }
    return Launch(CHECKOUT, Home(home), port, aws_port, aws, settings | dict(extra or {}))


class Running:
    """The programs of one Stackyard by name, and their logs."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.children: dict[str, Child] = {}
        prepare(launch.home, launch.checkout)

    @property
    def address(self) -> str:
        """Where its pages are, without a slash at the end."""
        return self.launch.address.rstrip("/")

    @property
    def endpoint(self) -> str:
        """Where its AWS is."""
        return self.launch.aws.endpoint

    def start(self, command: Command) -> Child:
        """Start a program that goes on."""
        child = start(command, self.launch.home.logs, self.launch.checkout)
        self.children[command.name] = child
        return child

    def manage(self, name: str, *arguments: str) -> None:
        """Run one command of `manage.py` to its end. Raises RuntimeError with the end of its log when it fails."""
        child = self.start(manage_command(self.launch, PYTHON, name, *arguments))
        code = child.process.wait(timeout=PATIENCE)
        del self.children[name]
        if code:
            raise RuntimeError(f"{name} failed:\n{tail(child.log)}")

    def start_aws(self) -> None:
        """Start the local AWS with what it kept; return when it answers."""
        child = self.start(local_aws_command(self.launch, local_aws_python()))
        self._ready(child, self.launch.aws_port, "/_ministack/health")

    def start_web(self, path: str = "/readyz") -> None:
        """Start the web server; return when it answers at the path, which by default also needs a worker."""
        child = self.start(web_command(self.launch, PYTHON))
        self._ready(child, self.launch.port, path)

    def start_worker(self, name: str = "worker", without: Collection[str] = ()) -> Child:
        """Start a worker with its scheduler, `without` some settings; it is at work a few seconds later.

        A second one needs another name.
        """
        usual = worker_command(self.launch, PYTHON)
        schedule = ["--schedule", str(self.launch.home.run / f"{name}-schedule")]
        settings = {key: value for key, value in usual.environment.items() if key not in without}
        return self.start(Command(name, (*usual.argv, *schedule), settings))

    def worker_calls(self, name: str = "worker") -> int:
        """How many calls to AWS this run of a worker has made, by its log."""
        return self.children[name].log.read_bytes().count(b'"aws_call"')

    def mend(self) -> None:
        """Start again what is not running, so that one test's ruins are not the next one's."""
        if "local AWS" not in self.children:
            self.start_aws()
        if "worker" not in self.children:
            self.start_worker()
        if "web" not in self.children:
            self.start_web()

    def stop(self, name: str) -> None:
        """End a program as Ctrl-C of `make up` would; return when it is gone."""
        stop([self.children.pop(name)])

    def kill(self, name: str) -> None:
        """End a program and what it started with SIGKILL, as a machine that loses its power would."""
        child = self.children.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()

    def bring_up(self) -> None:
        """Everything, in the order of `make up`, on a database that has its tables and linted templates already."""
        self.start_aws()
        with contextlib.closing(sqlite3.connect(self.launch.home.root / "stackyard.sqlite3")) as fresh:
            copy_linted(fresh)
        self.manage("seed_demo")
        self.start_worker()
        self.start_web()

    def close(self) -> None:
        """End everything that was started here, the last one first."""
        stop(list(self.children.values())[::-1])
        self.children.clear()

    def logs(self, lines: int = 25) -> str:
        """The end of the logs of what goes on running, for a failure that somebody has to understand."""
        found = [log for log in sorted(self.launch.home.logs.glob("*.log*")) if log.name.startswith(_LASTING)]
        return "\n".join(f"--- {log.name}\n{tail(log, lines)}" for log in found)

    def _ready(self, child: Child, port: int, path: str) -> None:
        until(lambda: child.ended or answers(port, path), f"{child.name} answers at {path}")
        if child.ended:
            raise RuntimeError(f"{child.name} ended by itself:\n{tail(child.log)}")
