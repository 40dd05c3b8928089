"""People."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Holds the user model."""

    name = "portal.accounts"
    label = "accounts"
