"""Addresses of the list of changes, of one change, and of what can be done to it."""

from django.urls import path

from portal.changes import acts, views

urlpatterns = [
    path("changes/", views.changes, name="changes"),
    path("changes/<uuid:change_id>/", views.change, name="change"),
    path("changes/<uuid:change_id>/live/", views.change_live, name="change_live"),
    path("changes/<uuid:change_id>/events/", views.change_events, name="change_events"),
    path("changes/<uuid:change_id>/plan.json", views.change_plan, name="change_plan"),
    path("changes/<uuid:change_id>/approve/", acts.change_approve, name="change_approve"),
    path("changes/<uuid:change_id>/reject/", acts.change_reject, name="change_reject"),
    path("changes/<uuid:change_id>/cancel/", acts.change_cancel, name="change_cancel"),
    path("changes/<uuid:change_id>/retry/", acts.change_retry, name="change_retry"),
]
