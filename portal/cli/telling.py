"""A change's progress as plain lines, for logs: each thing that happened once, with its time."""

from datetime import UTC, datetime
from typing import Any, TextIO

from portal.cli.shown import clock, plain

_OF_STEP = "step_"


class Lines:
    """Writes what is new since the last look."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._said: dict[str, str] = {}

    def tell(self, change: dict[str, Any], events: list[dict[str, Any]]) -> None:
        """Say what moved: steps and resources, and the change, whose end comes last."""
        status, title = change["status"].replace("_", " "), f"{change['title']} of {change['environment']}"
        over = bool(change["finished_at"])
        if not over:
            self._once("", status, title)
        for event in events:
            self._write(event["at"], _happened(event), event["reason"])
        if over:
            self._once("", status, title)
        else:
            self._once("waits", change["waiting_for"], "Waits for")

    def stop(self) -> None:
        """There is nothing to put back."""

    def _once(self, key: str, state: str, text: str, note: str = "") -> None:
        if state and self._said.get(key) != state:
            self._said[key] = state
            self._write(datetime.now(UTC).isoformat(), f"{text}: {state}", note)

    def _write(self, moment: str, text: str, note: str) -> None:
        line = f"{clock(moment)}  {text}{f' – {note}' if note else ''}"
        self._file.write(f"{plain(line)}\n")
        self._file.flush()


def _happened(event: dict[str, Any]) -> str:
    """A step with how it went, or a resource of a stack with its status as AWS has it."""
    thing, status = event["logical_id"], event["status"]
    if status.startswith(_OF_STEP):
        return f"{thing}: {status.removeprefix(_OF_STEP)}"
    parts = dict.fromkeys((event["stack"], thing))
    return " ".join(part for part in (*parts, status) if part)


def teller(file: TextIO) -> Lines:
    """What tells on that file."""
    return Lines(file)
