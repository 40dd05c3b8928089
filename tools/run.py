"""Runs one of the project's own modules with everything installed: `python -m tools.run bench`."""

import os
import sys

from tools.chromium import find_chromium
from tools.installing import CHECKOUT, install_dev, install_local_aws
from tools.terminal import CommandError, complain


def main() -> None:
    """Install what is missing, then become the module; exits where that cannot be."""
    if len(sys.argv) < 2:
        complain("Name the module to run.")
        sys.exit(2)
    try:
        python = install_dev()
        local_aws = install_local_aws()
        chromium = find_chromium(os.environ, python) if "screenshots" in sys.argv[1] else ""
    except CommandError as failure:
        complain(str(failure))
        sys.exit(1)
    os.environ.update(LOCAL_AWS_PYTHON=str(local_aws), CHROMIUM_PATH=chromium)
    os.chdir(CHECKOUT)
    os.execv(python, [str(python), "-m", *sys.argv[1:]])  # noqa: S606  (our own interpreter and module)


if __name__ == "__main__":
    main()
