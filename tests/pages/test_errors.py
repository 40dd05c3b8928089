"""What people are told when Stackyard itself has trouble."""

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from portal.errors import server_error


def failing(error: Exception) -> str:
    """The page for what a view raised, rendered as Django does it: while the exception is being handled."""
    try:
        raise error
    except type(error):
        return server_error(RequestFactory().get("/")).content.decode()


def test_a_database_that_is_away_is_said_without_asking_it() -> None:
    """No test without `db` may ask the database: neither does this page, or nobody would ever see it."""
    html = failing(OperationalError("connection refused"))

    assert "The database does not answer" in html
    assert "connection refused" not in html


@pytest.mark.django_db
def test_our_own_fault_has_a_reference() -> None:
    html = failing(ZeroDivisionError("division by zero"))

    assert "Something broke in Stackyard" in html
    assert "Reference" in html
    assert "division" not in html
