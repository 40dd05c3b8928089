"""What is sealed: the whole plan with how its stacks stood, kept for ever, one row for each plan."""

from django.utils import timezone

from provisioning.actions.retrying import do_retry
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change
from provisioning.planning.plan import digest

from .yard import HELLO, UPDATED, Yard


def planned(yard: Yard) -> Change:
    change = yard.drive(yard.create(HELLO, "prod"))
    assert change.status == "awaiting_approval"
    return change


def parts(change: Change) -> dict[str, dict[str, object]]:
    assert change.plan is not None
    return {one["kind"]: one for one in change.plan["stacks"]}


def test_a_plan_is_kept_under_its_number_and_digest(yard: Yard) -> None:
    change = planned(yard)
    kept = change.plans.get()
    assert (kept.number, kept.digest, kept.void_because) == (1, change.plan_digest, "")
    assert kept.content == change.plan
    assert kept.digest == digest(kept.content)


def test_a_create_rests_on_the_shell_of_its_change_set_and_on_nothing_else(yard: Yard) -> None:
    found = parts(planned(yard))
    shell = yard.fake.stack("hello-erlang-data-prod")
    assert found["data"]["stack"] == {"stack_id": shell.stack_id, "status": "REVIEW_IN_PROGRESS", "at": ""}
    assert found["compute"]["stack"] == {"stack_id": "", "status": "", "at": ""}
    assert (found["data"]["read_from"], found["compute"]["read_from"]) == ("change_set", "template")


def test_an_update_rests_on_its_stacks_as_they_stood(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[HELLO])
    found = parts(change)
    for kind, name in (("data", "hello-erlang-data-prod"), ("compute", "hello-erlang-prod")):
        stack = yard.fake.stack(name)
        at = stack.updated_at or stack.created_at
        assert found[kind]["stack"] == {
            "stack_id": stack.stack_id,
            "status": "CREATE_COMPLETE",
            "at": at.isoformat(),
        }
    assert found["compute"]["tags"] == yard.fake.stack("hello-erlang-prod").tags
    assert found["compute"]["parameters_before"] != found["compute"]["parameters"]


def test_a_worker_that_died_between_sealing_and_recording_leaves_one_plan(yard: Yard) -> None:
    change = planned(yard)
    sealed = change.plan_digest
    change.steps.filter(name="ensure_plan_sealed").delete()
    Change.objects.filter(pk=change.pk).update(
        status="planning", plan=None, plan_digest="", next_check_at=timezone.now()
    )
    yard.drive(change)
    assert (change.status, change.plan_digest) == ("awaiting_approval", sealed)
    assert change.plans.count() == 1


def test_a_retry_makes_another_plan_even_where_nothing_differs(yard: Yard) -> None:
    """So that an approval of the first one never counts for the second."""
    environment = yard.ready(HELLO, "prod")
    change = yard.did(environment, ChangeKind.PARK)
    yard.approve(change)
    yard.fake.script.fail("LoadBalancer", "It is in use", verb="DELETE")
    yard.drive(change)
    assert change.status == "failed"
    first = change.plan_digest
    do_retry(yard.alice, change)
    yard.drive(change)
    assert change.status == "awaiting_approval"
    assert change.plan_digest != first
    assert [plan.number for plan in change.plans.all()] == [1, 2]
    assert [bool(plan.void_because) for plan in change.plans.all()] == [True, False]
