"""Addresses of schedules. A key has slashes, so it comes last."""

from django.urls import path

from portal.schedules import ends, views

_ALL = "environments/<slug:application>/<slug:name>/schedules/"

urlpatterns = [
    path(f"{_ALL}of/<path:key>/", views.schedule, name="parameter_schedule"),
    path(f"{_ALL}<int:schedule>/resume/", ends.resume, name="parameter_schedule_resume"),
    path(f"{_ALL}<int:schedule>/cancel/", ends.cancel, name="parameter_schedule_cancel"),
]
