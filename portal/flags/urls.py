"""Addresses of flags."""

from django.urls import path

from portal.flags import views

_ONE = "environments/<slug:application>/<slug:name>/flags/"

urlpatterns = [
    path("flags/", views.flags, name="flags"),
    path("flags/live/", views.flags_live, name="flags_live"),
    path(_ONE, views.of_environment, name="environment_flags"),
    path(f"{_ONE}live/", views.of_environment_live, name="environment_flags_live"),
]
