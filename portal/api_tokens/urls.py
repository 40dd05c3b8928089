"""Addresses of a person's API tokens."""

from django.urls import path

from portal.api_tokens import views

urlpatterns = [
    path("accounts/tokens/", views.tokens, name="api_tokens"),
    path("accounts/tokens/<int:number>/revoke/", views.revoke, name="api_token_revoke"),
]
