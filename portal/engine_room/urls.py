"""Addresses of the engine's page, and of taking up again what was set aside."""

from django.urls import path

from portal.engine_room import views

urlpatterns = [
    path("engine/", views.engine, name="engine"),
    path("changes/<uuid:change_id>/take-up/", views.change_take_up, name="change_take_up"),
]
