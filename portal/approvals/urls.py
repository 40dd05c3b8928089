"""The address of the approvals page."""

from django.urls import path

from portal.approvals import views

urlpatterns = [path("approvals/", views.approvals, name="approvals")]
