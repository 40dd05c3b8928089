"""Who may ask for a way out, when, and what a request writes down. Nothing in here calls AWS."""

import uuid

import pytest

from portal.approvals.waiting import decidable_by
from provisioning.actions.actor import Actor
from provisioning.actions.deciding import is_asked
from provisioning.actions.recovering import do_request_recover, stuck, why_not_recover
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask
from provisioning.actions.retrying import do_retry, why_not_retry
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment, Event, StackResource

from .conftest import person
from .rows import asked_for, at, awaiting, brought_up, everything

GROUP = "AWS::AutoScaling::AutoScalingGroup"
STUCK = "UPDATE_ROLLBACK_FAILED"
RECOVER = ChangeKind.RECOVER


@pytest.fixture
def environment(account: object, alice: Actor) -> Environment:
    """dev-alice, up."""
    return brought_up(asked_for(alice, "dev-alice"))


def left(environment: Environment, kind: StackKind, status: str, *failed: str) -> Environment:
    """The stack came to rest in that status, these resources having failed in a roll-back, or in a deletion."""
    change, stack = environment.changes.get(), environment.stacks.get(kind=kind)
    stack.status, stack.status_reason = status, "Something is wrong"
    stack.save()
    verb = "DELETE_FAILED" if status == "DELETE_FAILED" else "UPDATE_FAILED"
    lines = [(stack.name, stack.stack_id, "UPDATE_ROLLBACK_IN_PROGRESS", "")] if verb == "UPDATE_FAILED" else []
    lines += [(name, f"{name}-1", verb, "Stuck") for name in failed]
    lines += [(stack.name, stack.stack_id, status, "")] * (2 if verb == "DELETE_FAILED" else 1)
    for number, (name, physical_id, word, reason) in enumerate(lines):
        Event.objects.create(
            change=change, stack=stack, aws_id=f"{kind}-{number}", at=change.requested_at, logical_id=name,
            physical_id=physical_id, type=GROUP, status=word, reason=reason,
        )  # fmt: skip
    for name in failed:
        StackResource.objects.create(
            stack=stack, logical_id=name, physical_id=f"{name}-1", type=GROUP, status=verb,
            started_at=change.requested_at, updated_at=change.requested_at,
        )  # fmt: skip
    return environment


def refused(actor: Actor, environment: Environment, *spared: str, **over: object) -> Refusal:
    """Why it is not asked for; nothing at all may have been written."""
    asked = {"stack": StackKind.COMPUTE, "what": "continue", "ask": Ask(RECOVER, reason="It is broken")} | over
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_request_recover(actor, environment, spared=spared, **asked)  # type: ignore[arg-type]  # as drawn above
    assert everything() == before
    return caught.value


def test_a_request_says_what_and_what_is_spared(environment: Environment, alice: Actor) -> None:
    left(environment, StackKind.COMPUTE, STUCK, "Group", "Other")
    change = do_request_recover(
        alice, environment, Ask(RECOVER, reason="Broken"), stack=StackKind.COMPUTE, what="continue", spared=("Group",)
    )
    assert (change.kind, change.status, change.reason) == (RECOVER, ChangeStatus.PLANNING, "Broken")
    stack = environment.stacks.get(kind="compute")
    assert change.goal | {"blueprint_version": "", "values": {}} == {
        "stack": "compute", "stack_id": stack.stack_id, "what": "continue", "spared": ["Group"],
        "second_person": False, "finishes": "", "blueprint_version": "", "values": {},
    }  # fmt: skip
    assert [operation.stack_id for operation in change.operations.all()] == [stack.pk]
    entry = AuditEntry.objects.get(change=change)
    assert (entry.verb, entry.by_id, entry.reason) == ("request_recover", alice.user_id, "Broken")


def test_on_a_data_stack_it_is_written_down_that_a_second_person_is_needed(
    environment: Environment, alice: Actor
) -> None:
    left(environment, StackKind.DATA, STUCK, "Things")
    ask = Ask(RECOVER, reason="Broken")
    change = do_request_recover(
        alice, environment, ask, stack=StackKind.DATA, what="continue", spared=("Things", "Things")
    )
    assert (change.goal["second_person"], change.goal["spared"]) == (True, ["Things"])
    at(change, ChangeStatus.CANCELLED)
    plain = do_request_recover(alice, environment, Ask(RECOVER), stack=StackKind.DATA, what="continue")
    assert plain.goal["second_person"] is False


