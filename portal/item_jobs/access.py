"""Fetching jobs with permission."""

import uuid

from django.http import Http404, HttpRequest
from django.urls import reverse

from portal.access import access_environment
from provisioning.models import ItemJob


def access_job(request: HttpRequest, application: str, name: str, table: str, job_id: uuid.UUID) -> ItemJob:
    """A job of that table of that environment, which everybody who signs in may look at; the table itself may be gone
    by now. Another environment's job is a 404 (pitfall 42). Raises Http404."""
    environment = access_environment(request, application, name)
    found = (
        ItemJob.objects.select_related("environment__owner", "environment__account", "asked_by", "change")
        .filter(environment=environment, table=table, pk=job_id)
        .first()
    )
    if found is None:
        raise Http404(f"There is no such job of {table}.")
    return found


def access_any_job(request: HttpRequest, job_id: uuid.UUID) -> ItemJob:
    """A job by its id alone, which everybody who signs in may look at. Raises Http404."""
    if not request.user.is_authenticated:
        raise Http404
    jobs = ItemJob.objects.select_related("environment__owner", "environment__account", "asked_by", "change")
    found = jobs.filter(pk=job_id).first()
    if found is None:
        raise Http404("There is no such job.")
    return found


def address(url_name: str, job: ItemJob, **more: object) -> str:
    """The address of a page of a job, or of a part of it."""
    environment = job.environment
    parts = {"application": environment.application, "name": environment.name, "table": job.table, "job_id": job.pk}
    return reverse(url_name, kwargs={**parts, **more})
