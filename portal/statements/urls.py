"""Addresses of statements on a table."""

from django.urls import path

from portal.statements import views

_ONE = "environments/<slug:application>/<slug:name>/tables/<str:table>/statement/"

urlpatterns = [
    path(_ONE, views.statement, name="table_statement"),
    path(f"{_ONE}judged/", views.judged, name="table_statement_judged"),
]
