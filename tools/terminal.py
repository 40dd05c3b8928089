"""What the commands say to the person at the terminal."""

import sys
from pathlib import Path


class CommandError(Exception):
    """Something a person can put right, told in one sentence that says how."""


def say(text: str = "") -> None:
    """Print one line at once, also when the output is a pipe or a file."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print one line where errors go."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def tail(path: Path, lines: int = 25) -> str:
    """The last `lines` lines of a log, indented; a sentence when there is nothing in it."""
    text = path.read_text(errors="replace") if path.exists() else ""
    last = text.rstrip().splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in last) or f"    ({path.name} is empty)"
