"""Checks and tiers side by side: how many at once, in which order, what is printed, and what Ctrl-C leaves: nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.children import Command
from tools.lanes import MOST, Job, lanes, run_jobs
from tools.results import Result

CHECKOUT = Path(__file__).resolve().parents[2]
# Opening a pipe waits for the other end: each of the two ends only if the other one runs meanwhile.
READ, WRITE = "open(sys.argv[1]).read()", "open(sys.argv[1], 'w').close()"
NOTE = """
with open(sys.argv[1], "a") as notes:
    for word in ("begins", "ends"):
        notes.write(f"{sys.argv[2]} {word}\\n")
        notes.flush()
"""
# Says that it runs, and puts away what it made when Ctrl-C arrives.
TIDY = """
import signal
def end(*_):
    os.unlink(sys.argv[1])
    sys.exit(1)
signal.signal(signal.SIGINT, end)
open(sys.argv[1], "w").close()
with open(sys.argv[2], "w"):
    pass
while True:
    signal.pause()
"""
RUNNER = """
import os, sys
from pathlib import Path
from tools.children import Command
from tools.lanes import Job, run_jobs
from tools.results import Result
folder = Path(sys.argv[1])
def job(number):
    argv = (sys.executable, "-c", sys.argv[2], str(folder / f"made-{number}"), str(folder / f"up-{number}"))
    return Job(Command(f"tier-{number}", argv, os.environ), lambda code, seconds: Result("x"))
try:
    run_jobs([job(0), job(1), job(2)], folder, Path.cwd(), 2)
except KeyboardInterrupt:
    sys.exit(130)
"""


def job(name: str, source: str, *arguments: str, seconds: int = 0, quiet: bool = False) -> Job:
    argv = (sys.executable, "-c", f"import os, sys\n{source}", *arguments)
    return Job(Command(name, argv, os.environ), reading(name), seconds, quiet)


def reading(name: str) -> Callable[[int, float], Result]:
    return lambda code, seconds: Result(name, failed=code, seconds=seconds)


def names(results: list[Result]) -> list[str]:
    return [result.name for result in results]


def test_jobs_run_at_the_same_time_and_the_results_keep_their_order(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    results = run_jobs(
        [job("a", READ, str(pipe)), job("b", "pass"), job("c", WRITE, str(pipe), seconds=9)], tmp_path, CHECKOUT, 2
    )

    assert names(results) == ["a", "b", "c"]
    assert not any(result.failed for result in results)


def test_one_at_a_time_is_one_after_the_other_the_longest_first(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    jobs = [job(name, NOTE, str(notes), name, seconds=long) for name, long in (("a", 5), ("b", 90), ("c", 30))]

    run_jobs(jobs, tmp_path, CHECKOUT, 1)

    expected = [f"{name} {word}" for name in "bca" for word in ("begins", "ends")]
    assert notes.read_text().splitlines() == expected


def test_what_each_said_is_printed_in_one_piece_and_a_quiet_one_only_speaks_of_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "for _ in range(200): print(f'{name} speaks', flush=True)"
    jobs = [
        job("loud", said.format(name="loud")),
        job("content", said.format(name="content"), quiet=True),
        job("wrong", f"{said.format(name='wrong')}\nsys.exit(3)", quiet=True),
    ]

    results = run_jobs(jobs, tmp_path, CHECKOUT, 3)

    printed = capsys.readouterr().out
    assert [result.failed for result in results] == [0, 0, 3]
    assert "\nloud ended:\n" + "\n".join(["loud speaks"] * 200) in printed
    assert "\nwrong failed:\n" + "\n".join(["wrong speaks"] * 200) in printed
    assert "content" not in printed


def test_one_job_alone_writes_to_the_terminal_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (result,) = run_jobs([job("unit", "print('as it goes')\nsys.exit(1)")], tmp_path, CHECKOUT, 4)

    assert result.failed == 1
    assert capfd.readouterr().out == "as it goes\n"


def test_a_job_that_is_killed_has_failed(tmp_path: Path) -> None:
    results = run_jobs([job("a", "os.kill(os.getpid(), 9)"), job("b", "pass")], tmp_path, CHECKOUT, 2)

    assert [result.failed for result in results] == [-9, 0]


def test_ctrl_c_ends_all_that_runs_and_lets_it_put_its_things_away(tmp_path: Path) -> None:
    ups = [tmp_path / f"up-{number}" for number in range(3)]
    for up in ups:
        os.mkfifo(up)
    argv = [sys.executable, "-c", RUNNER, str(tmp_path), f"import os, sys{TIDY}"]
    runner = subprocess.Popen(argv, cwd=CHECKOUT)  # noqa: S603  our own Python
    running = [up for up in ups[1:] if up.read_bytes() == b""]  # the last two begin first, and both are up now

    runner.send_signal(signal.SIGINT)

    assert runner.wait(timeout=30) == 130
    assert running == ups[1:]
    assert list(tmp_path.glob("made-*")) == []


def test_a_core_never_waits_for_the_one_job_that_waits() -> None:
    assert min(os.cpu_count() or 1, MOST) <= lanes() <= MOST
