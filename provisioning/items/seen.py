"""Which keys a file has had, for files of a million items: twelve bytes a key, kept in sorted runs."""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Mapping

from provisioning.items.canonical import canonical
from provisioning.items.values import Value

_DIGEST = 8  # bytes: among a million keys, two different ones meet once in ten million files


class Seen:
    """Keys with the lines that they were first on. What is new since the last `run` has to be kept by the caller,
    who hands every run back with `load` after a pause."""

    def __init__(self) -> None:
        self._runs: list[tuple[array[int], array[int]]] = []
        self._new: dict[int, int] = {}

    def first(self, key: Mapping[str, Value], line: int) -> int:
        """The line that had this key before; 0 when none had, and then this one has."""
        digest = int.from_bytes(hashlib.blake2b(canonical(key), digest_size=_DIGEST).digest())
        found = self._new.get(digest, 0) or next((at for run in self._runs if (at := _line_in(run, digest))), 0)
        if not found:
            self._new[digest] = line
        return found

    def run(self) -> bytes:
        """What is new since the last one."""
        ordered = sorted(self._new.items())
        made = array("Q", (digest for digest, _ in ordered)), array("I", (line for _, line in ordered))
        self._new = {}
        if ordered:
            self._runs.append(made)
        return made[0].tobytes() + made[1].tobytes()

    def load(self, run: bytes) -> None:
        """Take up what `run` gave on this kind of machine."""
        digests, lines = array("Q"), array("I")
        count = len(run) // (digests.itemsize + lines.itemsize)
        digests.frombytes(run[: count * digests.itemsize])
        lines.frombytes(run[count * digests.itemsize :])
        self._runs.append((digests, lines))


def _line_in(run: "tuple[array[int], array[int]]", digest: int) -> int:
    digests, lines = run
    at = bisect_left(digests, digest)
    return lines[at] if at < len(digests) and digests[at] == digest else 0
