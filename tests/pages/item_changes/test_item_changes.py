"""Writes of items of prod, from the page that asks for them to the item: two people, what is hidden, revealed."""

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.actions.actor import ADMINS, ENGINEERS, Actor
from provisioning.actions.writing_in_prod import AskToWrite, do_request_job, do_request_writes
from provisioning.items.intents import Edit, WriteIntent
from provisioning.lifecycle import ChangeStatus, JobKind, JobStatus, WriteVerb
from provisioning.models import AuditEntry, Change, ItemJob, ItemWrite

from .. import rows
from ..items.browser import ItemBrowser
from .scene import ITEM, KEY, NAME, WHY, Scene, edit, path, worked

ClientOf = Callable[[User], Client]


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
