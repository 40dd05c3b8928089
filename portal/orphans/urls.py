"""Addresses of the kept tables."""

from django.urls import path

from portal.orphans import views

urlpatterns = [
    path("orphans/", views.orphans, name="orphans"),
    path("orphans/look-again/", views.look_again, name="look_again"),
    path("orphans/delete/<slug:application>/<slug:name>/", views.delete, name="orphans_delete"),
]
