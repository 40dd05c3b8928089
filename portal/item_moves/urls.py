"""Addresses of what moves many items."""

from django.urls import path

from portal.item_moves import copying, deleting, importing, putting_back, reports

_TABLE = "environments/<slug:application>/<slug:name>/tables/<str:table>/"
_JOB = f"{_TABLE}jobs/<uuid:job_id>/"

urlpatterns = [
    path(f"{_TABLE}import/", importing.upload, name="table_import"),
    path(f"{_TABLE}import/<uuid:job_id>/", importing.run, name="table_import_run"),
    path(f"{_TABLE}delete-items/", deleting.freeze, name="table_delete_items"),
    path(f"{_TABLE}delete-items/<uuid:job_id>/", deleting.run, name="table_delete_run"),
    path(f"{_TABLE}copy-items/", copying.copy, name="table_copy_items"),
    path(f"{_JOB}put-back/", putting_back.put_back, name="item_job_put_back"),
    path(f"{_JOB}report/", reports.report, name="item_job_report"),
    path(f"{_JOB}report/file/", reports.report_file, name="item_job_report_file"),
]
