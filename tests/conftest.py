"""The database of the tiers that test in memory: migrated once, copied into each process."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import connection

from bench.migrated import copy_migrated


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """What pytest-django is about to migrate has its tables already; whatever they lack is applied then."""
    if connection.vendor != "sqlite":
        yield
        return
    name = f"file:memorydb_{connection.alias}?mode=memory&cache=shared"  # as Django calls it
    with closing(sqlite3.connect(name, uri=True)) as shared:
        copy_migrated(shared)
        yield  # a database in memory lasts as long as somebody is connected to it
