"""People and workers who do the same at the same moment, on a database with real row locks."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from bench.asking import ask_create, change_path, changes_on, follow, request_form, usable
from bench.visitor import Page, Visitor
from provisioning.engine.claims import claim_account, claim_change, release_change
from provisioning.engine.lifetimes import expired, park
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, Decision, Environment, Stack

from .together import at_once


def test_one_of_two_people_gets_the_name(alice: Visitor, bob: Visitor) -> None:
    sent = {}
    for person in (alice, bob):
        form = request_form(person, "hello-erlang")
        sent[person] = form.filled(usable(form, {"name": "dev-both"}))

    pages = at_once(
        lambda: alice.post("/request/hello-erlang/", sent[alice]),
        lambda: bob.post("/request/hello-erlang/", sent[bob]),
    )

    (won,) = [page for page in pages if page.status == 200]
    (lost,) = [page for page in pages if page.status == 422]
    winner = "alice" if won is pages[0] else "bob"
    assert f"hello-erlang/dev-both belongs to {winner}" in lost.words
    assert Environment.objects.get(application="hello-erlang", name="dev-both").owner.get_username() == winner
    assert changes_on(alice.get("/changes/?environment=dev-both")) == [change_path(won)]
    follow(alice, change_path(won))


def test_a_double_click_makes_one_change(alice: Visitor) -> None:
    form = request_form(alice, "hello-erlang")
    sent = form.filled(usable(form, {"name": "dev-click"}))

    pages = at_once(*[lambda: alice.post(form.action, sent) for _ in range(4)])

    assert len({change_path(page) for page in pages}) == 1
    assert Change.objects.filter(environment__name="dev-click").count() == 1
    follow(alice, pages[0].path)


def test_two_admins_decide_at_once_and_one_decision_stands(alice: Visitor, ada: Visitor, grace: Visitor) -> None:
    path = ask_create(alice, "hello-erlang", "prod")
    follow(alice, path, "Awaiting approval")
    forms = {person: person.get(path).form("/approve/") for person in (ada, grace)}

    def approve(person: Visitor) -> Page:
        return person.post(forms[person].action, forms[person].filled({"comment": "go"}))

    pages = at_once(lambda: approve(ada), lambda: approve(grace))

    decision = Decision.objects.get(change_id=path.split("/")[2])
    lost = pages[1] if decision.reviewer == "ada" else pages[0]
    assert f"{decision.reviewer} has approved this already." in lost.words
    assert AuditEntry.objects.filter(change_id=path.split("/")[2], verb="approve").count() == 1
    follow(alice, path)


@pytest.fixture
def idle_change(database_url: str, yard: object) -> Change:
    """A change that has work to do, held by nobody, which no worker looks at: it is due only tomorrow."""
    alice, account = get_user_model().objects.get(username="alice"), Account.objects.get(slug="default")
    environment = Environment.objects.create(
        application="hello-erlang",
        name=f"dev-{uuid.uuid4().hex[:8]}",
        stage="dev",
        account=account,
        owner=alice,
        status=EnvironmentStatus.REQUESTED,
        changed_at=timezone.now(),
    )
    return Change.objects.create(
        environment=environment,
        kind=ChangeKind.CREATE,
        status=ChangeStatus.PLANNING,
        requested_by=alice,
        requested_at=timezone.now(),
        next_check_at=timezone.now() + timedelta(days=1),
    )


def test_of_many_who_claim_a_change_one_gets_it(idle_change: Change) -> None:
    for _ in range(20):
        claims = at_once(*[lambda: claim_change(idle_change.pk) for _ in range(6)])
        (mine,) = [claim for claim in claims if claim is not None]
        assert claim_change(idle_change.pk) is None
        release_change(mine, timezone.now() + timedelta(days=1))


def test_of_many_who_watch_an_account_one_gets_it(database_url: str, yard: object) -> None:
    account = Account.objects.create(slug=f"spare-{uuid.uuid4().hex[:8]}", region="eu-west-1")

    claims = at_once(*[lambda: claim_account(account.pk) for _ in range(8)])

    assert [claim is not None for claim in claims].count(True) == 1


def test_of_many_who_find_a_lifetime_over_one_opens_the_park(idle_change: Change) -> None:
    environment = idle_change.environment
    ended = timezone.now() - timedelta(minutes=1)
    Environment.objects.filter(pk=environment.pk).update(expires_at=ended)
    for kind in StackKind:
        Stack.objects.create(environment=environment, kind=kind, name=f"{kind}-{environment}", status="CREATE_COMPLETE")
    assert environment.pk in expired(timezone.now())

    opened = at_once(*[lambda: park(environment.pk) for _ in range(8)])

    (change,) = Change.objects.filter(environment=environment, kind=ChangeKind.PARK)
    assert [one for one in opened if one is not None] == [change.pk]
    assert AuditEntry.objects.filter(change=change).count() == 1
    assert environment.pk not in expired(timezone.now())


def test_the_database_refuses_to_rewrite_the_audit(database_url: str, yard: object) -> None:
    assert connection.vendor == "postgresql"
    entry = AuditEntry.objects.create(at=timezone.now(), verb="look", summary="Somebody looked.")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(summary="Nobody looked.")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM provisioning_auditentry WHERE id = %s", [entry.pk])

    assert AuditEntry.objects.get(pk=entry.pk).summary == "Somebody looked."
