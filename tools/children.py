"""The programs that `make up` starts: each in its own process group, with its own log."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")
PATIENCE = 15.0


@dataclass(frozen=True)
class Command:
    """A program to run: its name, argv beginning with an absolute path, its whole environment."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Child:
    """A program that runs, or ran."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None


def start(command: Command, logs: Path, folder: Path) -> Child:
    """Start a program in `folder`, writing to `<logs>/<name>.log`; the log before that is kept as `.1`."""
    log = logs / f"{command.name.replace(' ', '-')}.log"
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own programs, no shell
            [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command.argv],
            cwd=folder,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches only us, and we stop them in order
        )
    return Child(command.name, log, process)


def stop(children: Sequence[Child], patience: float = PATIENCE) -> list[str]:
    """End the children one after the other, in this order: SIGTERM, up to `patience` seconds, then SIGKILL.

    Returns the names of those that had to be killed.
    """
    killed = []
    for child in children:
        _signal_group(child.process.pid, signal.SIGTERM, alive=not child.ended)
        try:
            child.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            killed.append(child.name)
        # The leader may have left members behind; nobody else can be in a group that we made.
        _signal_group(child.process.pid, signal.SIGKILL, alive=True)
        child.process.wait()
    return killed


def started_at(pid: int) -> str:
    """When the process began, only good for comparing; "" when there is none (or only its remains)."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return "" if fields[0] in {"Z", "X"} else f"{boot}/{fields[19]}"
        return ""
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def stop_orphan(pid: int, started: str, patience: float = PATIENCE) -> bool:
    """End the group of a child that a killed run left behind; only if the process is still that same one.

    Returns whether there was one.
    """
    if not started or started_at(pid) != started:
        return False
    _signal_group(pid, signal.SIGTERM, alive=True)
    deadline = time.monotonic() + patience
    while started_at(pid) == started and time.monotonic() < deadline:
        time.sleep(0.05)
    if started_at(pid) == started:
        _signal_group(pid, signal.SIGKILL, alive=True)
    return True


def _signal_group(group: int, number: signal.Signals, *, alive: bool) -> None:
    if alive:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
