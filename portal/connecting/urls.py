"""Addresses of an environment's configuration."""

from django.urls import path

from portal.connecting import views

_ALL = "environments/<slug:application>/<slug:name>/connect/"

urlpatterns = [
    path(_ALL, views.connect, name="environment_connect"),
    path(f"{_ALL}secrets/", views.secrets, name="environment_secrets"),
    path(f"{_ALL}<slug:format>/", views.configuration, name="environment_configuration"),
]
