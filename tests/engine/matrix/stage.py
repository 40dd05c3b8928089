"""Where a scenario is played: once undisturbed, and from each of its points on once more for everything that may
happen there.

The play forks at a point: the child goes on as though the worker had been killed (or its answer lost, or its write
refused) there and then, drives everything to rest, and tells its picture; the parent goes on undisturbed. The
database is in memory and so is AWS, so that each child has its own.
"""

import gc
import json
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn

from django.utils import timezone

from engine.yard import Yard
from provisioning.engine.observe import observe
from provisioning.engine.reconcile import reconcile
from provisioning.models import Account, Change, Operation

from .picture import Picture, picture
from .worker import Fault, Point, Worker

ROUNDS = 200
MOMENT = timedelta(milliseconds=1)
Play = Callable[["Stage"], None]


@dataclass(frozen=True)
class Cell:
    """One point of a scenario, and what happens there."""

    number: int
    point: Point
    fault: Fault

    def __str__(self) -> str:
        return f"{self.number}: {self.point.where}, {self.fault} {self.point.what}"


class Stage:
    """The yard, worked by workers that may die."""

    def __init__(self, yard: Yard, faults: frozenset[Fault] = frozenset(), about: frozenset[str] = frozenset()) -> None:
        self.yard, self.about, self.by_sweep = yard, about, False
        self.points: list[Point] = []
        self.told: list[tuple[Cell, Picture]] = []
        self._faults = faults
        self._worker = Worker(yard.fake, self._meet)
        self._met: set[tuple[str, str]] = set()
        self._quiet = True
        self._report: int | None = None

    def play(self, scenario: Play) -> Picture:
        """The scenario with all that may happen in it, told cell by cell. Returns what is there when nothing did."""
        gc.freeze()
        try:
            scenario(self)
            end = picture(self.yard)
        except BaseException:
            if self._report is None:
                raise
            end = {"broken": traceback.format_exc()[-3000:]}
        finally:
            gc.unfreeze()
        if self._report is not None:
            _tell(self._report, end)
        return as_told(end)

    def drive(self) -> None:
        """Workers go on until nothing is left to do: each change in turn, then the observer, then time."""
        if self.by_sweep:
            self.yard.sweep()
            return
        for _ in range(ROUNDS):
            changes = Change.objects.filter(next_check_at__isnull=False).order_by("requested_at", "pk")
            for change in list(changes.values_list("pk", flat=True)):
                self._work(partial(reconcile, change, self._worker.aws_for))
            self.yard.meanwhile()
            self._work(lambda: observe(self.yard.account.pk, self._worker.aws_for))
            if not self._wait():
                return
        moving = Change.objects.filter(next_check_at__isnull=False).values_list("kind", "status", "waiting_for")
        raise AssertionError(f"It does not come to rest: {list(moving)}")

    def _work(self, act: Callable[[], object]) -> None:
        self._quiet = True
        self._worker.run(act)

    def _wait(self) -> bool:
        """Move time to what is due next, leases of the dead included. Returns False when nothing ever will be."""
        now = timezone.now()
        due = list(_due(now))
        if not due:
            return False
        if min(due) > now:
            self.yard.clock.move_to(min(due))
        return True

    def _meet(self, point: Point) -> Fault | None:
        if self._report is not None:
            return None
        self.points.append(point)
        for fault in self._possible(point):
            here = not self.about or point.where.partition(".")[0] in self.about
            if here and fault in self._faults and self._forked(Cell(len(self.points), point, fault)):
                return fault
        return None

    def _possible(self, point: Point) -> Iterator[Fault]:
        """What may happen at a point, where it leads to anything that was not met before: to be killed before the
        first point of a process is to do nothing; between two reads, to be killed before the first of them; and what
        a step reads, or writes, several times fails in one way."""
        quiet, self._quiet = self._quiet, not point.alters
        if not quiet:
            yield Fault.KILLED
        first = (point.where, point.what) not in self._met
        self._met.add((point.where, point.what))
        if point.is_call and (first or point.alters):
            yield Fault.ANSWER_LOST
        elif first and not point.is_call:
            yield Fault.WRITE_FAILS

    def _forked(self, cell: Cell) -> bool:
        """Whether this is the child, in which it happens; the parent waits for what the child tells."""
        report, told = _fork()
        if report is not None:
            self._report = report
            return True
        self.told.append((cell, told))
        return False


def as_told(end: Picture) -> Picture:
    """A picture as it comes back from a process of its own."""
    told: Picture = json.loads(json.dumps(end))
    return told


def apart(act: Callable[[], Any]) -> Any:
    """What something returns, done in a process of its own: nothing of it remains here."""
    report, told = _fork()
    if report is not None:
        try:
            told = act()
        except BaseException:
            told = {"broken": traceback.format_exc()[-3000:]}
        _tell(report, told)
    return told


def _fork() -> tuple[int | None, Any]:
    """In the child, where to tell; in the parent, once the child is gone, what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        gc.disable()  # what is thrown away here may belong to the test run, and say goodbye in its name
        os.close(reading)
        return writing, None
    os.close(writing)
    with os.fdopen(reading) as report:
        told = report.read()
    os.waitpid(child, 0)
    return None, json.loads(told or '{"broken": "the process ended without a word"}')


def _tell(report: int, end: Any) -> NoReturn:
    """The child's last words: nothing of what a test run does at its end is done here."""
    with os.fdopen(report, "w") as telling:
        json.dump(end, telling)
    os._exit(0)


def _due(now: datetime) -> Iterator[datetime]:
    changes = Change.objects.filter(next_check_at__isnull=False)
    columns = ("status", "held", "start_at", "cleanup", "next_check_at", "lease_until")
    for status, held, start_at, cleanup, check_at, leased in changes.values_list(*columns):
        assert check_at is not None
        later = held or (start_at is not None and start_at > now)
        waiting = status == "awaiting_approval" or (status == "queued" and later)
        if waiting and check_at > now and leased is None and not cleanup:
            continue
        yield max(check_at, leased + MOMENT) if leased else check_at
    watched = Operation.objects.filter(is_open=True, called_at__isnull=False, finished_at__isnull=True)
    accounts = Account.objects.filter(pk__in=watched.values("stack__environment__account"))
    for next_look, until in accounts.values_list("next_look_at", "observer_until"):
        look = next_look or now
        yield max(look, until + MOMENT) if until else look
