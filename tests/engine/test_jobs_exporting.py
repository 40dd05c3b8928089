"""Exports and counts: nothing lost or doubled, whatever ends a worker; rates, masks, throttles, tables that vanish."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from fakes.as_aws_rules import MEGABYTE
from moto import mock_aws

from provisioning.actions.jobs import do_cancel_job, do_resume_job
from provisioning.engine.jobs.chunks import Purpose, drop_expired, read_lines
from provisioning.engine.jobs.exporting import columns_of
from provisioning.engine.jobs.working import Worked
from provisioning.items.values import dumps, loads_item
from provisioning.lifecycle import JobKind, JobStatus
from provisioning.models import AuditEntry, ItemJob, JobChunk, Table

from .item_yard import ItemYard, KilledError, make_yard, problem_of, throttled

PIECE, POSITION = 'INSERT INTO "provisioning_jobchunk"', 'UPDATE "provisioning_jobpart"'
HELD, PROGRESS = 'UPDATE "provisioning_itemjob" SET "lease_until"', 'UPDATE "provisioning_itemjob" SET "status"'
EVERYTHING: dict[str, Any] = {
    "big": {"N": "1318796827993409899"},
    "photo": {"B": b"\x00\xff"},
    "tags": {"SS": ["b", "a"]},
    "numbers": {"NS": ["1", "12345678901234567890"]},
    "nothing": {"NULL": True},
    "empty": {"S": ""},
    "deep": {"M": {"list": {"L": [{"BOOL": False}, {"M": {}}]}}},
}


@pytest.fixture
def yard(db: None) -> Iterator[ItemYard]:
    """A table in dev."""
    with mock_aws():
        yield make_yard()


@pytest.fixture
def prod(db: None) -> Iterator[ItemYard]:
    """A table in prod."""
    with mock_aws():
        yield make_yard(stage="prod")


def numbered(count: int, size: int = 10) -> list[dict[str, Any]]:
    """So many items of about so many bytes, of five people and two kinds."""
    return [
        {
            "user": {"S": f"u{number % 5}"},
            "at": {"N": str(number)},
            "kind": {"S": "odd" if number % 2 else "even"},
            "text": {"S": "x" * size},
        }
        for number in range(count)
    ]


def exported(job: ItemJob) -> list[str]:
    """The times of the items that an export holds, in order."""
    return sorted((loads_item(line.decode())["at"]["N"] for line in read_lines(job, Purpose.RESULT)), key=int)


def everyone(count: int) -> list[str]:
    """What `exported` is when all of them are there once."""
    return [str(number) for number in range(count)]


def test_pitfall_02_an_export_goes_on_after_a_page_of_one_megabyte(yard: ItemYard) -> None:
    yard.aws_rules.page_bytes = MEGABYTE
    yard.put(numbered(60, 30_000))
    job = yard.drive(yard.open(segments=1))
    assert job.status == JobStatus.SUCCEEDED
    assert exported(job) == everyone(60)
    assert (job.done, job.scanned) == (60, 60)
    assert len([name for name, _ in yard.client.asked if name == "scan"]) == 2
    assert JobChunk.objects.filter(job=job, purpose=Purpose.RESULT).count() == 2


def test_segments_are_read_side_by_side_and_each_item_once(yard: ItemYard) -> None:
    yard.put(numbered(80))
    job = yard.drive(yard.open(segments=4))
    assert exported(job) == everyone(80)
    segments = {(request["Segment"], request["TotalSegments"]) for _, request in yard.client.asked}
    assert segments == {(0, 4), (1, 4), (2, 4), (3, 4)}
    assert job.parts.count() == 4


def test_pitfall_18_what_is_exported_is_what_is_there_to_the_byte(yard: ItemYard) -> None:
    item = {"user": {"S": "u,\n\u2028\u0085"}, "at": {"N": "-0.5"}, "=cmd": {"S": "\u2029"}, **EVERYTHING}
    yard.put([item])
    job = yard.drive(yard.open())
    (line,) = read_lines(job, Purpose.RESULT)
    kept = yard.client.client.get_item(TableName=job.table, Key={name: item[name] for name in ("user", "at")})["Item"]
    assert loads_item(line.decode()) == kept
    assert dumps(loads_item(line.decode())).encode() == line


def test_a_query_reads_one_partition_in_order(yard: ItemYard) -> None:
    yard.put(numbered(20, 3_200))
    job = yard.drive(yard.open(query=[["pk", "u1"], ["order", "desc"]], segments=1))
    times = [json.loads(line)["at"]["N"] for line in read_lines(job, Purpose.RESULT)]
    assert times == [str(number) for number in range(16, 0, -5)]
    assert {name for name, _ in yard.client.asked} == {"query"}


def test_pitfall_04_an_index_is_read_to_its_end(yard: ItemYard) -> None:
    yard.put(numbered(33, 3_200))
    job = yard.drive(yard.open(query=[["index", "by-kind"], ["pk", "odd"]]))
    assert exported(job) == [str(number) for number in range(1, 33, 2)]
    assert all(request["IndexName"] == "by-kind" for _, request in yard.client.asked)
    assert any("ExclusiveStartKey" in request for _, request in yard.client.asked)


def test_a_filter_that_matches_little_ends_with_what_matched(yard: ItemYard) -> None:
    yard.put(numbered(40, 3_200))
    query = [["path", "at"], ["op", "="], ["type", "N"], ["value", "39"], ["to", ""]]
    job = yard.drive(yard.open(query=query, segments=1))
    assert exported(job) == ["39"]
    assert job.scanned == 40


@pytest.mark.parametrize("call", range(1, 6))
def test_pitfall_02_a_worker_killed_at_any_call_loses_and_doubles_nothing(yard: ItemYard, call: int) -> None:
    yard.put(numbered(50, 3_200))

    def kill(_name: str, number: int) -> None:
        if number == call:
            raise KilledError

    yard.client.hooks.append(kill)
    job = yard.open(segments=2)
    yard.killed(job)
    assert job.finished_at is None
    yard.drive(job)
    assert exported(job) == everyone(50)
    assert job.done == 50


@contextmanager
def when_written(fragment: str, happens: Callable[[], object], *, at: int = 1) -> Iterator[None]:
    """Before the `at`th statement that holds the fragment goes to the database, something happens, once."""
    seen = []

    def wrapper(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if fragment in sql:
            seen.append(sql)
            if len(seen) == at:
                happens()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def killed() -> None:
    """The worker ends here."""
    raise KilledError


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("statement", [PIECE, POSITION, PROGRESS])
def test_pitfall_33_a_page_and_its_position_are_kept_together_or_not_at_all(
    yard: ItemYard, statement: str, at: int
) -> None:
    """Killed between the write of a piece and that of its position, in whatever order they come."""
    yard.put(numbered(40, 3_200))
    job = yard.open(segments=1)
    with when_written(statement, killed, at=at):
        yard.killed(job)
    assert job.done == sum(part.items for part in job.parts.all()) == len(exported(job))
    assert job.done < 40
    assert exported(yard.drive(job)) == everyone(40)
    assert job.done == 40


def test_a_lease_that_somebody_else_has_taken_writes_nothing(yard: ItemYard) -> None:
    yard.put(numbered(10))
    job = yard.open(segments=1)
    with when_written(HELD, lambda: ItemJob.objects.filter(pk=job.pk).update(lease_token="0" * 32), at=3):
        assert yard.tick(job) == Worked()
    assert len(yard.client.asked) == 1
    assert (job.done, JobChunk.objects.count()) == (0, 0)


def test_two_workers_at_once_are_one(yard: ItemYard) -> None:
    yard.put(numbered(10))
    job = yard.open(segments=1)
    second: list[Worked] = []
    with when_written(PIECE, lambda: second.append(yard.tick(job))):
        yard.tick(job)
    assert second == [Worked()]
    assert len(yard.client.asked) == 1
    assert yard.tick(job) == Worked()  # it has ended: a message that comes late does nothing


def test_cancel_is_honoured_between_calls_and_a_resume_goes_on(yard: ItemYard) -> None:
    yard.put(numbered(50, 3_200))
    job = yard.open(segments=1)
    with when_written(POSITION, lambda: do_cancel_job(yard.actor, job)):
        yard.tick(job)
    assert job.status == JobStatus.CANCELLED
    assert 0 < job.done < 50
    asked = len(yard.client.asked)
    assert asked <= 2  # the one whose page was kept, and the one that was under way
    job = yard.drive(do_resume_job(yard.actor, job))
    assert job.status == JobStatus.SUCCEEDED
    assert exported(job) == everyone(50)
    assert "ExclusiveStartKey" in yard.client.asked[asked][1]


def test_throttling_is_a_wait_with_words_and_costs_nothing_but_time(yard: ItemYard) -> None:
    yard.put(numbered(20, 3_200))
    job = yard.open(segments=1)
    fails = {2, 3}

    def throttle(name: str, number: int) -> None:
        if number in fails:
            raise throttled(name)

    yard.client.hooks.append(throttle)
    first = yard.tick(job)
    assert (job.status, job.tries) == (JobStatus.RUNNING, 1)
    assert "Try 1: DynamoDB" in job.waiting_for
    assert first.again_in is not None
    assert first.again_in >= 1.0
    assert job.next_check_at is not None
    assert job.next_check_at > timezone.now()
    assert job.done > 0
    ItemJob.objects.filter(pk=job.pk).update(next_check_at=timezone.now())
    yard.tick(job)
    assert "Try 2" in job.waiting_for
    assert exported(yard.drive(job)) == everyone(20)
    assert (job.tries, job.waiting_for) == (0, "")


def test_a_table_that_vanished_meanwhile_is_said_in_words(yard: ItemYard) -> None:
    yard.put(numbered(3))
    job = yard.open()
    yard.client.client.delete_table(TableName=yard.table.name)
    yard.tick(job)
    assert job.status == JobStatus.FAILED
    assert problem_of(job)["sentence"] == f"The table {yard.table.name} is not there any more."


def test_pitfall_42_a_table_that_has_changed_hands_is_not_read(yard: ItemYard) -> None:
    job = yard.open()
    Table.objects.update(environment=None)
    yard.tick(job)
    assert job.status == JobStatus.FAILED
    assert "has no table" in problem_of(job)["sentence"]
    assert yard.client.asked == []


def test_an_index_that_went_meanwhile_is_said_in_words(yard: ItemYard) -> None:
    job = yard.open(query=[["index", "by-kind"], ["pk", "odd"]])
    Table.objects.update(described={**yard.table.described, "indexes": []})
    yard.tick(job)
    assert "has no index “by-kind”" in problem_of(job)["sentence"]
    assert problem_of(job)["resume"] is False


def test_pitfall_41_what_prod_hides_is_never_written_down(prod: ItemYard) -> None:
    Table.objects.update(logical_id="")
    prod.put([{"user": {"S": "u1"}, "at": {"N": "1"}, "phone": {"S": "555-1234"}}])
    job = prod.drive(prod.open(query=[["pk", "u1"]]))
    (line,) = read_lines(job, Purpose.RESULT)
    assert json.loads(line) == {"user": {"S": "u1"}, "at": {"N": "1"}, "phone": {"HIDDEN": "S"}}
    assert columns_of(job).kind("phone") == "HIDDEN"


@pytest.mark.parametrize("kind", [JobKind.EXPORT, JobKind.COUNT])
def test_pitfall_35_prod_is_not_scanned_not_even_to_count(prod: ItemYard, kind: JobKind) -> None:
    prod.put(numbered(7))
    job = prod.open(kind)
    prod.tick(job)
    assert problem_of(job)["sentence"].startswith("Tables of prod are queried, never scanned")
    assert prod.client.asked == []


def test_of_prod_what_a_query_finds_is_counted(prod: ItemYard) -> None:
    prod.put([{"user": {"S": user}, "at": {"N": str(at)}} for user in ("u1", "u2") for at in range(7)])
    assert prod.drive(prod.open(JobKind.COUNT, query=[["pk", "u1"]])).report["count"] == 7


def test_a_table_that_was_made_anew_with_other_keys_ends_a_job_in_words(yard: ItemYard) -> None:
    yard.remake("id")
    yard.put([{"id": {"S": "a"}}])
    for job in (yard.open(), yard.open(query=[["pk", "u1"]]), yard.open(JobKind.COUNT, query=[["pk", "u1"]])):
        yard.tick(job)
        assert problem_of(job)["sentence"] == f"The table {job.table} has other keys than when Stackyard last looked."
        assert (problem_of(job)["code"], problem_of(job)["resume"]) == ("other-keys", False)
    assert not JobChunk.objects.filter(purpose=Purpose.RESULT).exists()


def test_pitfall_09_a_count_is_exact_and_brings_no_item(yard: ItemYard) -> None:
    yard.put(numbered(43, 2_000))
    job = yard.drive(yard.open(JobKind.COUNT))
    assert (job.report["count"], job.scanned) == (43, 43)
    assert {request["Select"] for _, request in yard.client.asked} == {"COUNT"}
    assert not JobChunk.objects.exists()


def test_columns_are_the_keys_and_then_what_came(yard: ItemYard) -> None:
    yard.put([{"zeta": {"S": "z"}, "user": {"S": "a"}, "at": {"N": "1"}}])
    yard.put([{"user": {"S": "b"}, "at": {"N": "2"}, "zeta": {"N": "1"}, "alpha": {"BOOL": True}}])
    columns = columns_of(yard.drive(yard.open()))
    assert list(columns.types)[:2] == ["user", "at"]
    assert {name: columns.kind(name) for name in columns.types} == {
        "user": "S",
        "at": "N",
        "zeta": "JSON",
        "alpha": "BOOL",
    }


def test_pieces_and_positions_cannot_be_read_in_the_database(yard: ItemYard) -> None:
    yard.put(numbered(20, 3_200))
    job = yard.open(segments=1)
    yard.client.hooks.append(lambda _name, number: None if number < 2 else (_ for _ in ()).throw(throttled()))
    yard.tick(job)
    chunk = JobChunk.objects.get(job=job, purpose=Purpose.RESULT)
    position = job.parts.get().position
    assert position
    assert b"xxxx" not in bytes(chunk.content)
    assert "user" not in position
    JobChunk.objects.filter(pk=chunk.pk).update(job=yard.open())
    with pytest.raises(ValueError, match="not made by Stackyard"):
        list(read_lines(ItemJob.objects.exclude(pk=job.pk).get(), Purpose.RESULT))


def test_what_a_job_carries_is_removed_when_its_day_is_over(yard: ItemYard) -> None:
    yard.put(numbered(5))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        job = yard.drive(yard.open())
        assert job.expires_at == timezone.now() + timedelta(hours=24)
        assert drop_expired(timezone.now()) == 0
        clock.shift(timedelta(hours=24, seconds=1))
        assert drop_expired(timezone.now()) > 0
    assert not JobChunk.objects.exists()
    assert ItemJob.objects.filter(pk=job.pk).exists()


def test_the_rate_ends_a_tick_instead_of_a_wait_in_the_worker(yard: ItemYard) -> None:
    """Pages of 4 units at 4 a second: two of them as a burst, and the rest later."""
    yard.put(numbered(100, 3_200))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        job = yard.open(segments=1, rate=4)
        begun, ticks = timezone.now(), 0
        while job.finished_at is None:
            worked = yard.tick(job)
            ticks += 1
            if worked.again_in:
                clock.shift(timedelta(seconds=worked.again_in))
        took = (timezone.now() - begun).total_seconds()
    assert exported(job) == everyone(100)
    assert job.capacity >= 36  # 300 KB, eventually consistent
    assert ticks > 3
    assert took >= float(job.capacity) / 4 - 4.1  # what may be saved up and used at once


def test_who_asked_and_how_it_ended_are_in_the_audit_trail(yard: ItemYard) -> None:
    yard.put(numbered(3))
    yard.drive(yard.open())
    opened, ended = AuditEntry.objects.order_by("id")
    assert (opened.verb, opened.by_id, ended.verb, ended.by_id) == (
        "job_open",
        yard.actor.user_id,
        "job_succeeded",
        None,
    )
    assert ended.detail["done"] == 3


def test_a_job_that_ends_every_worker_is_taken_from_them(yard: ItemYard) -> None:
    yard.put(numbered(3))
    job = yard.open()

    def kill(_name: str, _number: int) -> None:
        raise KilledError

    yard.client.hooks.append(kill)
    for _ in range(5):
        yard.killed(job)
    yard.tick(job)
    assert job.status == JobStatus.FAILED
    assert "Workers ended 5 times" in problem_of(job)["sentence"]
    yard.client.hooks.clear()
    assert exported(yard.drive(do_resume_job(yard.actor, job))) == everyone(3)
