"""The Celery application. The database is the queue; messages are only a doorbell (DESIGN: the heart)."""

import os

from celery import Celery

from portal.broker import use_safe_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

use_safe_files()
app = Celery("stackyard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["provisioning"])
