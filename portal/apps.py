"""The pages."""

from django.apps import AppConfig
from django.core.checks import register

from portal.celery import app as celery_app
from portal.checks import check_blueprints


class PortalConfig(AppConfig):
    """Registers the checks that run at every start. Whoever has Django has the Celery application, which tasks are sent
    by; the command line, which is in this package too, has neither."""

    name = "portal"
    celery = celery_app

    def ready(self) -> None:
        """Register the checks."""
        register(check_blueprints)
