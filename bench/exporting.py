"""An export of 100,000 items beside a bare parallel scan of boto3 with as many segments: items a second, and memory.

Both ask the same scripted server (`bench.scan_server`), which has every page ready: the local AWS sorts its whole table
for each page, and would be all that is measured. Each run is a process of its own (`bench.exporting_run`), and the two
take turns.
"""

import json
import statistics
import subprocess
from pathlib import Path

from bench.figures import Figure
from bench.running import PYTHON, free_ports, launch_of, until
from bench.scan_server import ITEMS, is_ready
from tools.home import Home, prepare
from tools.installing import CHECKOUT

TURNS = 3
MOST_SLOWER, MOST_GROWTH = 100 / 80, 64.0  # at least 80 % of the bare scan's speed; MiB
_RUN = "import django; django.setup(); from bench.exporting_run import run; run({what!r})"


def exporting(folder: Path) -> list[Figure]:
    """The figures, measured below a folder that is ours."""
    folder.mkdir(parents=True, exist_ok=True)
    port, aws_port = free_ports(2)
    prepare(Home(folder), CHECKOUT)
    server = subprocess.Popen([str(PYTHON), "-m", "bench.scan_server", str(aws_port)], cwd=CHECKOUT)  # noqa: S603  our own program, no shell
    try:
        until(lambda: is_ready(aws_port), "the scripted server answers")
        settings = dict(launch_of(folder, port, aws_port).settings) | {"LOG_LEVEL": "ERROR"}
        turns = [{what: _run(what, settings) for what in ("bare", "export")} for _ in range(TURNS)]
    finally:
        server.terminate()
        server.wait()
    bare = statistics.median(turn["bare"]["seconds"] for turn in turns)
    ours = statistics.median(turn["export"]["seconds"] for turn in turns)
    growth = max(turn["export"]["growth"] for turn in turns)
    written = turns[-1]["export"]
    speed = f"{ITEMS / ours:,.0f} items a second, bare {ITEMS / bare:,.0f}: {bare / ours:.0%} of it"
    files = f"then as CSV in {written['csv']:.1f} s, grown by {written['csv_growth']:.0f} MiB"
    return [
        Figure(f"export of {ITEMS:,} items", ours, "s", bare * MOST_SLOWER, speed),
        Figure("export: memory growth", growth, "MiB", MOST_GROWTH, files),
    ]


def _run(what: str, settings: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603  our own program, no shell
        [str(PYTHON), "-c", _RUN.format(what=what)],
        cwd=CHECKOUT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The {what} run failed:\n{done.stderr[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
