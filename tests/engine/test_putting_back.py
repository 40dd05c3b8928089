"""Putting back what a job did to items: the table is as before, but for what others changed, which is never touched."""

from collections.abc import Callable, Iterator

import pytest
from fakes.as_aws import AsAws
from moto import mock_aws

from provisioning.actions.importing import do_put_back, put_back_cost
from provisioning.actions.jobs import do_cancel_job, do_resume_job
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.chunks import Purpose, read_chunks
from provisioning.engine.jobs.importing import NEW, OVER
from provisioning.engine.jobs.undoing import Count, count_of
from provisioning.engine.jobs.working import KEPT_TO_UNDO
from provisioning.lifecycle import JobStatus
from provisioning.models import ItemJob, JobChunk

from .item_backs import deleted, imported, killed_at, put_back, take_away
from .item_moves import RATE, checked, file_of, kept, numbered, run, there, told
from .item_yard import ItemYard, make_yard

UNSURE = "It is as it was to become. Whether this job did that or somebody else is not known: a worker ended then."
MORE = "Something was added to it in that very moment, and went too. Putting this back brings it back."
CHANGED = "It was changed meanwhile, and left as it is."


@pytest.fixture
def yard(db: None) -> Iterator[ItemYard]:
    """A table in dev, as AWS would have it."""
    with mock_aws():
        yard = make_yard()
        yard.client.client = AsAws(yard.client.client)
        yield yard


class TestMade:
    """Items that a job made go again, if they still are as it made them."""

    @pytest.mark.parametrize("mode", [NEW, OVER])
    def test_the_table_is_as_before(self, yard: ItemYard, mode: str) -> None:
        yard.put(numbered(2, "before"))
        job = imported(yard, numbered(5, "after"), mode)
        assert count_of(job) == Count(put=2 if mode == OVER else 0, made=3)
        assert job.report["kept"] == count_of(job).sure
        assert job.expires_at is not None
        assert job.finished_at is not None
        assert job.expires_at - job.finished_at > KEPT_TO_UNDO * 0.99
        back = put_back(yard, job)
        assert (back.status, back.done, back.skipped) == (JobStatus.SUCCEEDED, count_of(job).sure, 0)
        assert there(yard) == numbered(2, "before")

    def test_what_changed_meanwhile_stays_and_is_told_by_key(self, yard: ItemYard) -> None:
        job = imported(yard, numbered(4), NEW)
        yard.put([{**numbered(1)[0], "note": {"S": "an attribute more"}}])
        take_away(yard, numbered(1, begin=1)[0])
        back = put_back(yard, job)
        assert (back.done, back.skipped) == (2, 2)
        assert sorted(words for _, words in told(back)) == ["It is not there any more.", CHANGED]
        assert there(yard) == [{**numbered(1)[0], "note": {"S": "an attribute more"}}]

    def test_only_the_key_and_a_digest_are_kept(self, yard: ItemYard) -> None:
        job = imported(yard, numbered(3, "someone@example.org"), NEW)
        assert all(b"someone" not in bytes(chunk.content) for chunk in JobChunk.objects.filter(job=job))
        assert b"someone" not in b"".join(_opened(job))
        assert kept(job) == []

    def test_what_is_taken_back_is_kept_and_put_back_once_more(self, yard: ItemYard) -> None:
        yard.put(numbered(2, "before"))
        after = numbered(4, "after")
        back = put_back(yard, imported(yard, after))
        assert count_of(back) == Count(put=4)
        again = put_back(yard, back)
        assert there(yard) == after
        assert put_back(yard, again).done == 4
        assert there(yard) == numbered(2, "before")

    def test_a_deletion_that_was_put_back_is_deleted_again(self, yard: ItemYard) -> None:
        yard.put(numbered(3))
        back = put_back(yard, deleted(yard))
        assert (there(yard), count_of(back)) == (numbered(3), Count(made=3))
        put_back(yard, back)
        assert there(yard) == []

    def test_it_is_cancelled_and_resumed(self, yard: ItemYard) -> None:
        job = imported(yard, numbered(80), NEW)
        ItemJob.objects.filter(pk=job.pk).update(rate=10)
        job.refresh_from_db()
        back = do_put_back(yard.actor, yard.table, job, key=None)
        yard.tick(back)
        do_cancel_job(yard.actor, back)
        yard.tick(back)
        assert back.status == JobStatus.CANCELLED
        assert 0 < back.done == 80 - len(there(yard))
        with pytest.raises(Refusal, match="under way"):
            do_put_back(yard.actor, yard.table, do_resume_job(yard.actor, back), key=None)
        ItemJob.objects.filter(pk=back.pk).update(rate=None)
        back.refresh_from_db()
        assert (yard.drive(back).done, there(yard)) == (80, [])

    def test_throttling_leaves_some_for_later(self, yard: ItemYard) -> None:
        back = do_put_back(yard.actor, yard.table, imported(yard, numbered(10), NEW), key=None)
        yard.aws_rules.throttle("DeleteItem", 3)
        yard.tick(back)
        assert (back.done, back.waiting_for) == (7, "3 items were not taken by AWS yet; sent again in a moment.")
        assert (yard.drive(back).done, there(yard)) == (10, [])

    def test_what_was_put_back_does_not_go_on(self, yard: ItemYard) -> None:
        job = run(yard, checked(yard, file_of(numbered(80))), NEW, drive=False, rate=10)
        yard.tick(job)
        do_cancel_job(yard.actor, job)
        yard.tick(job)
        ItemJob.objects.filter(pk=job.pk).update(rate=RATE)
        job.refresh_from_db()
        put_back(yard, job)
        assert there(yard) == []
        with pytest.raises(Refusal, match="put back since"):
            do_resume_job(yard.actor, job)


