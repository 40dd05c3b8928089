"""Addresses of the costs."""

from django.urls import path

from portal.costs import views

urlpatterns = [
    path("costs/", views.costs, name="costs"),
    path("costs/numbers.csv", views.costs_csv, name="costs_csv"),
    path("costs/numbers.json", views.costs_json, name="costs_json"),
    path("costs/source/", views.costs_source, name="costs_source"),
    path("costs/refresh/", views.costs_refresh, name="costs_refresh"),
]
