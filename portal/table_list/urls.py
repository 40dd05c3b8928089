"""Addresses of lists of tables."""

from django.urls import path

from portal.table_list import views

urlpatterns = [
    path("tables/", views.tables, name="tables"),
    path("environments/<slug:application>/<slug:name>/tables/", views.of_environment, name="environment_tables"),
]
