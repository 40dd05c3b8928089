"""Each kind of change, for both applications, from the request to the rows that remain."""

import pytest

from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import ChangeKind, EnvironmentStatus
from provisioning.models import AuditEntry, Check, Event, Operation, StackResource

from .yard import APPLICATIONS, FILESHARE, HELLO, UPDATED, Yard

TABLES = {
    HELLO: {"dev-hello-erlang-messages", "dev-hello-erlang-sessions"},
    FILESHARE: {"file-sharing-app-dev-users", "file-sharing-app-dev-urls"},
}


@pytest.mark.parametrize("application", APPLICATIONS)
def test_create_brings_up_both_stacks_as_promised(yard: Yard, application: str) -> None:
    change = yard.drive(yard.create(application))
    assert (change.status, change.problem) == ("succeeded", None)
    assert change.environment.status == EnvironmentStatus.READY
    assert {stack.status for stack in yard.fake.stacks()} == {"CREATE_COMPLETE"}
    assert set(yard.fake.world.tables) == TABLES[application]
    data, compute = yard.stack(change.environment, "data"), yard.stack(change.environment, "compute")
    assert (data.status, compute.status) == ("CREATE_COMPLETE", "CREATE_COMPLETE")
    assert data.stack_id == yard.fake.stack(data.name).stack_id
    assert {output["key"] for output in compute.outputs} >= {"Url", "LoadBalancerDNS"}
    checks = Check.objects.filter(environment=change.environment)
    assert checks.count() > 15
    assert {check.outcome for check in checks} == {"good"}
    assert not Operation.objects.filter(is_open=True).exists()
    assert change.next_check_at is None


@pytest.mark.parametrize("application", APPLICATIONS)
def test_everything_carries_the_environments_tags(yard: Yard, application: str) -> None:
    environment = yard.ready(application)
    for stack in yard.fake.stacks():
        assert stack.tags["EnvironmentId"] == str(environment.pk)
        assert stack.tags["ManagedBy"] == "Stackyard"
    for name in yard.fake.world.tables:
        assert yard.fake.world.tags[yard.fake.table(name).arn]["Owner"] == "alice"


@pytest.mark.parametrize("application", APPLICATIONS)
def test_update_changes_what_was_asked_and_no_table(yard: Yard, application: str) -> None:
    environment = yard.ready(application)
    tables = {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()}
    change = yard.did(environment, ChangeKind.UPDATE, UPDATED[application])
    assert (change.status, change.problem) == ("succeeded", None)
    assert change.plan is not None
    assert change.plan["impact"]["sentence"] == "No table is touched."
    assert change.plan["counters"]["change"] + change.plan["counters"]["replace"] >= 1
    compute, data = yard.stack(environment, "compute"), yard.stack(environment, "data")
    assert (compute.status, data.status) == ("UPDATE_COMPLETE", "CREATE_COMPLETE")
    assert UPDATED[application]["compute"].items() <= compute.parameters.items()
    assert {name: table.described["TableId"] for name, table in yard.fake.world.tables.items()} == tables


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_an_update_with_nothing_to_change_succeeds_and_asks_nobody(yard: Yard, name: str) -> None:
    environment = yard.ready(HELLO, name)
    executed = yard.fake.calls_of("ExecuteChangeSet")
    change = yard.did(environment, ChangeKind.UPDATE)
    assert (change.status, change.decisions.count()) == ("succeeded", 0)
    assert change.waiting_for.startswith("Nothing to change")
    assert yard.fake.calls_of("ExecuteChangeSet") == executed
    assert not any(change.pk.hex in name for stack in yard.fake.stacks() for name in stack.change_sets)
    assert environment.status == EnvironmentStatus.READY


@pytest.mark.parametrize(
    "wording", ["No updates are to be performed.", "The submitted information didn't contain changes."]
)
def test_both_wordings_of_an_empty_change_set_mean_nothing_to_do(yard: Yard, wording: str) -> None:
    environment = yard.ready()
    yard.fake.world.empty_wording = wording
    assert yard.did(environment, ChangeKind.UPDATE).status == "succeeded"
    yard.fake.world.empty_wording = "Something else is wrong."
    change = yard.did(environment, ChangeKind.UPDATE)
    assert change.status == "failed"
    assert change.problem is not None
    assert "Something else is wrong" in change.problem["sentence"]


