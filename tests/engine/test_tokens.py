"""Request tokens: made of what the database knows, stored before the call, looked for before it is made again (S20–S22,
L16). That one token never stands for two requests is also checked at every call of the crash matrix."""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.engine.work import CANCEL, request_token, shell_token
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Change, Environment, Operation, Stack

from .stuck import only, recover, roll_back_stuck
from .yard import HELLO, UPDATED, Yard

TAKEN = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")  # what CloudFormation takes as the name of a change set, and as a token
VERBS = ("plan", "run", CANCEL)
Sent = tuple[uuid.UUID, str, str, int, int]
sent = st.tuples(
    st.uuids(), st.sampled_from(list(StackKind)), st.sampled_from(VERBS), st.integers(1, 99), st.integers(0, 12)
)
shells = st.uuids().map(lambda uid: f"arn:aws:cloudformation:us-east-1:123456789012:stack/a/{uid}")


def operation_of(one: Sent) -> Operation:
    change = Change(pk=one[0], attempt=one[3])
    return Operation(change=change, stack=Stack(kind=one[1]), part=one[4])


@given(sent, sent)
def test_no_two_requests_share_a_token(one: Sent, other: Sent) -> None:
    """Another change, stack, call, attempt or part is another request; the same ones are the same again."""
    mine, yours = request_token(operation_of(one), one[2]), request_token(operation_of(other), other[2])
    assert (mine == yours) == (one == other)
    assert TAKEN.fullmatch(mine)
    assert len(mine) <= 128


@given(sent, shells, shells)
def test_two_shells_of_one_attempt_go_by_two_tokens(one: Sent, shell: str, other: str) -> None:
    operation = operation_of(one)
    mine = shell_token(operation, shell)
    assert (mine == shell_token(operation, other)) == (shell.rpartition("/")[2][:8] == other.rpartition("/")[2][:8])
    assert mine not in {request_token(operation, verb) for verb in VERBS}
    assert TAKEN.fullmatch(mine)
    assert len(mine) <= 128


def updated(yard: Yard, environment: Environment) -> Change:
    return yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])


def parked(yard: Yard, environment: Environment) -> Change:
    return yard.did(environment, ChangeKind.PARK)


def recovered(yard: Yard, environment: Environment) -> Change:
    return recover(yard, environment)


def left_as_it_failed(yard: Yard, environment: Environment) -> None:
    """Somebody has AWS leave an update of compute where it fails."""
    roll_back_stuck(yard, environment)
    yard.fake.force("hello-erlang-dev", "UPDATE_FAILED")
    yard.stack(environment, "compute").save()
    Stack.objects.filter(environment=environment, kind="compute").update(status="UPDATE_FAILED")
    assert only(environment).way_out.what == "roll_back"


def nothing(yard: Yard, environment: Environment) -> None:
    """It is up, and that will do."""


CALLS: Mapping[str, tuple[Callable[[Yard, Environment], object], Callable[[Yard, Environment], Change]]] = {
    "CreateChangeSet": (nothing, updated),
    "ExecuteChangeSet": (nothing, updated),
    "DeleteStack": (nothing, parked),
    "ContinueUpdateRollback": (roll_back_stuck, recovered),
    "RollbackStack": (left_as_it_failed, recovered),
}


@pytest.mark.parametrize("retry_safe", [True, False])
@pytest.mark.parametrize("lost", ["lose_answer", "lose_call"])
@pytest.mark.parametrize("operation", list(CALLS))
def test_a_call_that_is_made_again_is_the_same_call(yard: Yard, operation: str, lost: str, *, retry_safe: bool) -> None:
    """Whether AWS knows a token again or not: what landed is found, and nothing is sent under a fresh one."""
    environment = yard.ready()
    before, act = CALLS[operation]
    before(yard, environment)
    yard.fake.world.retry_safe_tokens = retry_safe
    seen: Counter[str] = Counter()
    yard.fake.script.watch(operation, lambda asked: seen.update([_token(asked)]))
    getattr(yard.fake.script, lost)(operation)
    change = act(yard, environment)
    assert (change.status, change.problem) == ("succeeded", None)
    # A change set is made for each stack, and each of the two is a request of its own.
    assert len(seen) == (2 if operation == "CreateChangeSet" else 1)
    assert all(token.startswith(f"sy-{change.pk.hex}-") and "-1" in token for token in seen)
    assert max(seen.values()) <= (2 if retry_safe or operation == "CreateChangeSet" else 1)
    _begun_once(yard, change)


def _token(asked: Mapping[str, Any]) -> str:
    return str(asked.get("ClientToken") or asked["ClientRequestToken"])


def _begun_once(yard: Yard, change: Change) -> None:
    """Each operation of the change was begun once, as the events under its token tell."""
    begun: Counter[str] = Counter()
    for stack in yard.fake.world.stacks.values():
        for event in stack.events:
            own = event["LogicalResourceId"] == stack.name and change.pk.hex in event.get("ClientRequestToken", "")
            if own and event["ResourceStatus"].endswith("_IN_PROGRESS") and "CLEANUP" not in event["ResourceStatus"]:
                begun[event["ClientRequestToken"]] += 1
    assert begun
    assert set(begun.values()) == {1}


@pytest.mark.parametrize("operation", ["ExecuteChangeSet", "DeleteStack"])
def test_the_token_is_stored_before_the_call(yard: Yard, operation: str) -> None:
    environment = yard.ready()
    stored: list[bool] = []

    def look(asked: Mapping[str, Any]) -> None:
        stored.append(Operation.objects.filter(token=_token(asked), called_at__isnull=True).exists())

    yard.fake.script.watch(operation, look)
    change = (updated if operation == "ExecuteChangeSet" else parked)(yard, environment)
    assert change.status == "succeeded"
    assert stored == [True]
