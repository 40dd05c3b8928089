"""Addresses of a table's page and its parts."""

from django.urls import path

from portal.tables import views

_ONE = "environments/<slug:application>/<slug:name>/tables/<str:table>/"

urlpatterns = [
    path(_ONE, views.explore, name="table"),
    path(f"{_ONE}price/", views.price, name="table_price"),
    path(f"{_ONE}controls/", views.controls, name="table_controls"),
    path(f"{_ONE}columns/", views.columns, name="table_columns"),
]
