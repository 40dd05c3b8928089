"""The person who signs in."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person. What they may do follows from their groups: engineers, admins, auditors."""
