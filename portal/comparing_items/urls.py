"""Addresses of comparisons."""

from django.urls import path

from portal.comparing_items import results, views

_ONE = "environments/<slug:application>/<slug:name>/tables/<str:table>/compare/"

urlpatterns = [
    path(_ONE, views.comparison, name="table_compare"),
    path(f"{_ONE}price/", views.price, name="table_compare_price"),
    path(f"{_ONE}job/", views.job, name="table_compare_job"),
    path(f"{_ONE}<uuid:job_id>/", results.result, name="table_compare_result"),
]
