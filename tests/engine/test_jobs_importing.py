"""Imports: a dry run that writes nothing, a run that loses and doubles nothing, whatever ends a worker; undoing."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.as_aws import AsAws
from fakes.made_items import items
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from provisioning.actions.importing import do_check_import, do_put_back
from provisioning.actions.jobs import do_cancel_job, do_resume_job
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs import checking
from provisioning.engine.jobs.chunks import Purpose, has_chunks, read_lines
from provisioning.engine.jobs.importing import NEW, OVER
from provisioning.engine.jobs.undoing import Count, count_of
from provisioning.items.exporting import CSV, NDJSON, Columns, seen_in, typed_lines, written
from provisioning.items.importing import Keys, open_file, read
from provisioning.items.values import Item, dumps, same_item
from provisioning.lifecycle import JobStatus
from provisioning.models import ItemJob, JobChunk

from .item_moves import checked, file_of, kept, numbered, run, there, told, upload
from .item_yard import ItemYard, KilledError, make_yard, throttled

KEYS = Keys(("user", "at"), {"user": "S", "at": "N", "kind": "S"})


@pytest.fixture
def yard(db: None) -> Iterator[ItemYard]:
    """A table in dev, as AWS would have it."""
    with mock_aws():
        yard = make_yard()
        yard.client.client = AsAws(yard.client.client)
        yield yard


def script(yard: ItemYard) -> Any:
    """What goes wrong."""
    return yard.client.client.script


def calls(yard: ItemYard, name: str) -> list[dict[str, Any]]:
    """The calls of an operation."""
    return [request for one, request in yard.client.asked if one == name]


@given(st.lists(items({"user": "S", "at": "N"}), max_size=4))
def test_pitfall_18_what_is_exported_is_imported_byte_for_byte(made: list[Item]) -> None:
    lines = typed_lines(made)
    content = b"".join(written(NDJSON, lines.split(b"\n")[:-1], Columns()))
    if content:
        keys = Keys(("user", "at"), {"user": "S", "at": "N"})
        form = open_file(content, "export.ndjson", keys)
        back = [line.item for line in read(form, keys, [content], form.start)]
        assert back == made
        assert [dumps(item or {}) for item in back] == [dumps(item) for item in made]


@given(st.lists(items({"user": "S", "at": "N"}), min_size=1, max_size=4))
def test_pitfall_39_csv_for_spreadsheets_comes_back_as_the_same_items(made: list[Item]) -> None:
    columns = Columns.of(["user", "at"])
    columns.add(seen_in(made))
    lines = typed_lines(made).split(b"\n")[:-1]
    content = b"".join(written(CSV, lines, columns))
    keys = Keys(("user", "at"), {"user": "S", "at": "N"})
    form = open_file(content, "export.csv", keys)
    back = [(line.problem, line.item) for line in read(form, keys, [content[form.start.offset :]], form.start)]
    assert [problem for problem, _ in back] == [""] * len(made)
    assert all(same_item(item, one) for (_, item), one in zip(back, made, strict=True))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(items({"user": "S", "at": "N"}), min_size=1, max_size=3))
def test_pitfall_18_items_of_every_type_are_imported_as_they_were(yard: ItemYard, made: list[Item]) -> None:
    for item in there(yard):
        yard.client.client.delete_item(TableName=yard.table.name, Key={name: item[name] for name in KEYS.names})
    dry = checked(yard, file_of(made))
    job = run(yard, dry, OVER)
    assert job.failed == 0, told(job)
    for item in made if dry.failed == 0 else []:
        key = {name: item[name] for name in ("user", "at")}
        found = yard.client.client.get_item(TableName=yard.table.name, Key=key)["Item"]
        assert same_item(found, item)


class TestDryRun:
    """What a file holds, held against the table; nothing is written."""

    def test_it_counts_what_is_new_the_same_and_different(self, yard: ItemYard) -> None:
        yard.put(numbered(2) + numbered(1, "other", 2))
        job = checked(yard, file_of(numbered(5)) + b"nope\n" + file_of(numbered(1)))
        assert job.status == JobStatus.SUCCEEDED
        report = job.report
        assert (report["new"], report["same"], report["exists"], report["wrong"]) == (2, 2, 1, 2)
        assert (job.scanned, job.done, job.failed) == (7, 5, 2)
        assert told(job) == [
            (6, "This is not JSON: Expecting value, column 1."),
            (7, "The same key as in line 1, which counts."),
            (1, "It is there already, the same."),
            (2, "It is there already, the same."),
            (3, "There is an item with this key already."),
        ]
        assert len(there(yard)) == 3
        assert not calls(yard, "put_item")

    def test_it_says_what_writing_takes_with_every_index(self, yard: ItemYard) -> None:
        big = {"user": {"S": "u"}, "at": {"N": "1"}, "kind": {"S": "k"}, "text": {"S": "x" * 2000}}
        job = checked(yard, file_of([big, *numbered(1, begin=5)]))
        assert job.report["units_new"] == "5"  # two on the table, two on the index, one for the item that is not in it
        assert "units_over" not in job.report

    def test_the_upload_is_encrypted_and_removed_behind_it(self, yard: ItemYard) -> None:
        secret = file_of([{"user": {"S": "u"}, "at": {"N": "1"}, "mail": {"S": "someone@example.org"}}] * 50)
        job = checked(yard, secret, drive=False)
        assert all(b"someone" not in bytes(chunk.content) for chunk in JobChunk.objects.filter(job=job))
        yard.drive(job)
        assert not has_chunks(job, Purpose.UPLOAD)
        assert "someone" not in str(job.report) + str(job.goal)

    def test_a_worker_that_ends_in_between_loses_and_doubles_no_line(self, yard: ItemYard) -> None:
        made = numbered(checking.BATCH_ITEMS + 300)
        job = checked(yard, file_of(made) + file_of(made[:1]), drive=False)

        def kill_second_look(name: str, number: int) -> None:
            if number == 7:
                raise KilledError

        yard.client.hooks.append(kill_second_look)
        yard.killed(job)
        assert 0 < job.scanned < len(made)
        yard.client.hooks.clear()
        yard.drive(job)
        assert (job.scanned, job.done, job.report["new"]) == (len(made) + 1, len(made), len(made))
        assert told(job) == [(len(made) + 1, "The same key as in line 1, which counts.")]
        assert len(list(read_lines(job, Purpose.ITEMS))) == len(made)

    def test_a_file_over_several_pieces(self, yard: ItemYard) -> None:
        made = [{**item, "text": {"S": "é" * 150_000}} for item in numbered(12)]
        job = checked(yard, b"[" + b",".join(dumps(item).encode() for item in made) + b"]")
        assert (job.done, job.failed) == (12, 0)
        assert told(job) == []

    def test_what_is_too_much_is_not_read_to_its_end(self, yard: ItemYard) -> None:
        job = checked(yard, file_of(numbered(1)) + b"nope\n" * 11_000)
        assert job.report["cut"] == "10,000 lines are wrong, so the rest was not read."
        with pytest.raises(Refusal, match="the rest was not read"):
            run(yard, job, NEW)

    def test_throttling_is_a_wait(self, yard: ItemYard) -> None:
        job = checked(yard, file_of(numbered(3)), drive=False)
        script(yard).throttle("BatchGetItem", 1)
        yard.tick(job)
        assert job.status == JobStatus.RUNNING
        assert "slow down" in job.waiting_for
        assert yard.drive(job).done == 3

    def test_keys_that_aws_did_not_process_are_asked_for_again(self, yard: ItemYard) -> None:
        yard.put(numbered(3))
        script(yard).unprocessed = 2
        job = checked(yard, file_of(numbered(3)))
        assert job.report["same"] == 3


class TestOnlyNew:
    """Nothing is ever written over (pitfall 30)."""

    def test_conflicts_are_told_by_line(self, yard: ItemYard) -> None:
        yard.put(numbered(1, "mine", 1))
        dry = checked(yard, file_of(numbered(3)))
        yard.put(numbered(1, "yours", 2))  # somebody is quicker than the second click
        job = run(yard, dry, NEW)
        assert job.status == JobStatus.SUCCEEDED
        assert (job.done, job.skipped, job.failed) == (1, 2, 0)
        assert told(job) == [
            (2, "There is an item with this key, which was left as it is."),
            (3, "There is an item with this key, which was left as it is."),
        ]
        assert [item["text"]["S"] for item in there(yard)] == ["x", "mine", "yours"]
        assert count_of(job) == Count(made=1)

    def test_a_worker_killed_between_call_and_commit(self, yard: ItemYard) -> None:
        dry = checked(yard, file_of(numbered(30)))
        job = run(yard, dry, NEW, drive=False)

        def kill(name: str, number: int) -> None:
            if name == "put_item" and len(calls(yard, "put_item")) > 20:
                raise KilledError

        yard.client.hooks.append(kill)
        yard.killed(job)
        assert job.done == 0
        assert len(there(yard)) >= 12
        yard.client.hooks.clear()
        yard.drive(job)
        assert (job.done, job.skipped) == (30, 0)
        assert there(yard) == numbered(30)

    def test_what_was_throttled_is_sent_again_and_the_rest_is_kept(self, yard: ItemYard) -> None:
        dry = checked(yard, file_of(numbered(20)))
        job = run(yard, dry, NEW, drive=False)
        script(yard).throttle("PutItem", 5)
        yard.tick(job)
        assert job.done == 15
        assert job.waiting_for == "5 items were not taken by AWS yet; sent again in a moment."
        yard.drive(job)
        assert (job.done, job.status, there(yard)) == (20, JobStatus.SUCCEEDED, numbered(20))


class TestOver:
    """Over what is there, by batches, and back again."""

    def test_pitfall_33_what_was_throttled_is_sent_again_after_a_pause(self, yard: ItemYard) -> None:
        dry = checked(yard, file_of(numbered(60)))
        job = run(yard, dry, OVER, drive=False)
        script(yard).throttle("PutItem", 7)
        yard.tick(job)
        assert job.done == 53
        assert job.waiting_for == "7 items were not taken by AWS yet; sent again in a moment."
        assert job.next_check_at is not None
        yard.drive(job)
        assert len(calls(yard, "put_item")) == 67
        assert (job.done, there(yard)) == (60, numbered(60))

    def test_what_is_the_same_is_not_written(self, yard: ItemYard) -> None:
        yard.put(numbered(3))
        job = run(yard, checked(yard, file_of(numbered(3) + numbered(1, begin=9))), OVER)
        assert (job.done, job.skipped) == (1, 3)
        assert len(calls(yard, "put_item")) == 1

    def test_what_was_written_over_is_put_back_where_it_is_still_so(self, yard: ItemYard) -> None:
        yard.put(numbered(4, "before"))
        job = run(yard, checked(yard, file_of(numbered(6, "after"))), OVER)
        assert kept(job) == numbered(4, "before")
        assert {item["text"]["S"] for item in there(yard)} == {"after"}
        yard.put([{**numbered(1)[0], "text": {"S": "changed since"}}])
        yard.client.client.delete_item(TableName=yard.table.name, Key={"user": {"S": "u"}, "at": {"N": "1"}})
        back = yard.drive(do_put_back(yard.actor, yard.table, job, key=None))
        assert (back.done, back.skipped) == (4, 2)
        assert [problem for _, problem in told(back)] == [
            "It was changed meanwhile, and left as it is.",
            "It is not there any more.",
        ]
        assert [item["text"]["S"] for item in there(yard)] == ["changed since", "before", "before"]
        with pytest.raises(Refusal, match="run already"):
            do_put_back(yard.actor, yard.table, job, key=None)

    def test_a_worker_killed_between_puts_keeps_what_was_there_first(self, yard: ItemYard) -> None:
        yard.put(numbered(60, "before"))
        job = run(yard, checked(yard, file_of(numbered(60, "after"))), OVER, drive=False)

        def kill(name: str, number: int) -> None:
            if name == "put_item" and len(calls(yard, name)) > 40:
                raise KilledError

        yard.client.hooks.append(kill)
        yard.killed(job)
        yard.client.hooks.clear()
        assert {item["text"]["S"] for item in there(yard)} == {"before", "after"}
        yard.drive(job)
        assert there(yard) == numbered(60, "after")
        assert job.done == 60
        assert sorted(kept(job), key=lambda item: int(item["at"]["N"])) == numbered(60, "before")

    def test_one_item_that_aws_does_not_take_spoils_no_other(self, yard: ItemYard) -> None:
        made = numbered(3)
        dry = checked(yard, file_of(made))
        # The table has got an index meanwhile whose key the second item has as another type.
        refuse = made[1]

        def picky(name: str, number: int) -> None:
            if name == "put_item" and yard.client.asked[number - 1][1]["Item"] == refuse:
                error = throttled("PutItem")
                error.response["Error"] = {"Code": "ValidationException", "Message": "Type mismatch for Index Key"}
                raise error

        yard.client.hooks.append(picky)
        job = run(yard, dry, OVER)
        assert (job.done, job.failed) == (2, 1)
        assert told(job) == [(2, "AWS does not take it: Type mismatch for Index Key")]


class TestEnds:
    """Cancelling, resuming, rates, a second click."""

    def test_cancelled_and_resumed(self, yard: ItemYard) -> None:
        job = run(yard, checked(yard, file_of(numbered(80))), NEW, drive=False, rate=10)
        yard.tick(job)
        do_cancel_job(yard.actor, job)
        done = job.done
        yard.tick(job)
        assert (job.status, job.done) == (JobStatus.CANCELLED, done)
        assert 0 < done < 80
        ItemJob.objects.filter(pk=job.pk).update(rate=None)
        job = yard.drive(do_resume_job(yard.actor, job))
        assert (job.done, job.skipped, there(yard)) == (80, 0, numbered(80))

    def test_the_rate_is_kept_to_by_waiting(self, yard: ItemYard) -> None:
        job = run(yard, checked(yard, file_of(numbered(80))), NEW, drive=False, rate=10)
        yard.tick(job)
        assert job.status == JobStatus.RUNNING
        assert job.waiting_for == "Going on at the rate that was asked for."
        assert job.capacity <= 60  # a few seconds' worth at once

    def test_a_second_click_runs_nothing_twice(self, yard: ItemYard) -> None:
        dry = checked(yard, file_of(numbered(3)))
        first = run(yard, dry, NEW, drive=False)
        with pytest.raises(Refusal, match="being run now"):
            run(yard, dry, NEW)
        yard.drive(first)
        with pytest.raises(Refusal, match="run already"):
            run(yard, dry, OVER)
        assert ItemJob.objects.count() == 2

    def test_too_large_a_file_and_no_file_of_items(self, yard: ItemYard, settings: Any) -> None:
        settings.IMPORT_MOST_MIB = 1
        with pytest.raises(Refusal) as large:
            checked(yard, b"x" * (1024 * 1024 + 1))
        assert large.value.fields == {"file": "The file is larger than 1 MiB. Split it."}
        with pytest.raises(Refusal, match="compressed"):
            checked(yard, b"\x1f\x8b")
        assert not ItemJob.objects.exists()

    def test_what_was_checked_has_expired(self, yard: ItemYard) -> None:
        dry = checked(yard, file_of(numbered(3)))
        job = run(yard, dry, NEW, drive=False)
        JobChunk.objects.filter(job=dry).delete()
        yard.tick(job)
        assert (job.status, (job.problem or {}).get("code")) == (JobStatus.FAILED, "time-over")


def test_an_upload_is_taken_in_once(yard: ItemYard) -> None:
    key = uuid.uuid4()
    one = do_check_import(yard.actor, yard.environment, yard.table, upload(file_of(numbered(2))), key=key)
    two = do_check_import(yard.actor, yard.environment, yard.table, upload(file_of(numbered(2))), key=key)
    assert one.pk == two.pk
    assert JobChunk.objects.filter(job=one).count() == 1
