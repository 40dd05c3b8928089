"""Bulk deletions: the list that was looked at is what is deleted, whatever happens meanwhile; it can be put back."""

import uuid
from collections.abc import Iterator
from decimal import Decimal

import pytest
from fakes.as_aws import AsAws
from moto import mock_aws

from provisioning.actions.bulk_deleting import (
    deletion_cost,
    do_freeze,
    do_freeze_ticked,
    do_run_deletion,
    frozen_keys,
)
from provisioning.actions.importing import do_put_back
from provisioning.actions.jobs import do_cancel_job, do_resume_job
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs import deleting
from provisioning.engine.jobs.chunks import Purpose, has_chunks
from provisioning.items.query import Condition, Query
from provisioning.items.values import Item, key_token
from provisioning.lifecycle import JobStatus
from provisioning.models import AuditEntry, ItemJob, JobChunk

from .item_moves import RATE, kept, numbered, there, told
from .item_yard import ItemYard, KilledError, make_yard

EVERYTHING = Query()


@pytest.fixture
def yard(db: None) -> Iterator[ItemYard]:
    """A table in dev, as AWS would have it."""
    with mock_aws():
        yard = make_yard()
        yard.client.client = AsAws(yard.client.client)
        yield yard


def frozen(yard: ItemYard, query: Query = EVERYTHING) -> ItemJob:
    """The list of what a query finds."""
    return yard.drive(do_freeze(yard.actor, yard.environment, yard.table, query, rate=RATE, key=uuid.uuid4()))


def ticked(yard: ItemYard, items: list[Item]) -> ItemJob:
    """The list of items that somebody ticked."""
    tokens = [key_token({"user": item["user"], "at": item["at"]}) for item in items]
    return yard.drive(do_freeze_ticked(yard.actor, yard.environment, yard.table, tokens, key=uuid.uuid4()))


def deleted(yard: ItemYard, of: ItemJob, *, drive: bool = True) -> ItemJob:
    """The deletion of a list."""
    job = do_run_deletion(yard.actor, yard.table, of, typed="dev", rate=RATE, key=uuid.uuid4())
    return yard.drive(job) if drive else job


def put_back(yard: ItemYard, job: ItemJob, *, unsure: bool = False) -> ItemJob:
    """What a deletion deleted, put back."""
    return yard.drive(do_put_back(yard.actor, yard.table, job, unsure=unsure, key=uuid.uuid4()))


def take_away(yard: ItemYard, item: Item) -> None:
    """Somebody else deletes an item."""
    yard.client.client.delete_item(TableName=yard.table.name, Key={"user": item["user"], "at": item["at"]})


def by_time(items: list[Item]) -> list[Item]:
    """The items in the order of their sort key."""
    return sorted(items, key=lambda item: int(item["at"]["N"]))


def test_pitfall_34_the_frozen_list_is_deleted_and_nothing_else(yard: ItemYard) -> None:
    yard.put(numbered(30))
    of = frozen(yard)
    assert (of.status, of.done) == (JobStatus.SUCCEEDED, 30)
    assert len(there(yard)) == 30
    yard.put(numbered(5, begin=100))  # they match, but nobody has seen them
    job = deleted(yard, of)
    assert (job.status, job.done, job.skipped) == (JobStatus.SUCCEEDED, 30, 0)
    assert there(yard) == numbered(5, begin=100)
    back = put_back(yard, job)
    assert (back.done, there(yard)) == (30, numbered(30) + numbered(5, begin=100))


def test_pitfall_34_the_price_is_known_before_with_every_index(yard: ItemYard) -> None:
    yard.put(
        [{"user": {"S": "u"}, "at": {"N": "1"}, "kind": {"S": "k"}, "text": {"S": "x" * 1500}}, *numbered(2, begin=5)]
    )
    of = frozen(yard)
    cost = deletion_cost(yard.table, of)
    assert (cost.items, cost.units) == (3, Decimal(6))  # two and two on the index, and one each
    assert cost.usd is not None
    assert cost.bytes == of.report["bytes"] > 1500
    assert frozen_keys(yard.table, of, 2) == [{"user": item["user"], "at": item["at"]} for item in there(yard)][:2]


def test_pitfall_34_a_list_is_confirmed_by_name_or_count(yard: ItemYard) -> None:
    yard.put(numbered(3))
    of = frozen(yard)
    for typed in ("", "prod", "30", "DEV"):
        with pytest.raises(Refusal) as told_so:
            do_run_deletion(yard.actor, yard.table, of, typed=typed, rate=RATE, key=None)
        assert told_so.value.fields == {"typed": "Type dev or 3."}
    job = do_run_deletion(yard.actor, yard.table, of, typed=" 3 ", rate=RATE, key=None)
    assert job.goal["of"] == str(of.pk)
    with pytest.raises(Refusal, match="being run now"):
        do_run_deletion(yard.actor, yard.table, of, typed="3", rate=RATE, key=None)


