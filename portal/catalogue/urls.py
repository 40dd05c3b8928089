"""Addresses of the catalogue."""

from django.urls import path

from portal.catalogue import views

urlpatterns = [
    path("catalogue/", views.catalogue, name="catalogue"),
    path("catalogue/<slug:application>/", views.application, name="application"),
    path("blueprints/", views.blueprint_problems, name="blueprint_problems"),
]
