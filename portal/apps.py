"""The pages."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Registers the checks that run at every start."""

    name = "portal"

    def ready(self) -> None:
        """Load the checks."""
