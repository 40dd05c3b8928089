"""A change's progress on a terminal: its stacks and resources, its steps, how long it takes, and what it waits for."""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TextIO

from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from portal.cli.rendering import screen
from portal.cli.shown import Tone, duration, plain, since, status

_MARKS: dict[str, tuple[str, str]] = {
    "done": ("✓", "green"), "failed": ("✗", "bold red"), "running": ("›", "cyan"), "waiting": ("…", "cyan"),
    "cancelled": ("–", "dim"),
}  # fmt: skip
_TONES: dict[Tone, str] = {
    "good": "green", "bad": "bold red", "busy": "cyan", "attention": "yellow", "quiet": "dim", "": "",
}  # fmt: skip
_TOLD = frozenset({"running", "waiting", "failed", "cancelled"})
_DONE = 3  # of the steps that are done, so that the picture fits a terminal
_MOVING = 8  # resources at once; the rest is a number


class Display:
    """Draws the whole picture again and again where the last one was."""

    def __init__(self, file: TextIO) -> None:
        self._resources: dict[tuple[str, str], dict[str, Any]] = {}
        self._change: dict[str, Any] = {}
        self._began = time.monotonic()
        self._live = Live(get_renderable=self._picture, console=screen(file), refresh_per_second=4, transient=True)
        self._spinner = Spinner("dots")

    def tell(self, change: dict[str, Any], events: list[dict[str, Any]]) -> None:
        """Take in what is new, and draw."""
        self._change = change
        for event in events:
            if event["stack"] not in (None, event["logical_id"]) and event["type"]:
                self._resources[event["stack"], event["logical_id"]] = event
        if not self._live.is_started:
            self._live.start()

    def stop(self) -> None:
        """Leave the terminal as it was; what it came to is said by whoever watched."""
        self._live.stop()

    def _picture(self) -> RenderableType:
        if not self._change:
            return Text("")
        return Group(self._head(), *self._steps(), *self._stacks(), self._waits())

    def _head(self) -> RenderableType:
        change, word = self._change, status(self._change["status"])
        self._spinner.update(
            text=Text.assemble(
                (plain(change["title"]), "bold"),
                f" {plain(change['environment'])}  ",
                (word.text, _TONES[word.tone]),
                (f"  {self._elapsed()}", "dim"),
            )
        )
        return self._spinner

    def _elapsed(self) -> str:
        return since(self._change.get("started_at")) or duration(timedelta(seconds=time.monotonic() - self._began))

    def _steps(self) -> Iterable[RenderableType]:
        """What is under way or failed, after the newest of what is done; what came before is a number."""
        over = [step for step in self._change["steps"] if step["state"] == "done"]
        told = [*over[-_DONE:], *(step for step in self._change["steps"] if step["state"] in _TOLD)]
        if len(over) > _DONE:
            yield Text(f"  {len(over) - _DONE} steps done", "dim")
        for step in told:
            mark, style = _MARKS[step["state"]]
            took = since(step["started_at"], step["finished_at"]) if step["started_at"] else ""
            line = Text.assemble((f"  {mark} ", style), plain(step["label"]), (f"  {took}", "dim"))
            if step["note"] and step["state"] in _TOLD:
                line.append(f"  {plain(step['note'])}", "dim")
            yield line

    def _stacks(self) -> Iterable[RenderableType]:
        for stack in dict.fromkeys(name for name, _ in self._resources):
            found = [event for (name, _), event in self._resources.items() if name == stack]
            moving = [event for event in found if event["status"].endswith("_IN_PROGRESS")]
            failed = [event for event in found if event["status"].endswith("_FAILED")]
            over = len(found) - len(moving) - len(failed)
            yield Text.assemble("  ", (plain(stack), "bold"), (f"  {over} of {len(found)} done", "dim"))
            grid = Table.grid(padding=(0, 2))
            for event in [*failed, *moving[:_MOVING]]:
                style = "bold red" if event in failed else "cyan"
                grid.add_row(
                    Text(f"    {plain(event['logical_id'])}"),
                    Text(plain(event["status"]), style),
                    Text(plain(event["type"]), "dim"),
                    Text(since(event["at"]) if event in moving else plain(event["reason"]), "dim"),
                )
            if grid.row_count:
                yield grid

    def _waits(self) -> RenderableType:
        notes = {step["note"] for step in self._change["steps"]}
        said = "" if self._change["waiting_for"] in notes else plain(self._change["waiting_for"])
        return Text(f"  {said}" if said else "", "dim")


def teller(file: TextIO) -> Display:
    """What draws on that terminal."""
    return Display(file)
