"""Addresses of one environment's costs, and of what could be saved."""

from django.urls import path

from portal.environment_costs import views

urlpatterns = [
    path("environments/<slug:application>/<slug:name>/costs/", views.environment_costs, name="environment_costs"),
    path("costs/savings/", views.savings, name="savings"),
]
