"""Doing several things at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def at_once(*doings: Callable[[], Result]) -> list[Result]:
    """The results of things done at the same moment, each with its own connection to the database."""
    start = threading.Barrier(len(doings))

    def together(doing: Callable[[], Result]) -> Result:
        try:
            start.wait()
            return doing()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(doings)) as pool:
        return list(pool.map(together, doings))
