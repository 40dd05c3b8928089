"""The flags page with 6 environments of 200 parameters each, warm: milliseconds, queries, and calls of AWS.

The looking is done by a process of its own, with a database of its own (`bench.flags_looking`).
"""

import json
import statistics
import subprocess
from pathlib import Path

from bench.figures import Figure, p95
from bench.running import PYTHON, free_ports, launch_of
from tools.home import Home, prepare
from tools.installing import CHECKOUT

ENVIRONMENTS, PARAMETERS = 6, 200
MILLISECONDS = 100.0
QUERIES = 12
_LOOK = f"import django; django.setup(); from bench.flags_looking import look_at; look_at({ENVIRONMENTS}, {PARAMETERS})"


def flags(folder: Path) -> list[Figure]:
    """The figures, measured below a folder that is ours."""
    (port,) = free_ports(1)
    prepare(Home(folder), CHECKOUT)
    done = subprocess.run(  # noqa: S603  our own program, no shell
        [str(PYTHON), "-c", _LOOK],
        cwd=CHECKOUT,
        env=dict(launch_of(folder, port, port).settings) | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The flags page could not be measured:\n{done.stderr[-3000:]}")
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    page = found["ms"]
    of = f"flags of {ENVIRONMENTS} environments × {PARAMETERS} parameters"
    return [
        Figure(
            f"{of}: p50",
            statistics.median(page),
            "ms",
            MILLISECONDS,
            f"p95 {p95(page):.1f} ms, {found['cpu'][0]:.0f} ms of a processor, {found['bytes'][0] / 1024:.0f} KB",
        ),
        Figure(f"{of}: look again, p50", statistics.median(found["again"]), "ms", MILLISECONDS),
        Figure(f"{of}: queries", max(found["queries"]), "", QUERIES),
        Figure(f"{of}: calls of AWS", found["calls"][0], "", 0),
    ]
