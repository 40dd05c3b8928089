"""Run a program that ends when its starter ends, however that happens (Linux; elsewhere it just runs).

    python leash.py <pid of the starter> <program> <argument>…

Stands alone, with no import of ours, so that it starts in a few milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGTERM at the starter's death, then become the program."""
    starter, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != starter:  # it died before the kernel was asked
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606  the whole point: no shell, same process


if __name__ == "__main__":
    main()
