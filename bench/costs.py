"""The costs page with a year of 200 environments at four services: milliseconds, queries, and calls of AWS.

The looking is done by a process of its own, with a database of its own (`bench.costs_looking`).
"""

import json
import statistics
import subprocess
from pathlib import Path

from bench.figures import Figure, p95
from bench.running import PYTHON, free_ports, launch_of
from tools.home import Home, prepare
from tools.installing import CHECKOUT

ENVIRONMENTS, DAYS = 200, 365
MILLISECONDS = 100.0
QUERIES = 12
_LOOK = f"import django; django.setup(); from bench.costs_looking import look_at; look_at({ENVIRONMENTS}, {DAYS})"


def costs(folder: Path) -> list[Figure]:
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
        raise RuntimeError(f"The costs page could not be measured:\n{done.stderr[-3000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    pages: dict[str, dict[str, list[float]]] = found["pages"]
    every = [one for page in pages.values() for one in page["ms"]]
    first = max(pages, key=lambda page: pages[page]["first"][0])
    of = f"costs of {ENVIRONMENTS} environments, {DAYS} days"
    return [
        Figure(f"{of}: p95", p95(every), "ms", MILLISECONDS, f"p50 {statistics.median(every):.1f} ms"),
        Figure(
            f"{of}: first look after a reading",
            pages["30 days"]["first"][0],
            "ms",
            note=f"{first}: {pages[first]['first'][0]:.0f} ms",
        ),
        Figure(f"{of}: most queries of a page", max(page["queries"][0] for page in pages.values()), "", QUERIES),
        Figure(f"{of}: calls of AWS", float(found["calls"]), "", 0),
    ]
