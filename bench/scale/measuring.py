"""Many environments in flight at once on two real workers: do all finish, how late is each end noticed, what does it
cost in calls and memory?

SQLite and the embedded broker, as `make up` has them; TEST_DATABASE_URL, when it is set, names a PostgreSQL in which a
database is made for each run.
"""

import contextlib
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from bench.figures import Figure
from bench.memory import resident_of
from bench.running import PYTHON, Running, free_ports, launch_of, until
from bench.scale.aws import SOCKET
from tools.children import Command

WORKERS = ("worker", "worker-2")
SECONDS = 10.0  # a beat of the scripted AWS; the two stacks of an environment take some seven of them
LAG, CALLS, GROWTH = 3.0, 25.0, 64.0
LONG = 1000  # until then the workers are still filling what they keep: templates, statements, threads
MANY = 100  # fewer share the looks at what moves between them, and have their events read oftener
LOOKS = 2.0  # seconds between two looks at the workers' memory
_SETUP = "import django; django.setup(); from bench.scale import asking; asking"


CURVE = ((10, 0.0), (100, 0.0), (1000, 0.0), (20, 0.5))  # environments, and the share of calls that is throttled


def title(number: int, share: float) -> str:
    """What is measured, in words."""
    words = f"{number:,} environments at once"
    return f"{words}, {share:.0%} of calls throttled" if share else words


def crowd(folder: Path, number: int, *, share: float = 0.0) -> list[Figure]:
    """The figures of so many environments at once, `share` of all calls throttled. Raises RuntimeError."""
    folder.mkdir(parents=True, exist_ok=True)
    with _database(folder) as database:
        port, aws_port = free_ports(2)
        extra = {
            **database,
            "DJANGO_SETTINGS_MODULE": "bench.scale.settings",
            SOCKET: str(folder / "aws"),
            "CLOUDFORMATION_READS_PER_SECOND": "0",
            "CLOUDFORMATION_WRITES_PER_SECOND": "0",
            "LOG_LEVEL": "ERROR",
        }
        yard = Running(launch_of(folder / "home", port, aws_port, extra))
        try:
            found, memory = _measured(yard, number, share)
        finally:
            yard.close()
    return _figures(number, share, found, memory)


def _measured(yard: Running, number: int, share: float) -> tuple[dict[str, Any], list[float]]:
    settings = yard.launch.settings
    argv = (str(PYTHON), "-m", "bench.scale.aws", settings[SOCKET], str(SECONDS), str(share))
    yard.start(Command("scripted AWS", argv, settings))
    yard.manage("migrate", "--no-input")
    _ask(yard, "prepare()").wait()
    until(Path(settings[SOCKET]).exists, "the scripted AWS answers")
    for worker in WORKERS:
        yard.start_worker(worker)
    time.sleep(LOOKS * 4)  # both are at work, with all that they load
    memory = [_resident(yard)]
    asking = _ask(yard, f"ask_for({number})")
    while asking.poll() is None:
        time.sleep(LOOKS)
        memory.append(_resident(yard))
    output, _ = asking.communicate()
    if asking.returncode:
        raise RuntimeError(f"{number} environments could not be asked for:\n{yard.logs()}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found, memory


def _ask(yard: Running, what: str) -> "subprocess.Popen[str]":
    """A process that does something of `bench.scale.asking`, with the settings of the workers."""
    return subprocess.Popen(  # noqa: S603  our own program, no shell
        [str(PYTHON), "-c", f"{_SETUP}.{what}"],
        cwd=yard.launch.checkout,
        env=dict(yard.launch.settings),
        stdout=subprocess.PIPE,
        text=True,
    )


def _resident(yard: Running) -> float:
    return sum(resident_of(yard.children[worker]) for worker in WORKERS)


def _figures(number: int, share: float, found: Mapping[str, Any], memory: list[float]) -> list[Figure]:
    what = title(number, share)
    quarter, end = memory[max(1, len(memory) // 4)], max(memory[-3:])
    each = {name: found[name] / number for name in ("calls", "throttled", "watching")}
    served = each["calls"] - each["throttled"]
    return [
        Figure(
            f"{what}: not finished",
            number - found["succeeded"],
            "",
            0,
            f"{found['seconds']:.0f} s in all, {found['asked']:.0f} s to ask; {found['most_moving']} stacks at once",
        ),
        Figure(
            f"{what}: end noticed, p95",
            found["lag_p95"],
            "s late",
            None if share else LAG,
            f"p50 {found['lag_p50']:.2f} s",
        ),
        Figure(
            f"{what}: calls to AWS each",
            served,
            "",
            CALLS if number >= MANY else None,
            f"{each['watching']:.1f} of them to watch what moves, {found['listings'] / found['seconds']:.2f} ListStacks"
            f" a second; {found['throttled']} more throttled",
        ),
        Figure(
            f"{what}: memory gained after the first quarter",
            max(0.0, end - quarter),
            "MiB",
            GROWTH if number >= LONG else None,
            f"both workers {memory[0]:.0f} at the start, {quarter:.0f} after a quarter, {end:.0f} at the end",
        ),
    ]


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[dict[str, str]]:
    """Settings that name a database of this run's own."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield {"DATABASE_URL": f"sqlite:///{folder / 'scale.sqlite3'}"}
        return
    name = f"stackyard_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield {"DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl()}
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
