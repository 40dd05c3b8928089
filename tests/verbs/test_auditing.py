"""The audit: one entry with every act, in the act's own transaction, and never another word about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, cast

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from portal.accounts.models import User
from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, do_reject, do_send_back
from provisioning.actions.delivering import do_deliver_configuration
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.retrying import do_retry
from provisioning.actions.running import do_run
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Account, AuditEntry, Change, Environment

from .rows import DIGEST, VALUES, asked_for, at, awaiting, brought_up, everything

guard = import_module("provisioning.migrations.0002_audit_guard")
Act = Callable[[Actor], object]


def _create(alice: Actor) -> Act:
    return lambda actor: do_request_create(actor, "hello-erlang", "dev", Ask(ChangeKind.CREATE, VALUES))


def _request(alice: Actor) -> Act:
    environment = brought_up(asked_for(alice, "dev"))
    return lambda actor: do_request(actor, environment, Ask(ChangeKind.PARK))


def _approve(alice: Actor) -> Act:
    change = awaiting(asked_for(alice, "prod"))
    return lambda actor: do_approve(actor, change, digest=DIGEST)


def _reject(alice: Actor) -> Act:
    change = awaiting(asked_for(alice, "prod"))
    return lambda actor: do_reject(actor, change, comment="No.")


def _send_back(alice: Actor) -> Act:
    change = awaiting(asked_for(alice, "prod"))
    return lambda actor: do_send_back(actor, change, comment="Smaller.")


def _run(alice: Actor) -> Act:
    change = at(asked_for(alice, "prod"), ChangeStatus.QUEUED, held=True)
    return lambda actor: do_run(actor, change)


def _cancel(alice: Actor) -> Act:
    change = asked_for(alice, "dev")
    return lambda actor: do_cancel(actor, change)


def _retry(alice: Actor) -> Act:
    change = at(asked_for(alice, "dev"), ChangeStatus.FAILED)
    return lambda actor: do_retry(actor, change)


VERBS: Mapping[str, Callable[[Actor], Act]] = {
    "request_create": _create,
    "request_park": _request,
    "approve": _approve,
    "reject": _reject,
    "send_back": _send_back,
    "run": _run,
    "cancel": _cancel,
    "retry": _retry,
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_writes_one_entry(account: Account, alice: Actor, ada: Actor, verb: str) -> None:
    act = VERBS[verb](alice)
    before = AuditEntry.objects.count()
    act(ada)
    assert AuditEntry.objects.count() == before + 1
    entry = AuditEntry.objects.select_related("change", "environment").first()
    assert entry is not None
    assert (entry.verb, entry.by_id, entry.address) == (verb, ada.user_id, "192.0.2.7")
    assert entry.change is not None
    assert entry.environment_id == entry.change.environment_id
    assert str(entry.environment) in entry.summary


@pytest.mark.parametrize("verb", VERBS)
def test_entry_and_act_go_together_when_the_transaction_does(
    account: Account, alice: Actor, ada: Actor, verb: str
) -> None:
    act = VERBS[verb](alice)
    before = everything()
    with transaction.atomic():
        act(ada)
        assert everything() != before
        transaction.set_rollback(True)
    assert everything() == before


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_done_that_cannot_be_written_down(account: Account, alice: Actor, ada: Actor, verb: str) -> None:
    """An address that is none: the entry cannot be stored, so the act does not happen either."""
    act = VERBS[verb](alice)
    before = everything()
    with pytest.raises(TypeError):
        act(replace(ada, address=cast("str", 7)))
    assert everything() == before


def test_a_configuration_taken_away_is_written_down_without_its_values(live: Environment, alice: Actor) -> None:
    live.stacks.filter(kind="data").update(outputs=[{"key": "MessagesTableName", "value": "the-very-table"}])
    do_deliver_configuration(alice, live, "dotenv")
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.verb, entry.detail["format"]) == ("deliver_configuration", "dotenv")
    assert "MESSAGES_TABLE" in entry.detail["variables"]
    assert "the-very-table" not in str(entry.detail)


@pytest.fixture
def entry(account: Account, alice: Actor) -> AuditEntry:
    """One entry."""
    asked_for(alice, "dev")
    return AuditEntry.objects.get()


def _save(entry: AuditEntry) -> None:
    entry.summary = "Nothing happened"
    entry.save()


def _by_sql(entry: AuditEntry) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE provisioning_auditentry SET summary = 'Nothing happened'")


def _over_it(entry: AuditEntry) -> None:
    AuditEntry.objects.bulk_create(
        [AuditEntry(pk=entry.pk, at=timezone.now(), verb="x", summary="Nothing happened")],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["summary"],
    )


TAMPERING: Mapping[str, Callable[[AuditEntry], object]] = {
    "save": _save,
    "update": lambda _: AuditEntry.objects.update(summary="Nothing happened"),
    "delete": lambda entry: entry.delete(),
    "delete all": lambda _: AuditEntry.objects.all().delete(),
    "SQL": _by_sql,
    "insert over it": _over_it,
}


@pytest.mark.parametrize("way", TAMPERING)
def test_no_entry_is_changed_or_deleted(entry: AuditEntry, way: str) -> None:
    before = AuditEntry.objects.values().get()
    with (
        pytest.raises(DatabaseError, match="append-only: entries are neither changed nor deleted"),
        transaction.atomic(),
    ):
        TAMPERING[way](entry)
    assert AuditEntry.objects.values().get() == before


def test_entries_are_added(entry: AuditEntry) -> None:
    AuditEntry.objects.create(at=timezone.now(), verb="observe", summary="Stackyard itself")
    assert AuditEntry.objects.count() == 2


def test_what_an_entry_points_at_stays(entry: AuditEntry, alice: Actor) -> None:
    """Emptying the pointer would change the entry; so the person, the change and the environment cannot go."""
    for pointed_at in (User.objects.get(pk=alice.user_id), Change.objects.get(), Environment.objects.get()):
        with pytest.raises(ProtectedError):
            pointed_at.delete()
    keys = [field for field in AuditEntry._meta.get_fields() if isinstance(field, models.ForeignKey)]
    assert {field.remote_field.on_delete for field in keys} == {models.PROTECT}


@dataclass(frozen=True)
class Editor:
    """As much of a schema editor as the migration uses; Django's own cannot run inside a test's transaction."""

    connection: Any

    def execute(self, sql: str, params: None) -> None:
        """Run one statement."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)


def test_the_migration_goes_both_ways(entry: AuditEntry) -> None:
    guard.unguard(None, Editor(connection))
    assert AuditEntry.objects.update(summary="Unguarded") == 1
    guard.guard(None, Editor(connection))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.update(summary="Guarded")


def test_a_database_without_a_guard_is_not_taken() -> None:
    @dataclass(frozen=True)
    class Other:
        vendor: str = "oracle"

    with pytest.raises(NotImplementedError, match="no guard for oracle"):
        guard.guard(None, Editor(Other()))
