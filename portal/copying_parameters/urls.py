"""The address of copying values into an environment."""

from django.urls import path

from portal.copying_parameters import views

urlpatterns = [
    path("environments/<slug:application>/<slug:name>/copy-parameters/", views.copy_parameters, name="copy_parameters"),
]
