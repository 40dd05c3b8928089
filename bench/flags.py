"""The flags page with 6 environments of 200 parameters each, warm: milliseconds, queries, and calls of AWS.

The looking is done by a process of its own, with a database of its own (`bench.flags_looking`).
"""

import statistics
from pathlib import Path

from bench.apart import looked_apart
from bench.figures import Figure, p95

ENVIRONMENTS, PARAMETERS = 6, 200
MILLISECONDS = 100.0
QUERIES = 12
_LOOK = f"from bench.flags_looking import look_at; look_at({ENVIRONMENTS}, {PARAMETERS})"


def flags(folder: Path) -> list[Figure]:
    """The figures, measured below a folder that is ours."""
    found: dict[str, list[float]] = looked_apart(folder, _LOOK, "The flags page")
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
