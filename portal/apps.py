"""The pages."""

from django.apps import AppConfig
from django.core.checks import register

from portal.checks import check_blueprints


class PortalConfig(AppConfig):
    """Registers the checks that run at every start."""

    name = "portal"

    def ready(self) -> None:
        """Register the checks."""
        register(check_blueprints)
