"""Addresses of jobs on items."""

from django.urls import path

from portal.item_jobs import acts, asking, views

_TABLE = "environments/<slug:application>/<slug:name>/tables/<str:table>/"
_JOB = f"{_TABLE}jobs/<uuid:job_id>/"

urlpatterns = [
    path("jobs/", views.my_jobs, name="my_jobs"),
    path(f"{_TABLE}export/", asking.export, name="table_export"),
    path(f"{_TABLE}count/", asking.count, name="table_count"),
    path(f"{_TABLE}jobs/", views.of_table, name="item_jobs"),
    path(_JOB, views.job, name="item_job"),
    path(f"{_JOB}live/", views.live, name="item_job_live"),
    path(f"{_JOB}cancel/", acts.cancel, name="item_job_cancel"),
    path(f"{_JOB}resume/", acts.resume, name="item_job_resume"),
    path(f"{_JOB}again/", acts.again, name="item_job_retry"),
    path(f"{_JOB}remove/", acts.remove, name="item_job_drop"),
    path(f"{_JOB}download/", acts.download, name="item_job_download"),
    path(f"{_JOB}file/<str:ticket>/", acts.file, name="item_job_file"),
]
