"""What every test, or every process, would do anew is done once: migrating, reading botocore's models."""

import functools
import gc
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from botocore.loaders import JSONFileLoader
from django.db import connection

from bench.migrated import copy_migrated


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: looking through it for garbage again and again finds none."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


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


@pytest.fixture(scope="session", autouse=True)
def _models_read_once() -> Iterator[None]:
    """Every session of boto3 reads its services' models anew, and each `mock_aws` begins with a session of its own."""
    files = JSONFileLoader()
    read = functools.cache(files.load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield
