"""The lists of environments and of tables with 10 rows and with 10,000: milliseconds and queries per page.

The looking is done by a process of its own, with a database of its own (`bench.looking`).
"""

import statistics
from pathlib import Path

from bench.apart import looked_apart
from bench.figures import Figure, p95

FEW, MANY = 10, 10_000
MILLISECONDS = 50.0
QUERIES = 12
_LOOK = f"from bench.looking import look_at; look_at({FEW}, {MANY})"

Samples = dict[str, dict[str, list[float]]]
LISTS = ("environments", "tables")


def listing(folder: Path) -> list[Figure]:
    """The figures, measured below a folder that is ours."""
    samples: dict[str, dict[str, Samples]] = looked_apart(folder, _LOOK, "The list")
    return [figure for of in LISTS for figure in _figures(of, samples[str(FEW)][of], samples[str(MANY)][of])]


def _figures(of: str, few: Samples, many: Samples) -> list[Figure]:
    of_few = [one for page in few.values() for one in page["ms"]]
    of_many = [one for page in many.values() for one in page["ms"]]
    slowest = max(many, key=lambda page: p95(many[page]["ms"]))
    ratio = statistics.median(of_many) / statistics.median(of_few)
    return [
        Figure(f"list of {FEW} {of}: p95", p95(of_few), "ms", MILLISECONDS, f"p50 {statistics.median(of_few):.1f} ms"),
        Figure(
            f"list of {MANY:,} {of}: p95",
            p95(of_many),
            "ms",
            MILLISECONDS,
            f"p50 {statistics.median(of_many):.1f} ms, ratio to {FEW} rows {ratio:.1f}",
        ),
        Figure(
            f"list of {MANY:,} {of}: p95 of its slowest page", p95(many[slowest]["ms"]), "ms", MILLISECONDS, slowest
        ),
        Figure(
            f"list of {MANY:,} {of}: most queries of a page",
            max(one for page in many.values() for one in page["queries"]),
            "",
            QUERIES,
            f"{FEW} rows: {max(one for page in few.values() for one in page['queries']):.0f}",
        ),
    ]
