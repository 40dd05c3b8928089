"""Addresses of what can be adopted."""

from django.urls import path

from portal.adopting import views

urlpatterns = [
    path("adopt/", views.adopt, name="adopt"),
    path("adopt/<slug:application>/<slug:name>/", views.request_adopt, name="request_adopt"),
]
