"""`python -m bench`: measure Stackyard on this machine and print the figures beside their budgets.

Nothing is asserted: the machine, and whatever else it does, is part of what is measured.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.costs import costs
from bench.creating import creating
from bench.exporting import exporting
from bench.figures import Figure, table
from bench.flags import flags
from bench.items import items
from bench.listing import listing
from bench.memory import resident
from bench.running import Running, free_ports, launch_of
from bench.scale.measuring import CURVE, crowd, title
from bench.visitor import Visitor
from tools.terminal import complain, say


def main() -> int:
    """Measure and print; 1 when something could not be measured."""
    figures: list[Figure] = []
    trouble = 0
    with tempfile.TemporaryDirectory(prefix="stackyard-bench-") as scratch:
        port, aws_port = free_ports(2)
        yard = Running(launch_of(Path(scratch) / "home", port, aws_port))
        try:
            say("Starting a Stackyard of its own …")
            yard.bring_up()
            person = Visitor(yard.address).sign_in("alice")
            rows: dict[str, Callable[[], list[Figure]]] = {
                f"Creating {name} …": partial(creating, yard, person, name) for name in ("hello-erlang", "fileshare")
            }
            rows["Looking at memory …"] = lambda: [resident(yard)]
            rows["Listing 10,000 environments …"] = lambda: listing(Path(scratch) / "listing")
            rows["Looking at costs …"] = lambda: costs(Path(scratch) / "costs")
            rows["Looking at flags …"] = lambda: flags(Path(scratch) / "flags")
            rows["Looking into a table …"] = lambda: items(Path(scratch) / "items", yard.launch.aws_port)
            rows["Exporting 100,000 items …"] = lambda: exporting(Path(scratch) / "exporting")
            for number, share in CURVE:
                folder = Path(scratch) / f"scale-{number}-{share:.0%}"
                rows[title(number, share) + " …"] = partial(crowd, folder, number, share=share)
            for doing, measure in rows.items():
                say(doing)
                try:
                    figures += measure()
                except Exception as error:  # the other rows are worth having all the same
                    trouble = 1
                    complain(f"Not measured: {error}")
        except KeyboardInterrupt:
            trouble = 130
        finally:
            yard.close()
    say(f"\n{table(figures)}")
    return trouble


if __name__ == "__main__":
    sys.exit(main())
