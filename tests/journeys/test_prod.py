"""Prod: somebody else looks at the plan first, and what they reject leaves nothing behind."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from bench.asking import ask_create, follow, status_of
from bench.running import until
from bench.visitor import Page, Visitor

Aws = Callable[[str], Any]


def _decide(person: Visitor, path: str, verdict: str, comment: str) -> Page:
    form = person.get(path).form("/approve/")
    return person.post(f"{path}{verdict}/", form.filled({"comment": comment}))


def _has_stack(aws: Aws, name: str) -> bool:
    try:
        (stack,) = aws("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError:
        return False
    return bool(stack["StackStatus"] != "DELETE_COMPLETE")


def test_an_admin_approves_and_exactly_that_runs(alice: Visitor, ada: Visitor, aws: Aws) -> None:
    path = ask_create(alice, "hello-erlang", "prod", {"reason": "going live"})
    waiting = follow(alice, path, "Awaiting approval")
    assert not any(form.action.endswith("/approve/") for form in waiting.forms)
    assert path in ada.get("/approvals/").html

    # The form is not there for alice; the server refuses the same, whatever she sends.
    form = ada.get(path).form("/approve/")
    own = alice.get("/environments/").html.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    sent = [(name, value) for name, value in form.filled({"comment": "mine"}) if name != "csrfmiddlewaretoken"]
    refused = alice.post(f"{path}approve/", [("csrfmiddlewaretoken", own), *sent])
    assert refused.status == 403
    assert "somebody else decides" in refused.words
    assert status_of(alice.get(path)) == "Awaiting approval"
    reviewed = _change_set(aws, "hello-erlang-data-prod")

    _decide(ada, path, "approve", "read every line")
    done = follow(alice, path)

    assert "hello-erlang/prod is ready." in done.words
    assert "read every line" in done.words
    assert "Ada Adler" in done.words
    (data,) = aws("cloudformation").describe_stacks(StackName="hello-erlang-data-prod")["Stacks"]
    assert data["StackStatus"] == "CREATE_COMPLETE"
    assert data["EnableTerminationProtection"] is True
    assert data.get("ChangeSetId", reviewed) == reviewed


def _change_set(aws: Aws, stack: str) -> str:
    (found,) = aws("cloudformation").list_change_sets(StackName=stack)["Summaries"]
    return str(found["ChangeSetId"])


def test_what_is_rejected_leaves_nothing_behind(alice: Visitor, ada: Visitor, aws: Aws) -> None:
    path = ask_create(alice, "fileshare", "prod")
    follow(alice, path, "Awaiting approval")
    assert _has_stack(aws, "fileshare-data-prod")  # the shell that the change set needs

    without = _decide(ada, path, "reject", " ")
    assert without.status == 422
    assert status_of(alice.get(path)) == "Awaiting approval"

    _decide(ada, path, "reject", "Two tasks will not do.")
    said = follow(alice, path, "Rejected").words

    assert "Ada Adler rejected this: Two tasks will not do." in said
    until(lambda: not _has_stack(aws, "fileshare-data-prod"), "the shell of the rejected plan is removed")
    assert not _has_stack(aws, "fileshare-prod")
    assert "file-sharing-app-prod-users" not in aws("dynamodb").list_tables()["TableNames"]
    # The name is free again.
    follow(alice, ask_create(alice, "fileshare", "prod"), "Awaiting approval")
