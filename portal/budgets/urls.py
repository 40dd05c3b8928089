"""Addresses of budgets."""

from django.urls import path

from portal.budgets import views

urlpatterns = [
    path("costs/budgets/", views.budgets, name="budgets"),
    path("costs/budgets/set/", views.budget_set, name="budget_set"),
    path("costs/budgets/<int:budget_id>/remove/", views.budget_remove, name="budget_remove"),
]