class TestMeanwhile:
    """Others write in the same table."""

    def test_what_changed_is_left_and_what_is_gone_is_not_put_back(self, yard: ItemYard) -> None:
        yard.put(numbered(4))
        of = frozen(yard)
        yard.put(numbered(1, "changed since"))
        take_away(yard, numbered(1, begin=1)[0])
        job = deleted(yard, of)
        assert (job.done, job.skipped) == (2, 2)
        assert sorted(words for _, words in told(job)) == [
            "It is not there any more.",
            "It was changed meanwhile, and left as it is.",
        ]
        assert there(yard) == numbered(1, "changed since")
        assert by_time(kept(job)) == numbered(2, begin=2)
        put_back(yard, job)
        assert there(yard) == numbered(1, "changed since") + numbered(2, begin=2)

    def test_an_attribute_that_was_added_is_a_change_too(self, yard: ItemYard) -> None:
        yard.put(numbered(2))
        of = frozen(yard)
        more = {**numbered(1)[0], "note": {"S": "added since"}}
        yard.put([more])
        job = deleted(yard, of)
        assert (job.done, job.skipped) == (1, 1)
        assert told(job) == [(0, "It was changed meanwhile, and left as it is.")]
        assert there(yard) == [more]

    def test_nothing_is_put_over_an_item_that_was_made_anew(self, yard: ItemYard) -> None:
        yard.put(numbered(2))
        job = deleted(yard, frozen(yard))
        yard.put(numbered(1, "made anew"))
        back = put_back(yard, job)
        assert (back.done, back.skipped) == (1, 1)
        assert [item["text"]["S"] for item in there(yard)] == ["made anew", "x"]

    def test_pitfall_26_from_an_index_whole_items_are_kept(self, yard: ItemYard) -> None:
        made = [{**item, "kind": {"S": "odd"}} for item in numbered(3)]
        yard.put([*made, *numbered(1, begin=9)])
        described = yard.table.described
        described["indexes"][0]["projection"] = "KEYS_ONLY"
        yard.table.save()
        of = frozen(yard, Query(index="by-kind", partition="odd", attributes=("text",)))
        job = deleted(yard, of)
        assert by_time(kept(job)) == made
        assert there(yard) == numbered(1, begin=9)

    def test_a_filter_and_a_sort_condition_are_kept_to(self, yard: ItemYard) -> None:
        yard.put(numbered(4) + numbered(2, "other", begin=10))
        query = Query(partition="u", sort=Condition("at", "<=", "N", "10"), filters=(Condition("text", "=", "S", "x"),))
        deleted(yard, frozen(yard, query))
        assert there(yard) == numbered(2, "other", begin=10)


class TestEnds:
    """Workers that end, AWS that is busy, people who change their mind."""

    def test_a_worker_killed_between_call_and_commit(self, yard: ItemYard) -> None:
        yard.put(numbered(30))
        job = deleted(yard, frozen(yard), drive=False)

        def kill(name: str, number: int) -> None:
            if name == "delete_item" and len([one for one, _ in yard.client.asked if one == name]) > 20:
                raise KilledError

        yard.client.hooks.append(kill)
        yard.killed(job)
        assert job.done == 0
        assert len(there(yard)) < 20
        yard.client.hooks.clear()
        yard.drive(job)
        assert (job.done, job.skipped, there(yard)) == (30, 0, [])
        assert by_time(kept(job)) == numbered(30)
        put_back(yard, job, unsure=True)
        assert there(yard) == numbered(30)

    def test_throttling_leaves_some_for_later(self, yard: ItemYard) -> None:
        yard.put(numbered(10))
        job = deleted(yard, frozen(yard), drive=False)
        yard.client.client.script.throttle("DeleteItem", 3)
        yard.tick(job)
        assert (job.done, job.waiting_for) == (7, "3 items were not taken by AWS yet; sent again in a moment.")
        yard.drive(job)
        assert (job.done, there(yard), len(kept(job))) == (10, [], 10)

    def test_cancelled_resumed_and_put_back(self, yard: ItemYard) -> None:
        yard.put(numbered(80))
        job = do_run_deletion(yard.actor, yard.table, frozen(yard), typed="80", rate=10, key=None)
        yard.tick(job)
        do_cancel_job(yard.actor, job)
        yard.tick(job)
        assert job.status == JobStatus.CANCELLED
        assert 0 < job.done == 80 - len(there(yard))
        ItemJob.objects.filter(pk=job.pk).update(rate=None)
        job = yard.drive(do_resume_job(yard.actor, job))
        assert (job.done, there(yard)) == (80, [])
        put_back(yard, job)
        assert there(yard) == numbered(80)

    def test_what_a_cancelled_one_has_deleted_can_be_put_back(self, yard: ItemYard) -> None:
        yard.put(numbered(80))
        job = do_run_deletion(yard.actor, yard.table, frozen(yard), typed="80", rate=10, key=None)
        yard.tick(job)
        do_cancel_job(yard.actor, job)
        yard.tick(job)
        put_back(yard, job)
        assert there(yard) == numbered(80)

    def test_a_list_that_is_too_long_to_be_undone(self, yard: ItemYard) -> None:
        yard.put(numbered(3))
        of = do_freeze(yard.actor, yard.environment, yard.table, EVERYTHING, rate=RATE, key=None)
        ItemJob.objects.filter(pk=of.pk).update(report={"bytes": deleting.MOST_BYTES})  # of pages before
        of = yard.drive(of)
        assert (of.status, (of.problem or {}).get("code")) == (JobStatus.FAILED, "too-much")
        with pytest.raises(Refusal, match="not complete"):
            deleted(yard, of)

    def test_nothing_found_is_nothing_to_delete(self, yard: ItemYard) -> None:
        with pytest.raises(Refusal, match="nothing to delete"):
            deleted(yard, frozen(yard))


