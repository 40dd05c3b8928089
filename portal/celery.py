"""The Celery application. The database is the queue; messages are only a doorbell (DESIGN: the heart)."""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.beat import EmbeddedService
from click import Option

from portal.broker import use_safe_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

use_safe_files()
app = Celery("stackyard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["provisioning"])
app.user_options["worker"].add(
    Option(["--scheduling"], is_flag=True, help="Run the scheduler, too, as a thread of this worker.")
)


class Scheduling(bootsteps.StartStopStep):
    """The scheduler as a thread of the worker that was asked for it. Celery's own option for that starts a process,
    which soon holds nearly as much memory as the worker that it was forked from."""

    def __init__(self, worker: Any, *, scheduling: bool = False, **options: Any) -> None:
        self.enabled = scheduling
        super().__init__(worker, **options)

    def include_if(self, worker: Any) -> bool:
        """Only where it was asked for."""
        return bool(self.enabled)

    def create(self, worker: Any) -> Any:
        """The thread; the worker starts it with everything else, and ends it so."""
        return EmbeddedService(worker.app, thread=True, schedule_filename=worker.schedule_filename)


app.steps["worker"].add(Scheduling)