@pytest.mark.parametrize("name", ["audrey", "bob"])
def test_who_may_not_change_it_may_not_get_it_out_either(
    environment: Environment, name: str, request: pytest.FixtureRequest
) -> None:
    left(environment, StackKind.COMPUTE, STUCK, "Group")
    actor = request.getfixturevalue(name)
    assert refused(actor, environment).forbidden
    assert why_not_recover(actor, environment, stack=StackKind.COMPUTE)
    assert not why_not_recover(person("root", "admins"), environment, stack=StackKind.COMPUTE)


def test_only_what_is_offered_can_be_asked_for(environment: Environment, alice: Actor) -> None:
    assert refused(alice, environment).code == "not-the-way-out"
    left(environment, StackKind.COMPUTE, STUCK, "Group")
    assert refused(alice, environment, what="force").code == "not-the-way-out"
    assert refused(alice, environment, what="").code == "not-the-way-out"
    assert refused(alice, environment, stack=StackKind.DATA).code == "not-the-way-out"
    assert set(refused(alice, environment, "Other").fields) == {"spared"}
    assert set(refused(alice, environment, "Group", ask=Ask(RECOVER, reason=" ")).fields) == {"reason"}


def test_what_is_left_behind_is_chosen_with_a_reason(environment: Environment, alice: Actor) -> None:
    left(environment, StackKind.COMPUTE, "DELETE_FAILED", "Group")
    assert set(refused(alice, environment, what="retain").fields) == {"spared"}
    assert set(refused(alice, environment, "Group", what="retain", ask=Ask(RECOVER)).fields) == {"reason"}
    change = do_request_recover(
        alice, environment, Ask(RECOVER, reason="In use"), stack=StackKind.COMPUTE, what="retain", spared=("Group",)
    )
    assert change.goal["spared"] == ["Group"]


def test_the_second_click_finds_the_first_ones_change(environment: Environment, alice: Actor) -> None:
    left(environment, StackKind.COMPUTE, STUCK, "Group")
    ask = Ask(RECOVER, key=uuid.uuid4())
    first = do_request_recover(alice, environment, ask, stack=StackKind.COMPUTE, what="continue")
    assert do_request_recover(alice, environment, ask, stack=StackKind.COMPUTE, what="continue") == first
    assert stuck(environment) == ()
    assert refused(alice, environment).code == "change-open"


def test_both_stacks_may_be_stuck_and_the_cause_is_told(environment: Environment, alice: Actor) -> None:
    left(environment, StackKind.COMPUTE, STUCK, "Group")
    left(environment, StackKind.DATA, "ROLLBACK_FAILED")
    data, compute = stuck(environment)
    assert (data.stack.kind, compute.stack.kind) == ("data", "compute")
    assert data.cause == "AWS says: Something is wrong"
    at(Change.objects.get(), ChangeStatus.FAILED, problem={"sentence": "The group could not be updated."})
    assert stuck(environment)[1].cause == "The group could not be updated."


def test_a_failed_create_points_at_its_own_retry(environment: Environment, alice: Actor) -> None:
    left(environment, StackKind.COMPUTE, "ROLLBACK_COMPLETE")
    failed = at(Change.objects.get(), ChangeStatus.FAILED, problem={"sentence": "No."})
    (found,) = stuck(environment)
    assert (found.way_out.retry, found.change) == (True, failed)
    assert why_not_recover(alice, environment, stack=StackKind.COMPUTE) == ""
    assert refused(alice, environment, what="delete").code == "not-the-way-out"
    assert do_retry(alice, failed).status == ChangeStatus.PLANNING


def test_a_change_whose_stack_is_stuck_is_not_tried_again(environment: Environment, alice: Actor) -> None:
    failed = at(Change.objects.get(), ChangeStatus.FAILED, problem={"sentence": "No."})
    left(environment, StackKind.DATA, "ROLLBACK_FAILED")
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_retry(alice, failed)
    assert (caught.value.code, everything()) == ("stuck", before)
    assert "“Delete the failed stack”" in why_not_retry(alice, failed)
    environment.stacks.filter(kind="data").update(status="ROLLBACK_COMPLETE")
    assert why_not_retry(alice, failed) == ""


@pytest.mark.parametrize("spared", [("Things",), ()])
def test_the_list_of_what_waits_asks_whom_the_verb_would_ask(
    environment: Environment, alice: Actor, bob: Actor, ada: Actor, spared: tuple[str, ...]
) -> None:
    """In dev nobody is asked, but for what skips, leaves behind or forces something of a data stack."""
    left(environment, StackKind.DATA, STUCK, "Things")
    ask = Ask(RECOVER, reason="Broken")
    change = awaiting(do_request_recover(alice, environment, ask, stack=StackKind.DATA, what="continue", spared=spared))
    for actor in (alice, bob, ada):
        assert decidable_by(actor).contains(change) is is_asked(actor, change), actor.name
    assert is_asked(ada, change) is bool(spared)