class TestTicked:
    """Rows that somebody ticked."""

    def test_they_are_frozen_as_they_are_and_deleted(self, yard: ItemYard) -> None:
        yard.put(numbered(4))
        of = ticked(yard, [*numbered(2), *numbered(1, begin=50)])
        assert (of.done, of.scanned, of.skipped) == (2, 3, 1)
        assert not has_chunks(of, Purpose.UPLOAD)
        assert deleted(yard, of).done == 2
        assert there(yard) == numbered(2, begin=2)

    @pytest.mark.parametrize("key", ["a,b", "a/b", "#", "%2F", "..", "a\nb", "\N{SLIGHTLY SMILING FACE}"])
    def test_pitfall_32_keys_of_any_characters(self, yard: ItemYard, key: str) -> None:
        item: Item = {"user": {"S": key}, "at": {"N": "-1.5"}, "b": {"B": b"\0"}}
        yard.put([item])
        job = deleted(yard, ticked(yard, [item]))
        assert (job.done, there(yard)) == (1, [])
        put_back(yard, job)
        assert there(yard) == [item]

    def test_none_and_forged_ones_are_refused(self, yard: ItemYard) -> None:
        with pytest.raises(Refusal, match="Tick the items first"):
            ticked(yard, [])
        with pytest.raises(Refusal, match="no address of an item"):
            do_freeze_ticked(yard.actor, yard.environment, yard.table, ["nonsense"], key=None)
        assert not ItemJob.objects.exists()


def test_what_is_kept_is_encrypted_and_no_entry_tells_a_value(yard: ItemYard) -> None:
    yard.put(numbered(3, "someone@example.org"))
    job = deleted(yard, frozen(yard))
    assert all(b"someone" not in bytes(chunk.content) for chunk in JobChunk.objects.all())
    assert "someone" not in str([(entry.summary, entry.detail) for entry in AuditEntry.objects.all()])
    assert not JobChunk.objects.exclude(job=job).exists()  # the frozen list is not needed behind its deletion
    assert {entry.verb for entry in AuditEntry.objects.all()} == {"job_open", "job_succeeded"}


def test_pitfall_35_a_scan_of_prod_is_not_frozen(db: None) -> None:
    with mock_aws():
        yard = make_yard(stage="prod")
        with pytest.raises(Refusal, match="never scanned"):
            do_freeze(yard.actor, yard.environment, yard.table, EVERYTHING, rate=RATE, key=None)


def test_pitfall_41_what_is_hidden_is_not_asked_for(db: None) -> None:
    with mock_aws():
        yard = make_yard(stage="prod")
        hidden = Query(partition="u", filters=(Condition("content", "begins-with", "S", "a"),))
        with pytest.raises(Refusal, match="content is hidden here"):
            do_freeze(yard.actor, yard.environment, yard.table, hidden, rate=RATE, key=None)
        assert not ItemJob.objects.exists()


def test_in_prod_nothing_is_deleted_without_a_second_person(db: None) -> None:
    with mock_aws():
        yard = make_yard(stage="prod")
        yard.put(numbered(2))
        of = frozen(yard, Query(partition="u"))
        assert of.done == 2
        with pytest.raises(Refusal) as needs:
            do_run_deletion(yard.actor, yard.table, of, typed="prod", rate=RATE, key=None)
        assert needs.value.code == "prod-needs-change"
        assert len(there(yard)) == 2
