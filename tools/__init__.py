"""What `make` runs: plain Python, no package needed, so that it works before anything is installed."""

import sys

if sys.hexversion < 0x030B0000:
    sys.exit(
        "Stackyard needs Python 3.11 or newer and this one is {}.{}: "
        "name a newer one, for example `make up PYTHON=python3.12`.".format(*sys.version_info[:2])
    )
