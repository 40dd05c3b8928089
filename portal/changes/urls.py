"""Addresses of the list of changes, of one change, and of what can be done to it."""

from django.urls import path

from portal.changes import acts, again, files, views

urlpatterns = [
    path("changes/", views.changes, name="changes"),
    path("changes/<uuid:change_id>/", views.change, name="change"),
    path("changes/<uuid:change_id>/live/", views.change_live, name="change_live"),
    path("changes/<uuid:change_id>/events/", views.change_events, name="change_events"),
    path("changes/<uuid:change_id>/plan.json", files.change_plan, name="change_plan"),
    path("changes/<uuid:change_id>/plans/<int:number>/", views.change_plan_at, name="change_plan_at"),
    path("changes/<uuid:change_id>/plans/<int:number>.json", files.change_plan_file, name="change_plan_file"),
    path("changes/<uuid:change_id>/receipt.json", files.change_receipt, name="change_receipt"),
    path("changes/<uuid:change_id>/approve/", acts.change_approve, name="change_approve"),
    path("changes/<uuid:change_id>/reject/", acts.change_reject, name="change_reject"),
    path("changes/<uuid:change_id>/send-back/", acts.change_send_back, name="change_send_back"),
    path("changes/<uuid:change_id>/run/", acts.change_run, name="change_run"),
    path("changes/<uuid:change_id>/cancel/", acts.change_cancel, name="change_cancel"),
    path("changes/<uuid:change_id>/retry/", acts.change_retry, name="change_retry"),
    path("changes/<uuid:change_id>/items-again/", again.items_again, name="change_items_again"),
    path("changes/<uuid:change_id>/reveal/", acts.change_reveal, name="change_reveal"),
]
