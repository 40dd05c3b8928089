"""Pitfall 41: what is in items reaches no log, no message of the broker, and no line of the web server."""

import inspect
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from provisioning import tasks

TASKS = [task for task in vars(tasks).values() if hasattr(task, "delay")]
IDS = re.compile(r"[a-z_]*id")
TELLTALES = ("boto3", "botocore", "urllib3")


def test_there_are_tasks() -> None:
    assert len(TASKS) > 5


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_pitfall_41_a_task_takes_ids_and_nothing_else(task: Callable[..., Any]) -> None:
    parameters = inspect.signature(task).parameters.values()
    named = [one for one in parameters if one.kind is not inspect.Parameter.VAR_KEYWORD]
    assert all(IDS.fullmatch(one.name) and one.annotation in {"str", str, int} for one in named), named


def test_pitfall_41_no_result_is_kept_by_the_broker() -> None:
    assert settings.CELERY_TASK_IGNORE_RESULT is True


@pytest.mark.parametrize("name", TELLTALES)
def test_pitfall_41_what_is_sent_to_aws_is_never_logged(name: str) -> None:
    """At DEBUG these would write whole requests and answers."""
    assert not logging.getLogger(f"{name}.parsers").isEnabledFor(logging.DEBUG)


def test_pitfall_41_the_web_server_writes_no_query_strings() -> None:
    """They carry what somebody asked for. `%(r)s` is the whole request line, `%(f)s` where somebody came from."""
    dockerfile = (settings.BASE_DIR / "Dockerfile").read_text()
    (form,) = re.findall(r'"--access-logformat", "([^"]+)"', dockerfile)
    assert not re.search(r"%\((r|q|f)\)s", form)
