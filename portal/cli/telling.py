"""A change's progress as plain lines, for logs: each thing that happened once, with its time."""

from datetime import UTC, datetime
from typing import Any, TextIO

from portal.cli.shown import plain, when


class Lines:
    """Writes what is new since the last look."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._said: dict[str, str] = {}

    def tell(self, change: dict[str, Any], events: list[dict[str, Any]]) -> None:
        """Say what moved: the change, its steps, its resources."""
        self._once("", change["status"].replace("_", " "), f"{change['title']} of {change['environment']}")
        for step in change["steps"]:
            if step["state"] not in {"pending", "skipped"}:
                self._once(step["name"], step["state"], step["name"].replace("_", " "), step["note"])
        for event in events:
            thing = " ".join(part for part in (event["stack"], event["logical_id"]) if part)
            self._write(event["at"], f"{thing} {event['status']}".strip(), event["reason"])
        if not change["finished_at"]:
            self._once("waits", change["waiting_for"], "waits for")

    def stop(self) -> None:
        """There is nothing to put back."""

    def _once(self, key: str, state: str, text: str, note: str = "") -> None:
        if state and self._said.get(key) != state:
            self._said[key] = state
            self._write(datetime.now(UTC).isoformat(), f"{text}: {state}", note)

    def _write(self, moment: str, text: str, note: str) -> None:
        line = f"{when(moment)}  {text}{f' – {note}' if note else ''}"
        self._file.write(f"{plain(line)}\n")
        self._file.flush()


def teller(file: TextIO) -> Lines:
    """What tells on that file."""
    return Lines(file)
