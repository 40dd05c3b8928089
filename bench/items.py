"""A page of 100 items of a table, beside the bare query of boto3 to the same local AWS: milliseconds, and calls to AWS.

The looking is done by a process of its own, with a database of its own (`bench.looking_into`); the two take turns.
"""

import statistics
from pathlib import Path

from bench.apart import looked_apart
from bench.figures import Figure, p95

MOST_TIMES, MOST_MORE = 1.3, 25.0  # of the bare query, and milliseconds on top
_LOOK = "from bench.looking_into import look_into; look_into()"


def items(folder: Path, aws_port: int) -> list[Figure]:
    """The figures, measured below a folder that is ours, with the local AWS on this port."""
    found: dict[str, list[float]] = looked_apart(folder, _LOOK, "Pages of items", aws_port)
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
