"""The programs of `make up`, as real processes: what is started is stopped, in order, and nothing else is.

Nobody sleeps: a child holds a pipe open, so the first byte says that it runs and the end of the pipe that it is gone.
"""

import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.children import Child, Command, start, started_at, stop, stop_orphan
from tools.home import Home, prepare, stop_orphans

CHECKOUT = Path(__file__).resolve().parents[2]
LIMIT = 20.0

# Says who it is when SIGTERM arrives, then ends.
POLITE = """
import os, signal, sys
def end(*_):
    with open(sys.argv[2], "a") as file:
        file.write(sys.argv[3] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pipe = os.open(sys.argv[1], os.O_WRONLY)
os.write(pipe, b"r")
while True:
    signal.pause()
"""
STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pipe = os.open(sys.argv[1], os.O_WRONLY)
os.write(pipe, b"r")
while True:
    signal.pause()
"""
# Ends at once, leaving a member of its group behind that has the pipe.
PARENT = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[4], *sys.argv[1:4]])
"""
# A run that notes its child and is then killed like anything can be.
STARTER = """
import os, signal, sys
from pathlib import Path
from tools.children import Command, start
from tools.home import Home, note_children
home = Home(Path(sys.argv[1]))
child = start(Command("web", tuple(sys.argv[2:]), os.environ), home.logs, home.root)
note_children(home, [child])
print(child.process.pid, flush=True)
signal.pause()
"""
WATCHER = """
import os, sys
from pathlib import Path
from tools.children import Command
from tools.signals import Signals
from tools.terminal import CommandError
from tools.up import Yard, plan
checkout = Path(sys.argv[1])
yard = Yard(plan({}, checkout), Signals())
try:
    yard.start(Command("web", tuple(sys.argv[2:]), os.environ))
    yard.watch()
except CommandError as error:
    sys.exit(str(error))
finally:
    yard.stop()
"""


class Pipe:
    """A named pipe that a child opens; the test reads what happens to the child from it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def next(self) -> bytes:
        """b"r" once the child runs, b"" once nobody has the pipe any more."""
        assert select.select([self.end], [], [], LIMIT)[0], "nothing came out of the pipe"
        return os.read(self.end, 1)


@dataclass(frozen=True)
class Place:
    """A folder for logs and pipes, and the file in which polite children sign off."""

    root: Path

    @property
    def signed_off(self) -> Path:
        return self.root / "signed-off"

    def argv(self, pipe: Pipe, name: str, source: str) -> tuple[str, ...]:
        return (sys.executable, "-c", source, str(pipe.path), str(self.signed_off), name)

    def start(self, name: str, source: str, *more: str) -> tuple[Child, Pipe]:
        pipe = Pipe(self.root / f"{name}.pipe")
        child = start(Command(name, (*self.argv(pipe, name, source), *more), os.environ), self.root, self.root)
        assert pipe.next() == b"r"
        return child, pipe


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_children_stop_in_the_order_given(place: Place) -> None:
    children = [place.start(name, POLITE)[0] for name in ("web", "worker", "local-aws")]

    assert stop(children) == []
    assert place.signed_off.read_text().split() == ["web", "worker", "local-aws"]
    assert [child.process.returncode for child in children] == [0, 0, 0]


def test_a_child_that_does_not_listen_is_killed_and_named(place: Place) -> None:
    stubborn, pipe = place.start("worker", STUBBORN)

    assert stop([stubborn], patience=0.05) == ["worker"]
    assert stubborn.process.returncode == -signal.SIGKILL
    assert pipe.next() == b""


def test_what_a_child_left_in_its_group_is_stopped_with_it(place: Place) -> None:
    child, pipe = place.start("worker", PARENT, STUBBORN)
    assert child.process.wait(LIMIT) == 0

    stop([child], patience=0.05)

    assert pipe.next() == b""


def test_a_program_that_was_not_started_here_is_left_alone(place: Place) -> None:
    pipe = Pipe(place.root / "other.pipe")
    other = subprocess.Popen(place.argv(pipe, "other", POLITE))  # noqa: S603  our own argv
    assert pipe.next() == b"r"
    mine, _ = place.start("web", POLITE)

    stop([mine])

    assert other.poll() is None
    other.kill()
    other.wait()


def test_a_child_cannot_read_the_terminal_and_its_output_is_logged(place: Place) -> None:
    source = "import sys; print('read', repr(sys.stdin.read())); print('oops', file=sys.stderr)"
    command = Command("local AWS", (sys.executable, "-c", source), {})

    start(command, place.root, place.root).process.wait(LIMIT)
    again = start(command, place.root, place.root)
    again.process.wait(LIMIT)

    assert again.log == place.root / "local-AWS.log"
    assert sorted(again.log.read_text().splitlines()) == ["oops", "read ''"]
    assert (place.root / "local-AWS.log.1").exists()


def test_children_end_when_their_starter_is_killed(place: Place, tmp_path: Path) -> None:
    prepare(Home(tmp_path / "home"), tmp_path)
    pipe = Pipe(tmp_path / "web.pipe")

    starter = _run(STARTER, str(tmp_path / "home"), *place.argv(pipe, "web", POLITE))
    assert pipe.next() == b"r"
    starter.kill()
    starter.communicate()

    assert pipe.next() == b""
    assert place.signed_off.read_text() == "web\n"


def test_the_next_run_ends_what_a_killed_one_left_behind(place: Place, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    prepare(home, tmp_path)
    pipe = Pipe(tmp_path / "web.pipe")
    starter = _run(STARTER, str(home.root), *place.argv(pipe, "web", STUBBORN))
    assert pipe.next() == b"r"
    assert starter.stdout is not None
    starter.stdout.readline()
    starter.kill()
    starter.communicate()

    assert stop_orphans(home, patience=0.05) == 1
    assert pipe.next() == b""
    assert stop_orphans(home) == 0


def test_a_number_that_now_belongs_to_another_process_is_left_alone(place: Place) -> None:
    child, _ = place.start("web", POLITE)
    pid = child.process.pid

    assert started_at(pid)
    assert not stop_orphan(pid, "another boot/12345")
    assert not stop_orphan(pid, "")
    assert not child.ended
    stop([child])
    assert started_at(pid) == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_is_no_failure(place: Place, tmp_path: Path, number: signal.Signals) -> None:
    prepare(Home(tmp_path / ".home"), tmp_path)
    pipe = Pipe(tmp_path / "web.pipe")
    watcher = _run(WATCHER, str(tmp_path), *place.argv(pipe, "web", POLITE))
    assert pipe.next() == b"r"

    watcher.send_signal(number)

    assert watcher.wait(LIMIT) == 0
    assert pipe.next() == b""
    assert place.signed_off.read_text() == "web\n"
    watcher.communicate()


def test_a_child_that_ends_by_itself_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    prepare(Home(tmp_path / ".home"), tmp_path)

    watcher = _run(WATCHER, str(tmp_path), sys.executable, "-c", "import sys; sys.exit('no database')")
    _, said = watcher.communicate(timeout=LIMIT)

    assert watcher.returncode == 1
    assert "web ended by itself (code 1)" in said
    assert "    no database" in said


def _run(source: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  our own argv
        [sys.executable, "-c", source, *arguments],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
