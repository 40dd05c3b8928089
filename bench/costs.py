"""The costs page with a year of 200 environments at four services: milliseconds, queries, and calls of AWS.

The looking is done by a process of its own, with a database of its own (`bench.costs_looking`).
"""

import statistics
from pathlib import Path

from bench.apart import looked_apart
from bench.figures import Figure, p95

ENVIRONMENTS, DAYS = 200, 365
MILLISECONDS = 100.0
QUERIES = 12
_LOOK = f"from bench.costs_looking import look_at; look_at({ENVIRONMENTS}, {DAYS})"


def costs(folder: Path) -> list[Figure]:
    """The figures, measured below a folder that is ours."""
    found = looked_apart(folder, _LOOK, "The costs page")
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
