"""The side of Stackyard that faces AWS."""

from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    """Holds the models; workers find the tasks in `provisioning.tasks`."""

    name = "provisioning"
    default_auto_field = "django.db.models.BigAutoField"
