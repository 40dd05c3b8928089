"""Imports, deletions, put backs and copies into prod that were sent back: asked for again, with what was asked for."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.engine.jobs.working import work_on
from provisioning.engine.reconcile import reconcile
from provisioning.lifecycle import ChangeStatus, JobStatus
from provisioning.models import Account, Change, ItemJob

from ..tables.scene import message
from .mover import Mover, file_of, words

ClientOf = Callable[[User], Client]


@pytest.fixture
def asks(prod: Mover) -> Mover:
    """alice at the messages of prod, whose account is known."""
    Account.objects.update(facts_at=timezone.now())
    return prod


def sent_back(mover: Mover) -> tuple[Change, str]:
    """The newest change, as somebody has sent it back; and where its page leads to ask again."""
    change = Change.objects.latest("requested_at")
    for _ in range(3):
        reconcile(change.pk)
    Change.objects.filter(pk=change.pk).update(sent_back=True)
    page = mover.browser.get(f"/changes/{change.pk}/").content.decode()
    found = re.search(r'href="([^"]+)">Edit and ask again</a>', page)
    assert found, page[-3000:]
    return Change.objects.get(pk=change.pk), found[1].replace("&amp;", "&")


def checked(page: str) -> set[str]:
    """The values that are chosen in the form of a page."""
    return set(re.findall(r'<input type="radio"[^>]*value="([^"]+)"[^>]* checked', page))


def again(mover: Mover, address: str, old: Change, **sent: Any) -> Change:
    """Send the form; the change that came of it."""
    page = mover.browser.get(address).content.decode()
    assert "the change that was sent back" in page
    assert "Not possible now" not in page
    answer = mover.browser.post(address, {"replaces": str(old.pk), "rate": 500, **sent})
    assert answer.status_code == 302, words(answer)  # type: ignore[arg-type]  # a response all the same
    old.refresh_from_db()
    assert old.status == ChangeStatus.SUPERSEDED
    assert ItemJob.objects.get(change=old).status == JobStatus.CANCELLED
    return Change.objects.get(supersedes=old)


def approved(change: Change, decider: Client) -> ItemJob:
    """Its job, once somebody agreed and workers have brought it to its end."""
    for _ in range(3):
        reconcile(change.pk)
    change.refresh_from_db()
    decider.post(f"/changes/{change.pk}/approve/", {"digest": change.plan_digest, "run": "now"})
    job = ItemJob.objects.get(change=change)
    for _ in range(6):
        Change.objects.filter(pk=change.pk, next_check_at__isnull=False).update(next_check_at=timezone.now())
        reconcile(change.pk)
        work_on(job.pk)
    job.refresh_from_db()
    return job


def test_an_import_and_what_puts_it_back(asks: Mover, client_of: ClientOf, ada: User) -> None:
    dry = asks.came_of(asks.upload(file_of(*asks.more(2), message(0, content={"S": "from the file"}))))
    asks.post("table_import_run", dry, mode="over", rate=100, reason="Two messages were lost")
    old, address = sent_back(asks)
    assert address == f"{asks.address('table_import_run', dry)}?replaces={old.pk}"
    page = asks.browser.get(address).content.decode()
    assert {"over", "100"} <= checked(page)
    assert "Two messages were lost" in page
    new = again(asks, address, old, mode="new", reason="Only the new ones")
    done = approved(new, client_of(ada))
    assert (done.status, done.done, len(asks.there())) == (JobStatus.SUCCEEDED, 2, 62)

    asks.post("item_job_put_back", done, reason="The wrong file")
    old, address = sent_back(asks)
    assert address == f"{asks.address('item_job_put_back', done)}?replaces={old.pk}"
    back = approved(again(asks, address, old, reason="It was the wrong file"), client_of(ada))
    assert (back.status, back.done, len(asks.there())) == (JobStatus.SUCCEEDED, 2, 60)


def test_a_deletion_is_typed_once_more(asks: Mover, client_of: ClientOf, ada: User) -> None:
    frozen = asks.came_of(asks.post("table_delete_items", query="?pk=m001"))
    asks.post("table_delete_run", frozen, typed="1", reason="A test message")
    old, address = sent_back(asks)
    refused = asks.browser.post(address, {"replaces": str(old.pk), "rate": 500, "typed": "", "reason": "x"})
    assert refused.status_code == 422
    old.refresh_from_db()
    assert old.status == ChangeStatus.AWAITING_APPROVAL
    new = again(asks, address, old, typed="prod", reason="A test message of May")
    assert approved(new, client_of(ada)).done == 1


def test_a_copy_begins_with_the_same_query(mover: Mover, asks: Mover) -> None:
    how: dict[str, Any] = {"into": asks.table.pk, "which": "first", "count": 10, "mode": "over", "rate": 500}
    mover.post("table_copy_items", query="?pk=m001", reason="Fill it", **how)
    old, address = sent_back(mover)
    assert address.startswith(f"{mover.address('table_copy_items')}?pk=m001&")
    page = mover.browser.get(address).content.decode()
    assert {"over", "10", "first"} <= checked(page)
    new = again(mover, address, old, reason="Fill it with one", **how)
    assert ItemJob.objects.get(change=new).goal["query"] == [["pk", "m001"]]


def test_of_somebody_elses_it_is_refused(asks: Mover, client_of: ClientOf, bob: User) -> None:
    frozen = asks.came_of(asks.post("table_delete_items", query="?pk=m001"))
    asks.post("table_delete_run", frozen, typed="1", reason="A test message")
    old, address = sent_back(asks)
    answer = client_of(bob).post(address, {"replaces": str(old.pk), "rate": 500, "typed": "1", "reason": "Mine"})
    assert answer.status_code in {403, 422}
    old.refresh_from_db()
    assert old.status == ChangeStatus.AWAITING_APPROVAL
    assert ItemJob.objects.get(change=old).status == JobStatus.QUEUED
