"""The address of a way out."""

from django.urls import path

from portal.recovering import views

urlpatterns = [
    path(
        "environments/<slug:application>/<slug:name>/recover/<slug:stack>/",
        views.recover,
        name="environment_recover",
    ),
]
