"""Addresses of the request forms."""

from django.urls import path

from portal.requesting import views

urlpatterns = [
    path("request/<slug:application>/", views.request_create, name="request_create"),
    path("request/<slug:application>/names/", views.request_names, name="request_names"),
    path("request/<slug:application>/choices/", views.request_choices, name="request_choices"),
    path("request/<slug:application>/price/", views.request_price, name="request_price"),
    path("environments/<slug:application>/<slug:name>/update/", views.request_update, name="request_update"),
]
