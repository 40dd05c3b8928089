"""Addresses of releases."""

from django.urls import path

from portal.releases import views

_ONE = "environments/<slug:application>/<slug:name>/"

urlpatterns = [
    path(f"{_ONE}releases/", views.releases, name="releases"),
    path(f"{_ONE}releases/compare/", views.release_diff, name="release_diff"),
    path(f"{_ONE}releases/<int:number>/", views.release, name="release"),
    path(f"{_ONE}releases/<int:number>/promote/", views.promote, name="promote"),
    path(f"{_ONE}deploy/", views.deploy, name="deploy"),
    path(f"{_ONE}redeploy/", views.redeploy, name="redeploy"),
    path(f"{_ONE}roll-back/", views.roll_back, name="roll_back"),
]