class TestUnsure:
    """A worker ends between a call and its record: somebody else may have been at the item in between."""

    def test_what_somebody_else_deleted_is_not_put_back_by_itself(self, yard: ItemYard) -> None:
        yard.put(numbered(30))
        job = deleted(yard, drive=False)
        killed_at(yard, job, "delete_item", 20)
        gone = 30 - len(there(yard))
        theirs = there(yard)[-1]
        take_away(yard, theirs)
        yard.drive(job)
        assert (job.done, job.skipped, there(yard)) == (30, 0, [])
        assert (job.report["unsure"], count_of(job)) == (gone + 1, Count(put=29 - gone, unsure=gone + 1))
        assert [words for _, words in told(job)] == [UNSURE] * (gone + 1)
        put_back(yard, job)
        assert len(there(yard)) == 29 - gone
        assert theirs not in there(yard)

    def test_it_is_put_back_where_somebody_says_so(self, yard: ItemYard) -> None:
        yard.put(numbered(30))
        job = deleted(yard, drive=False)
        killed_at(yard, job, "delete_item", 20)
        yard.drive(job)
        assert put_back_cost(yard.table, job, unsure=True).items == 30
        assert put_back(yard, job, unsure=True).done == 30
        assert there(yard) == numbered(30)

    def test_what_somebody_else_made_is_not_deleted_by_itself(self, yard: ItemYard) -> None:
        job = imported(yard, numbered(30), NEW, drive=False)
        killed_at(yard, job, "put_item", 20)
        made = len(there(yard))
        yard.put(numbered(1, begin=29))  # the very item of the file
        yard.drive(job)
        assert (job.done, count_of(job)) == (30, Count(made=29 - made, unsure=made + 1))
        put_back(yard, job)
        assert len(there(yard)) == made + 1
        assert numbered(1, begin=29)[0] in there(yard)

    def test_a_cancelled_one_has_what_was_about_to_be_sent_as_unsure(self, yard: ItemYard) -> None:
        yard.put(numbered(10))
        job = deleted(yard, drive=False)
        killed_at(yard, job, "delete_item", 1)
        do_cancel_job(yard.actor, job)
        yard.tick(job)
        assert (job.status, count_of(job).sure) == (JobStatus.CANCELLED, 0)
        with pytest.raises(Refusal, match="all the same") as only:
            do_put_back(yard.actor, yard.table, job, key=None)
        assert only.value.fields == {"unsure": "Tick this to put them back."}
        put_back(yard, job, unsure=True)
        assert there(yard) == numbered(10)

    def test_a_put_back_that_was_killed_says_what_it_does_not_know(self, yard: ItemYard) -> None:
        back = do_put_back(yard.actor, yard.table, imported(yard, numbered(30), NEW), key=None)
        killed_at(yard, back, "delete_item", 20)
        gone = 30 - len(there(yard))
        yard.drive(back)
        assert (back.done, back.report["unsure"], there(yard)) == (30, gone, [])


class TestInBetween:
    """Somebody writes in the moment between a look and a write."""

    def test_an_attribute_that_is_added_comes_back(self, yard: ItemYard) -> None:
        yard.put(numbered(1))
        more = {**numbered(1)[0], "note": {"S": "added"}}
        _once(yard, "delete_item", lambda: yard.put([more]))
        job = deleted(yard)
        assert (job.done, job.report["more"], told(job)) == (1, 1, [(0, MORE)])
        put_back(yard, job)
        assert there(yard) == [more]

    def test_one_that_is_added_to_what_is_put_back_is_told_and_kept(self, yard: ItemYard) -> None:
        job = imported(yard, numbered(1), NEW)
        more = {**numbered(1)[0], "note": {"S": "added"}}
        _once(yard, "delete_item", lambda: yard.put([more]))
        back = put_back(yard, job)
        assert (told(back), there(yard)) == ([(0, MORE)], [])
        put_back(yard, back)
        assert there(yard) == [more]

    def test_what_is_written_over_is_what_was_there_in_that_moment(self, yard: ItemYard) -> None:
        yard.put(numbered(1, "before"))
        _once(yard, "put_item", lambda: yard.put(numbered(1, "theirs")))
        job = imported(yard, numbered(1, "after"))
        assert there(yard) == numbered(1, "after")
        put_back(yard, job)
        assert there(yard) == numbered(1, "theirs")


def _opened(job: ItemJob) -> list[bytes]:
    return [piece for purpose in (Purpose.UNDO, Purpose.KEYS, Purpose.MADE) for piece in read_chunks(job, purpose)]


def _once(yard: ItemYard, operation: str, act: Callable[[], object]) -> None:
    """Have somebody do something right before the next call of an operation."""

    def hook(name: str, _: int) -> None:
        if name == operation:
            yard.client.hooks.remove(hook)
            act()

    yard.client.hooks.append(hook)
