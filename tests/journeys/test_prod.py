"""Prod: somebody else looks at the plan first, and what they reject leaves nothing behind."""

from bench.asking import ask_create, changes_on, follow, status_of
from bench.running import Running, until
from bench.visitor import Page, Visitor

from .looks import Aws, executions, has_stack, waiting_for_aws


def _decide(person: Visitor, path: str, verdict: str, comment: str) -> Page:
    form = person.get(path).form("/approve/")
    return person.post(f"{path}{verdict}/", form.filled({"comment": comment}))


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
    assert has_stack(aws, "fileshare-data-prod")  # the shell that the change set needs

    without = _decide(ada, path, "reject", " ")
    assert without.status == 422
    assert status_of(alice.get(path)) == "Awaiting approval"

    _decide(ada, path, "reject", "Two tasks will not do.")
    said = follow(alice, path, "Rejected").words

    assert "Ada Adler rejected this: Two tasks will not do." in said
    until(lambda: not has_stack(aws, "fileshare-data-prod"), "the shell of the rejected plan is removed")
    assert not has_stack(aws, "fileshare-prod")
    assert "file-sharing-app-prod-users" not in aws("dynamodb").list_tables()["TableNames"]
    assert _again(alice) != path  # the name is free again


def _again(person: Visitor) -> str:
    """A request for fileshare/prod that waits for its approval: the open one, or a new one."""
    page = person.get("/changes/?application=fileshare&environment=prod&status=awaiting_approval")
    path = next(iter(changes_on(page)), "") or ask_create(person, "fileshare", "prod")
    follow(person, path, "Awaiting approval")
    return path


def test_aws_is_away_when_an_approved_change_is_to_run(alice: Visitor, ada: Visitor, aws: Aws, yard: Running) -> None:
    path = _again(alice)
    form = ada.get(path).form("/approve/")
    yard.stop("local AWS")

    ada.post(form.action, form.filled({"comment": "go"}))
    said = waiting_for_aws(alice, path)

    assert "Stackyard tries again by itself; there is nothing to do." in said
    assert status_of(alice.get(path)) == "Queued"  # what its plan rests on could not be read again, so nothing runs
    yard.start_aws()
    follow(alice, path)
    assert executions(aws, "fileshare-data-prod") == executions(aws, "fileshare-prod") == 1
