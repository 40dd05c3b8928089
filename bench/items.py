"""A page of 100 items of a table, beside the bare query of boto3 to the same local AWS: milliseconds, and calls to AWS.

The looking is done by a process of its own, with a database of its own (`bench.looking_into`); the two take turns.
"""

import json
import statistics
import subprocess
from pathlib import Path

from bench.figures import Figure, p95
from bench.running import PYTHON, free_ports, launch_of
from tools.home import Home, prepare
from tools.installing import CHECKOUT

MOST_TIMES, MOST_MORE = 1.3, 25.0  # of the bare query, and milliseconds on top
_LOOK = "import django; django.setup(); from bench.looking_into import look_into; look_into()"


def items(folder: Path, aws_port: int) -> list[Figure]:
    """The figures, measured below a folder that is ours, with the local AWS on this port."""
    (port,) = free_ports(1)
    prepare(Home(folder), CHECKOUT)
    done = subprocess.run(  # noqa: S603  our own program, no shell
        [str(PYTHON), "-c", _LOOK],
        cwd=CHECKOUT,
        env=dict(launch_of(folder, port, aws_port).settings) | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Pages of items could not be measured:\n{done.stderr[-3000:]}")
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    bare, page, slow = statistics.median(found["bare"]), statistics.median(found["page"]), p95(found["page"])
    return [
        Figure(
            "table page of 100 items: p50",
            page,
            "ms",
            bare * MOST_TIMES + MOST_MORE,
            f"bare query {bare:.1f} ms, ratio {page / bare:.2f}, p95 {slow:.1f} ms",
        ),
        Figure("table page of 100 items: calls to AWS", max(found["calls"]), "", 1),
    ]
