"""Texts that are for programs: written as they are, to standard output or to a file that is its owner's alone."""

import os
import sys
import tempfile
from pathlib import Path

from portal.cli.failures import Exit, Failure
from portal.cli.shown import plain


def write_out(text: str) -> None:
    """To standard output as it is; a terminal, which would obey what is in it, is shown it harmless."""
    sys.stdout.flush()
    shown = plain(text) if sys.stdout.isatty() else text
    sys.stdout.buffer.write(shown.encode())
    sys.stdout.buffer.flush()


def write_file(path: str, text: str, *, append: bool = False) -> None:
    """Into a file, in one piece and with mode 0600; or at the end of one, whose mode stays. Raises Failure."""
    there = Path(path).resolve()  # a link to where somebody keeps such files stays one
    try:
        if append or (there.exists() and not there.is_file()):  # such as a pipe, or /dev/fd/3
            number = os.open(there, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(text.encode())
            return
        _replace(there, text)
    except OSError as error:
        raise Failure(Exit.USAGE, f"{path} cannot be written: {error.strerror}.") from error


def _replace(there: Path, text: str) -> None:
    number, name = tempfile.mkstemp(prefix=".stackyard-", dir=there.parent)  # made with mode 0600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(text.encode())
        Path(name).replace(there)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
