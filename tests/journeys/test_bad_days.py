"""Workers that die, an AWS that is away, credentials that are gone: nothing is lost, nothing is done twice."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bench.asking import ask_act, ask_create, follow, status_of
from bench.running import Running, until
from bench.visitor import Visitor

Aws = Callable[[str], Any]

CALLS_OF_A_CREATE = 20
KILLS = 3
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


def _executions(aws: Aws, stack: str) -> int:
    """How often something was begun on the one stack of that name: its events that say so."""
    cloudformation = aws("cloudformation")
    pages = cloudformation.get_paginator("list_stacks").paginate()
    ids = [one["StackId"] for page in pages for one in page["StackSummaries"] if one["StackName"] == stack]
    assert len(ids) == 1, f"{stack}: {ids}"
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=ids[0])
    statuses = Counter(
        event["ResourceStatus"]
        for page in pages
        for event in page["StackEvents"]
        if event["ResourceType"] == "AWS::CloudFormation::Stack"
    )
    return statuses["CREATE_IN_PROGRESS"]


def test_a_worker_killed_at_any_moment_is_survived(alice: Visitor, aws: Aws, yard: Running) -> None:
    moments = random.sample(range(1, CALLS_OF_A_CREATE), KILLS)
    paths = []
    for number, calls in enumerate(moments):
        until(lambda: yard.worker_calls() or b"sweep" in yard.children["worker"].log.read_bytes(), "the worker works")
        before = yard.worker_calls()
        paths.append(ask_create(alice, "hello-erlang", f"dev-crash-{number}"))
        until(
            lambda enough=before + calls: yard.worker_calls() >= enough,  # type: ignore[misc]  # bound now
            f"{calls} calls to AWS",
            pause=0.001,
        )
        yard.kill("worker")
        yard.start_worker()

    for number, path in enumerate(paths):
        page = follow(alice, path, seconds=90)
        assert f"hello-erlang/dev-crash-{number} is ready." in page.words, f"killed after {moments} calls"
        for stack in (f"hello-erlang-data-dev-crash-{number}", f"hello-erlang-dev-crash-{number}"):
            assert _executions(aws, stack) == 1, f"killed after {moments} calls"


def test_aws_is_away_while_a_change_is_planned(alice: Visitor, yard: Running) -> None:
    follow(alice, ask_create(alice, "hello-erlang", "dev-away"))
    yard.stop("local AWS")

    path = ask_act(alice, "hello-erlang", "dev-away", "park")
    said = until(lambda: _waits(alice, path), "the page says that AWS does not answer")

    assert "Stackyard tries again by itself; there is nothing to do." in said
    assert status_of(alice.get(path)) == "Planning"
    yard.start_aws()
    follow(alice, path)


def test_aws_is_away_while_a_change_runs(alice: Visitor, ada: Visitor, aws: Aws, yard: Running) -> None:
    path = ask_create(alice, "fileshare", "prod") if not _open_prod(alice) else _open_prod(alice)
    follow(alice, path, "Awaiting approval")
    form = ada.get(path).form("/approve/")
    yard.stop("local AWS")

    ada.post(form.action, form.filled({"comment": "go"}))
    said = until(lambda: _waits(alice, path), "the page says that AWS does not answer")

    assert "could not be reached in time" in said
    assert status_of(alice.get(path)) == "Running"
    yard.start_aws()
    follow(alice, path)
    assert _executions(aws, "fileshare-data-prod") == 1


def _open_prod(person: Visitor) -> str:
    page = person.get("/changes/?application=fileshare&environment=prod&status=awaiting_approval")
    found = [part.partition('"')[0] for part in page.html.split('href="/changes/')[1:] if part[8:9] == "-"]
    return f"/changes/{found[0]}" if found else ""


def _waits(person: Visitor, path: str) -> str:
    words = person.get(path).words
    return words if "could not be reached in time" in words else ""


@pytest.fixture
def no_credentials(yard: Running) -> Running:
    """Stackyard whose worker has no credentials."""
    yard.stop("worker")
    yard.start_worker(without=CREDENTIALS)
    return yard


def test_missing_credentials_fail_with_a_sentence_and_a_retry(alice: Visitor, no_credentials: Running) -> None:
    path = ask_create(alice, "hello-erlang", "dev-keyless")

    failed = follow(alice, path, "Failed")

    assert "AWS does not accept Stackyard's credentials: they are missing, wrong or expired." in failed.words
    no_credentials.stop("worker")
    no_credentials.start_worker()
    alice.submit(failed.form("/retry/"))
    follow(alice, path)
