"""Checks and tiers side by side: as many at once as the machine has room for, what each said in one piece.

Most tiers drive servers and wait for them, so that one alone leaves a core idle. What takes longest begins first.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.children import PATIENCE, Child, Command, start, stop
from tools.results import Result
from tools.signals import Signals
from tools.terminal import say

MOST = 4
_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True)
class Job:
    """A command, what makes a result of its exit code and its wall seconds, and how long it takes, roughly.

    What a `quiet` one said is printed only when it failed.
    """

    command: Command
    read: Callable[[int, float], Result]
    seconds: int = 0
    quiet: bool = False


@dataclass(frozen=True)
class _Begun:
    job: Job
    child: Child
    at: float


def lanes() -> int:
    """How many jobs run at once: one more than there are cores, because some of them mostly wait; at most MOST."""
    return min((os.cpu_count() or 1) + 1, MOST)


def run_jobs(jobs: Sequence[Job], folder: Path, checkout: Path, at_once: int) -> list[Result]:
    """Run every job in `checkout`, `at_once` at a time; the results in the order of the jobs. Logs go to `folder`.

    A job alone writes to the terminal as it goes. Raises KeyboardInterrupt when a person asks to stop; everything that
    was started has ended then.
    """
    if len(jobs) == 1:
        return [_alone(jobs[0], checkout)]
    waiting = sorted(jobs, key=lambda job: job.seconds)
    begun: list[_Begun] = []
    results: dict[str, Result] = {}
    signals = Signals()
    try:
        while waiting or begun:
            while waiting and len(begun) < at_once:
                begun.append(_begin(waiting.pop(), folder, checkout))
            signals.pause(_BETWEEN_LOOKS)
            if signals.stop_asked:
                raise KeyboardInterrupt
            for one in [one for one in begun if one.child.ended]:
                begun.remove(one)
                results[one.job.command.name] = _ended(one)
    finally:
        _interrupt([one.child for one in begun])
        signals.close()
    return [results[job.command.name] for job in jobs]


def _alone(job: Job, checkout: Path) -> Result:
    command, began = job.command, time.monotonic()
    done = subprocess.run(  # noqa: S603  our own argv, no shell
        command.argv, cwd=checkout, env=dict(command.environment), stdin=subprocess.DEVNULL, check=False
    )
    return job.read(done.returncode, time.monotonic() - began)


def _begin(job: Job, folder: Path, checkout: Path) -> _Begun:
    if not job.quiet:
        say(f"{job.command.name} begins")
    return _Begun(job, start(job.command, folder, checkout), time.monotonic())


def _ended(one: _Begun) -> Result:
    code, name = one.child.process.returncode, one.job.command.name
    if code or not one.job.quiet:
        what = "failed" if code else "ended"
        say(f"\n{name} {what}:\n{one.child.log.read_text(errors='replace').strip()}\n")
    return one.job.read(code, time.monotonic() - one.at)


def _interrupt(children: Sequence[Child]) -> None:
    """End what still runs as Ctrl-C would, so that tests can put away what they started; then with force."""
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGINT)
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(timeout=PATIENCE)
    stop(children)
