"""Addresses of drift."""

from django.urls import path

from portal.drift import views

_ONE = "environments/<slug:application>/<slug:name>/drift/"

urlpatterns = [
    path(_ONE, views.drift, name="environment_drift"),
    path(f"{_ONE}detect/", views.detect, name="environment_detect_drift"),
    path(f"{_ONE}repair/", views.repair, name="environment_repair_drift"),
    path(f"{_ONE}accept/", views.accept, name="environment_accept_drift"),
]
