"""Writes of items of prod, from the page that asks for them to the item: two people, what is hidden, revealed."""

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from fakes.as_aws import AsAws, reached
from moto import mock_aws

from portal.accounts.models import User
from provisioning.actions.actor import ADMINS, ENGINEERS, Actor
from provisioning.actions.writing_in_prod import AskToWrite, do_request_job, do_request_writes
from provisioning.engine.reconcile import reconcile
from provisioning.items.intents import Edit, WriteIntent
from provisioning.items.values import Item, key_token
from provisioning.lifecycle import ChangeStatus, JobKind, JobStatus, WriteVerb
from provisioning.models import Account, AuditEntry, Change, Environment, ItemJob, ItemWrite, Table

from . import rows
from .items.browser import ItemBrowser
from .table_rows import table as table_row

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAME = "prod-hello-erlang-messages"
KEY: Item = {"id": {"S": "m-1"}}
ITEM: Item = KEY | {"user_id": {"S": "u-7"}, "content": {"S": "geheim"}, "tags": {"SS": ["a", "b"]}}
WHY = "A customer sent a wrong name"
ClientOf = Callable[[User], Client]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still, until a test moves it."""
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


@pytest.fixture
def aws(settings: Any, clock: time_machine.Traveller) -> Iterator[AsAws]:
    """DynamoDB, with the table of messages in it."""
    with mock_aws(), reached(settings) as dynamodb:
        dynamodb.client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        dynamodb.client.put_item(TableName=NAME, Item=ITEM)
        yield dynamodb


@dataclass
class Scene:
    """hello-erlang/prod, ready, with its table of messages, whose `content` is hidden; alice asks."""

    alice: User
    prod: Environment
    table: Table
    aws: AsAws
    clock: time_machine.Traveller

    def asked(self, *writes: WriteIntent) -> Change:
        """A change of these items, planned."""
        actor = Actor(self.alice.pk, "alice", frozenset({ENGINEERS}))
        return worked(do_request_writes(actor, self.prod, writes, AskToWrite(WHY)))

    def stored(self) -> dict[str, Any]:
        """The message as it is in DynamoDB."""
        item: dict[str, Any] = self.aws.client.get_item(TableName=NAME, Key=KEY)["Item"]
        return item


@pytest.fixture
def scene(alice: User, account: Account, aws: AsAws, clock: time_machine.Traveller) -> Scene:
    """Everything that a test needs at hand."""
    Account.objects.update(facts_at=timezone.now())
    prod = rows.environment(alice, "prod")
    return Scene(alice, prod, table_row(prod, NAME), aws, clock)


def edit(content: str = "auch geheim", user: str = "u-8") -> WriteIntent:
    """Another content, which is hidden, and another user, who is not."""
    patch = (Edit(("content",), {"S": content}), Edit(("user_id",), {"S": user}))
    return WriteIntent(WriteVerb.EDIT, NAME, KEY, patch=patch, read=ITEM)


def worked(change: Change) -> Change:
    """The change, as far as workers bring it now."""
    for _ in range(3):
        reconcile(change.pk)
    return Change.objects.get(pk=change.pk)


def path(change: Change, act: str = "") -> str:
    """The address of a change, or of an act on it."""
    return f"/changes/{change.pk}/{act}"


def test_from_the_form_to_the_item(scene: Scene, client_of: ClientOf, ada: User) -> None:
    form = ItemBrowser(client_of(scene.alice), scene.table).open("edit/", KEY)
    assert "Needs 1 approval by admins" in form.text
    assert "A plan waits for 3 days." in form.text
    form.set(user_id="u-8").send(reason=WHY)
    change = Change.objects.get()
    assert form.path == path(change)
    assert (change.reason, change.status) == (WHY, ChangeStatus.PLANNING)
    change = worked(change)
    assert change.status == ChangeStatus.AWAITING_APPROVAL
    inbox = rows.page(client_of(ada), "/approvals/")
    assert f"1 item of {NAME} is altered." in inbox
    assert "Resources" not in inbox
    client_of(ada).post(path(change, "approve/"), {"digest": change.plan_digest, "run": "now"})
    change = worked(change)
    assert change.status == ChangeStatus.SUCCEEDED
    assert scene.stored() == ITEM | {"user_id": {"S": "u-8"}}
    write = ItemWrite.objects.get()
    assert (write.by, write.change, write.reason) == (scene.alice, change, WHY)
    told = AuditEntry.objects.filter(change=change).order_by("pk")
    verbs = list(told.values_list("verb", flat=True))
    assert verbs == ["request_write_items", "awaiting_approval", "approve", "edit_item", "succeeded"]


def test_an_undo_is_asked_for_and_decided_about(scene: Scene, client_of: ClientOf, ada: User) -> None:
    change = scene.asked(edit())
    client_of(ada).post(path(change, "approve/"), {"digest": change.plan_digest, "run": "now"})
    assert worked(change).status == ChangeStatus.SUCCEEDED
    scene.clock.shift(timedelta(minutes=1))
    form = ItemBrowser(client_of(scene.alice), scene.table).go(f"writes/{ItemWrite.objects.get().pk}/undo/")
    form.send(reason="It was right before")
    undo = worked(Change.objects.latest("requested_at"))
    assert undo.plan is not None
    assert undo.plan["impact"]["sentence"] == f"1 item of {NAME} is put back as it was."
    assert scene.stored() != ITEM
    client_of(ada).post(path(undo, "approve/"), {"digest": undo.plan_digest, "run": "now"})
    assert worked(undo).status == ChangeStatus.SUCCEEDED
    assert scene.stored() == ITEM


def test_the_plan_shows_before_and_after_and_hides_what_is_hidden(scene: Scene, client_of: ClientOf, ada: User) -> None:
    """Pitfall 41: whoever decides sees that it changes, and not what it is."""
    change = scene.asked(edit())
    for reader in (scene.alice, ada):
        text = rows.page(client_of(reader), path(change))
        assert "<del>&quot;u-7&quot;</del>" in text
        assert "<ins>&quot;u-8&quot;</ins>" in text
        assert "Hidden here; its value changes" in text
        assert "geheim" not in text
        assert "1 write unit" in text


def test_no_file_of_a_plan_tells_what_is_hidden(scene: Scene, client_of: ClientOf, ada: User) -> None:
    change = scene.asked(edit())
    for address in ("plan.json", "plans/1.json", "plans/1/"):
        text = rows.page(client_of(ada), path(change, address))
        assert "geheim" not in text
        assert "u-8" in text


def test_a_plan_is_not_kept_by_the_browser(scene: Scene, client_of: ClientOf, ada: User) -> None:
    change = scene.asked(edit())
    for address in ("", "plans/1/"):
        assert "no-store" in client_of(ada).get(path(change, address))["Cache-Control"]


def test_revealing_needs_a_reason_and_is_in_the_audit(scene: Scene, client_of: ClientOf, ada: User) -> None:
    change = scene.asked(edit())
    client = client_of(ada)
    refused = client.post(path(change, "reveal/"), {"reason": "no"})
    assert refused.status_code == 422
    assert "geheim" not in refused.content.decode()
    assert not AuditEntry.objects.filter(verb="reveal_plan").exists()
    shown = client.post(path(change, "reveal/"), {"reason": "To decide about it"})
    assert shown.status_code == 200
    assert "<ins>&quot;auch geheim&quot;</ins>" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    entry = AuditEntry.objects.get(verb="reveal_plan")
    assert (entry.by, entry.change, entry.reason) == (ada, change, "To decide about it")
    assert "geheim" not in rows.page(client, path(change))


def test_an_auditor_reads_the_plan_and_has_nothing_revealed(scene: Scene, client_of: ClientOf, audrey: User) -> None:
    change = scene.asked(edit())
    text = rows.page(client_of(audrey), path(change))
    assert "Show what is hidden" not in text
    assert "Values that this table's blueprint hides are not shown." in text
    assert client_of(audrey).post(path(change, "reveal/"), {"reason": "I want to know"}).status_code == 403


def test_the_requester_does_not_approve_not_even_as_an_admin(scene: Scene, client_of: ClientOf, ada: User) -> None:
    actor = Actor(ada.pk, ada.username, frozenset({ADMINS}))
    change = worked(do_request_writes(actor, scene.prod, [edit()], AskToWrite(WHY)))
    response = client_of(ada).post(path(change, "approve/"), {"digest": change.plan_digest, "run": "now"})
    assert response.status_code == 403
    assert "You asked for this change, so somebody else decides." in response.content.decode()
    assert worked(change).status == ChangeStatus.AWAITING_APPROVAL
    assert scene.stored() == ITEM


def test_another_engineer_does_not_decide_about_prod(scene: Scene, client_of: ClientOf, bob: User) -> None:
    change = scene.asked(edit())
    response = client_of(bob).post(path(change, "approve/"), {"digest": change.plan_digest, "run": "now"})
    assert response.status_code == 403


def test_expired_it_cannot_be_approved_and_is_not_run(scene: Scene, client_of: ClientOf, ada: User) -> None:
    change = scene.asked(edit())
    assert "Expires" in rows.page(client_of(ada), path(change))
    scene.clock.shift(timedelta(hours=73))
    response = client_of(ada).post(path(change, "approve/"), {"digest": change.plan_digest, "run": "now"})
    assert "nobody decided in time" in response.content.decode()
    assert worked(change).status == ChangeStatus.EXPIRED
    assert not ItemWrite.objects.exists()


def test_what_moved_meanwhile_is_told_and_asked_about_again(scene: Scene, client_of: ClientOf, ada: User) -> None:
    change = scene.asked(WriteIntent(WriteVerb.EDIT, NAME, KEY, patch=edit().patch))
    scene.aws.client.put_item(TableName=NAME, Item=ITEM | {"user_id": {"S": "u-9"}})
    client = client_of(ada)
    client.post(path(change, "approve/"), {"digest": change.plan_digest, "run": "now"})
    for _ in range(3):
        change = worked(change)
    assert change.status == ChangeStatus.AWAITING_APPROVAL
    text = rows.page(client, path(change))
    assert "Plan 1 is void: the item changed since." in text
    assert "<del>&quot;u-9&quot;</del>" in text


def test_withdrawn_it_says_so_and_nothing_is_written(scene: Scene, client_of: ClientOf) -> None:
    change = scene.asked(edit())
    client_of(scene.alice).post(path(change, "cancel/"))
    change = worked(change)
    assert (change.status, change.secrets) == (ChangeStatus.CANCELLED, "")
    assert "taken back before anything was altered" in rows.page(client_of(scene.alice), path(change))


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (WriteIntent(WriteVerb.CREATE, NAME, {"id": {"S": "m-2"}}, item={"id": {"S": "m-2"}}), "New"),
        (WriteIntent(WriteVerb.DELETE, NAME, KEY), "Deleted"),
        (WriteIntent(WriteVerb.COPY, NAME, KEY, new_key={"id": {"S": "m-3"}}), "leaves its old key"),
        (WriteIntent(WriteVerb.COPY, NAME, KEY, new_key={"id": {"S": "m-3"}}, keep=True), "stays where it is besides"),
    ],
)
def test_every_kind_of_write_reads_well(
    scene: Scene, client_of: ClientOf, ada: User, verb: WriteIntent, said: str
) -> None:
    change = scene.asked(verb)
    assert change.status == ChangeStatus.AWAITING_APPROVAL, change.problem
    assert said in rows.page(client_of(ada), path(change))


def test_sets_say_that_they_are_sets(scene: Scene, client_of: ClientOf, ada: User) -> None:
    """Pitfall 18: plain text would show a list."""
    patch = (Edit(("tags",), {"L": [{"S": "a"}, {"S": "b"}]}),)
    change = scene.asked(WriteIntent(WriteVerb.EDIT, NAME, KEY, patch=patch))
    assert "Set of texts: [&quot;a&quot;, &quot;b&quot;]" in rows.page(client_of(ada), path(change))


def test_pitfall_38_names_and_values_are_text(scene: Scene, client_of: ClientOf, ada: User) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    patch = (Edit((nasty,), {"S": "</script><svg onload=alert(1)>"}),)
    change = scene.asked(WriteIntent(WriteVerb.EDIT, NAME, KEY, patch=patch))
    text = rows.page(client_of(ada), path(change))
    assert nasty not in text
    assert html.escape(nasty) in text
    assert "<svg onload" not in text


def test_the_environments_banner_is_about_its_stacks(scene: Scene, client_of: ClientOf) -> None:
    scene.asked(edit())
    text = rows.page(client_of(scene.alice), "/environments/hello-erlang/prod/")
    assert "Write items" not in text


def test_a_change_about_a_job_shows_it(scene: Scene, client_of: ClientOf, ada: User) -> None:
    def opened(change: Change) -> ItemJob:
        return ItemJob.objects.create(
            environment=scene.prod,
            table=NAME,
            kind=JobKind.DELETE,
            status=JobStatus.QUEUED,
            asked_by=scene.alice,
            asked_at=timezone.now(),
            change=change,
            expected={"items": 1200, "units": "1200"},
        )

    actor = Actor(scene.alice.pk, scene.alice.username, frozenset({ENGINEERS}))
    change = do_request_job(actor, scene.prod, NAME, JobKind.DELETE, AskToWrite(WHY), open_job=opened, items=1200)
    text = rows.page(client_of(ada), path(worked(change)))
    assert f"1,200 items are deleted from {NAME}." in text
    assert "Delete items" in text
    assert "1,200" in text
    assert f"/jobs/{ItemJob.objects.get().pk}/" in text


def test_what_was_sent_back_is_edited_and_asked_for_again(scene: Scene, alice: User, client_of: ClientOf) -> None:
    old = scene.asked(edit())
    client = client_of(alice)
    assert "Edit and ask again" not in rows.page(client, f"/changes/{old.pk}/")
    Change.objects.filter(pk=old.pk).update(sent_back=True)
    form = f"/environments/hello-erlang/prod/tables/{NAME}/item/{key_token(KEY)}/edit/?instead={old.pk}"
    assert f'href="{form}">Edit and ask again</a>' in rows.page(client, f"/changes/{old.pk}/")
    browser = ItemBrowser(client, scene.table).open(f"edit/?instead={old.pk}", KEY)
    assert f'<a href="/changes/{old.pk}/">the change that was sent back</a>' in browser.text
    browser.set(user_id="u-9").send(reason="As you said")
    new = Change.objects.exclude(pk=old.pk).get()
    old.refresh_from_db()
    assert (new.supersedes, old.status) == (old, ChangeStatus.SUPERSEDED)


@pytest.mark.parametrize(
    ("write", "form"),
    [
        (WriteIntent(WriteVerb.DELETE, NAME, KEY, read=ITEM), f"item/{key_token(KEY)}/delete/"),
        (WriteIntent(WriteVerb.CREATE, NAME, {"id": {"S": "m-2"}}, item={"id": {"S": "m-2"}}), "new/"),
        (
            WriteIntent(WriteVerb.COPY, NAME, KEY, read=ITEM, new_key={"id": {"S": "m-3"}}),
            f"item/{key_token(KEY)}/copy/",
        ),
    ],
)
def test_each_form_asks_again_for_what_it_asked(
    scene: Scene, alice: User, client_of: ClientOf, write: WriteIntent, form: str
) -> None:
    change = scene.asked(write)
    Change.objects.filter(pk=change.pk).update(sent_back=True)
    text = rows.page(client_of(alice), f"/changes/{change.pk}/")
    assert f'tables/{NAME}/{form}?instead={change.pk}">Edit and ask again</a>' in text
    assert rows.page(client_of(alice), f"/environments/hello-erlang/prod/tables/{NAME}/{form}?instead=nonsense")