@pytest.mark.parametrize("application", APPLICATIONS)
def test_park_and_wake_bring_compute_back_as_it_was(yard: Yard, application: str) -> None:
    environment = yard.ready(application)
    yard.did(environment, ChangeKind.UPDATE, UPDATED[application])
    before = yard.stack(environment, "compute").parameters
    parked = yard.did(environment, ChangeKind.PARK)
    assert (parked.status, parked.environment.status) == ("succeeded", EnvironmentStatus.PARKED)
    assert [stack.name for stack in yard.fake.stacks()] == [yard.stack(environment, "data").name]
    assert set(yard.fake.world.tables) == TABLES[application]
    assert not StackResource.objects.filter(stack__environment=environment, stack__kind="compute").exists()
    woken = yard.did(environment, ChangeKind.WAKE)
    assert (woken.status, woken.environment.status) == ("succeeded", EnvironmentStatus.READY)
    assert yard.stack(environment, "compute").parameters == before


@pytest.mark.parametrize("application", APPLICATIONS)
def test_delete_keeps_the_data_and_then_the_tables(yard: Yard, application: str) -> None:
    environment = yard.ready(application)
    with pytest.raises(Refusal, match="compute stack uses"):
        yard.ask(environment, ChangeKind.DELETE_DATA_STACK)
    compute = yard.did(environment, ChangeKind.DELETE_COMPUTE)
    assert (compute.status, compute.environment.status) == ("succeeded", EnvironmentStatus.DATA_ONLY)
    data = yard.did(environment, ChangeKind.DELETE_DATA_STACK)
    assert (data.status, data.environment.status) == ("succeeded", EnvironmentStatus.REMOVED)
    assert yard.fake.stacks() == []
    assert set(yard.fake.world.tables) == TABLES[application]
    assert data.plan is not None
    assert data.plan["impact"]["sentence"] == "2 tables are kept with all items."


def test_deleting_a_protected_data_stack_lifts_the_stacks_protection_only(yard: Yard) -> None:
    environment = yard.ready(HELLO, "prod")
    assert yard.fake.stack("hello-erlang-data-prod").protected
    for kind in (ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK):
        change = yard.did(environment, kind)
        assert change.status == "awaiting_approval"
        yard.approve(change)
        assert yard.drive(change).status == "succeeded", change.problem
    assert all(table.protected for table in yard.fake.world.tables.values())
    assert len(yard.fake.world.tables) == 2


def test_fileshares_flag_is_put_before_compute_and_never_overwritten(yard: Yard) -> None:
    seen: list[bool] = []
    flag = "/fileshare/dev/use_dynamodb"
    yard.fake.script.after("CreateChangeSet", lambda: seen.append(flag in yard.fake.world.parameters), times=2)
    environment = yard.ready(FILESHARE)
    assert seen == [False, True]
    yard.fake.world.parameters[flag][-1]["Value"] = "false"
    assert yard.did(environment, ChangeKind.UPDATE, UPDATED[FILESHARE]).status == "succeeded"
    assert [version["Value"] for version in yard.fake.world.parameters[flag]] == ["false"]


def test_table_settings_that_cloudformation_left_out_are_applied(yard: Yard) -> None:
    yard.fake.world.applies_table_settings = False
    yard.ready(HELLO, "prod")
    sessions, messages = (yard.fake.table(f"prod-hello-erlang-{name}") for name in ("sessions", "messages"))
    assert (sessions.ttl_attribute, messages.ttl_attribute) == ("ttl", "")
    assert sessions.recovery
    assert messages.recovery


def test_the_story_is_told_in_events_and_audit_entries(yard: Yard) -> None:
    change = yard.drive(yard.create())
    verbs = list(AuditEntry.objects.filter(change=change).order_by("id").values_list("verb", flat=True))
    assert verbs == ["request_create", "queued", "succeeded"]
    statuses = list(Event.objects.filter(change=change, logical_id="MessagesTable").values_list("status", flat=True))
    assert statuses == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
