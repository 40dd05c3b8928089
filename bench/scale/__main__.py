"""`python -m bench.scale 100`: only these rows, for one number of environments."""

import sys
import tempfile
from pathlib import Path

from bench.figures import table
from bench.scale.measuring import crowd
from tools.terminal import say

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="stackyard-scale-") as scratch:
        share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
        say(f"\n{table(crowd(Path(scratch), int(sys.argv[1]), share=share))}")
