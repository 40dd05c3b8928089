"""Signs of life: liveness is work done, not a process id (L7)."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from provisioning.models import Heartbeat

SWEEP, WORKER = "sweep", "worker "
SILENT_AFTER = timedelta(seconds=60)  # without a sweep by anybody
FORGOTTEN_AFTER = timedelta(minutes=15)


@dataclass(frozen=True)
class Worker:
    """A worker process, as `machine/process`, and when it last finished a sweep. That may be minutes ago though it is
    well: a broker can hand every sweep to another worker for long."""

    name: str
    at: datetime


def beat_sweep() -> None:
    """A sweep was finished, by this worker. Workers long silent are forgotten."""
    now = timezone.now()
    mine = f"{WORKER}{socket.gethostname()[:22]}/{os.getpid()}"
    for name in (SWEEP, mine):
        Heartbeat.objects.update_or_create(name=name, defaults={"at": now})
    Heartbeat.objects.filter(name__startswith=WORKER, at__lt=now - FORGOTTEN_AFTER).delete()


def last_sweep() -> datetime | None:
    """When a worker last finished a sweep; None when none ever did."""
    return Heartbeat.objects.filter(name=SWEEP).values_list("at", flat=True).first()


def workers() -> tuple[Worker, ...]:
    """The workers of the last quarter of an hour, by name."""
    rows = Heartbeat.objects.filter(name__startswith=WORKER).order_by("name")
    return tuple(Worker(row.name.removeprefix(WORKER), row.at) for row in rows)
