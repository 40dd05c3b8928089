"""The side of Stackyard that faces people: every page, form and sign-in."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
