"""Comparisons in the background: every key once, whatever ends a worker; masks of both sides; prod by queries only."""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fakes.as_aws import AsAws, plain
from moto import mock_aws

from provisioning.actions.comparing_items import Corner, do_compare_all, price_of
from provisioning.actions.jobs import do_retry_job
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs import compared as reading
from provisioning.engine.jobs.chunks import Purpose, read_lines
from provisioning.engine.jobs.comparing import results_of
from provisioning.items.comparing import Compared, How, Outcome
from provisioning.items.query import Condition, Query
from provisioning.items.values import Item
from provisioning.lifecycle import JobStatus
from provisioning.models import AuditEntry, Environment, ItemJob, Table

from .item_yard import ItemYard, KilledError, make_yard

PARTITION = Query(partition="u")
SCAN = Query()
BY_KIND = Query(index="by-kind", partition="k")
RATE = 100_000


@dataclass
class TwoYards:
    """The same table in two environments of one account."""

    here: ItemYard
    there: ItemYard

    def corner(self, yard: ItemYard) -> Corner:
        return Corner(yard.environment, yard.table)

    def open(self, query: Query, **how: Any) -> ItemJob:
        """A comparison that is due."""
        corners = (self.corner(self.here), self.corner(self.there))
        return do_compare_all(self.here.actor, *corners, query, **{"rate": RATE, "key": uuid.uuid4(), **how})

    def compared(self, query: Query, **how: Any) -> ItemJob:
        """A comparison that has ended."""
        return self.here.drive(self.open(query, **how))


def two(stage: str = "staging") -> TwoYards:
    """dev here, and `stage` there."""
    there = make_yard(stage=stage, name=f"{stage}-messages")
    here = make_yard(stage="dev", name="dev-messages")
    Environment.objects.update(account=there.environment.account)
    Table.objects.update(account=there.environment.account)
    for yard in (there, here):
        yard.environment.refresh_from_db()
        yard.table.refresh_from_db()
        yard.client.client = AsAws(plain("dynamodb"))
    return TwoYards(here, there)


@pytest.fixture
def yards(db: None) -> Iterator[TwoYards]:
    """With staging."""
    with mock_aws():
        yield two()


@pytest.fixture
def prod(db: None) -> Iterator[TwoYards]:
    """With prod."""
    with mock_aws():
        yield two("prod")


def item(number: int, text: str = "x", kind: str = "k") -> Item:
    return {"user": {"S": "u"}, "at": {"N": str(number)}, "kind": {"S": kind}, "text": {"S": text}}


def fill(yards: TwoYards) -> None:
    """205 that are the same, 15 that differ, 10 only here, 5 only there, mixed."""
    write(yards.here, [item(number) for number in range(230)])
    write(yards.there, [item(number, "y" if number % 10 == 3 and number < 150 else "x") for number in range(220)])
    write(yards.there, [item(number) for number in range(1000, 1005)])


def write(yard: ItemYard, items: list[Item]) -> None:
    """Many items at once."""
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": one}} for one in items[start : start + 25]]
        yard.client.client.client.batch_write_item(RequestItems={yard.table.name: puts})


EXPECTED = {"same": 205, "different": 15, "extra": 10, "missing": 5}


def found(job: ItemJob) -> Counter[str]:
    """How many of each are kept, each key once."""
    rows = list(results_of(job))
    keys = [str(one.key) for one in rows]
    assert len(set(keys)) == len(keys)
    return Counter(str(one.outcome) for one in rows)


def counts(job: ItemJob) -> dict[str, int]:
    return {name: job.report.get(name, 0) for name in EXPECTED}


@pytest.mark.parametrize(
    "query", [PARTITION, Query(partition="u", descending=True), SCAN, BY_KIND], ids=["merged", "back", "scan", "index"]
)
def test_every_key_is_counted_once_and_differences_are_kept(yards: TwoYards, query: Query) -> None:
    fill(yards)
    job = yards.compared(query)
    assert job.status == JobStatus.SUCCEEDED, job.problem
    assert counts(job) == EXPECTED
    assert found(job) == {name: count for name, count in EXPECTED.items() if name != "same"}
    assert job.done == sum(EXPECTED.values())
    assert job.capacity > 0


@pytest.mark.parametrize("query", [PARTITION, SCAN], ids=["merged", "looked-up"])
@pytest.mark.parametrize("call", [2, 3, 5, 8])
def test_a_worker_that_is_killed_leaves_nothing_out_and_nothing_twice(yards: TwoYards, query: Query, call: int) -> None:
    fill(yards)
    job = yards.open(query)

    def kill(_name: str, number: int) -> None:
        if number == call:
            yards.here.client.hooks.clear()
            raise KilledError

    yards.here.client.hooks.append(kill)
    yards.here.killed(job)
    assert counts(yards.here.drive(job)) == EXPECTED
    assert found(job)["different"] == 15


def test_one_partition_is_read_once_on_each_side(yards: TwoYards) -> None:
    fill(yards)
    yards.compared(PARTITION)
    asked = Counter((name, request["TableName"]) for name, request in yards.here.client.asked if "TableName" in request)
    assert asked["query", "dev-messages"] == 3
    assert asked["query", "staging-messages"] == 3
    assert "batch_get_item" not in {name for name, _ in asked}


def test_filters_that_match_little_bring_it_on_page_by_page(yards: TwoYards) -> None:
    fill(yards)
    query = Query(partition="u", filters=(Condition("text", "=", "S", "y"),))
    job = yards.compared(query)
    assert counts(job) == {"same": 0, "different": 0, "extra": 0, "missing": 15}


def test_of_a_scan_with_a_filter_each_item_is_compared_with_the_same_key(yards: TwoYards) -> None:
    """What the filter finds only there differs here: it is one difference, not two."""
    fill(yards)
    query = Query(filters=(Condition("text", "=", "S", "y"),))
    job = yards.compared(query)
    assert counts(job) == {"same": 0, "different": 15, "extra": 0, "missing": 0}
    both = Query(filters=(Condition("text", "exists"),))
    assert counts(yards.compared(both)) == EXPECTED


def test_differences_by_type_and_by_worth(yards: TwoYards) -> None:
    yards.here.put([{**item(1), "n": {"N": "1"}, "t": {"S": "1"}}])
    yards.there.put([{**item(1), "n": {"N": "1.0"}, "t": {"N": "1"}}])
    (row,) = results_of(yards.compared(SCAN))
    assert [(one.path, one.how) for one in row.differences] == [(("t",), How.TYPE)]


def test_only_the_attributes_that_were_asked_for_are_compared(yards: TwoYards) -> None:
    yards.here.put([{**item(1), "n": {"N": "1"}}])
    yards.there.put([{**item(1, "other"), "n": {"N": "1"}}])
    for query in (Query(partition="u", attributes=("n",)), Query(attributes=("n",))):
        assert counts(yards.compared(query))["same"] == 1


def test_a_sample_looks_up_the_same_keys_on_the_other_side(yards: TwoYards) -> None:
    fill(yards)
    job = yards.compared(SCAN, sample=50)
    assert job.status == JobStatus.SUCCEEDED
    assert 50 <= job.done <= 100
    assert counts(job)["same"] + counts(job)["different"] + counts(job)["extra"] == 50
    with pytest.raises(Refusal, match="1 to 10,000"):
        yards.open(SCAN, sample=0)


def test_unprocessed_keys_are_asked_for_again(yards: TwoYards) -> None:
    fill(yards)
    yards.there.client.client.script.unprocessed = 7
    yards.here.client.client.script.unprocessed = 7
    assert counts(yards.compared(SCAN)) == EXPECTED


def test_throttled_it_waits_and_goes_on(yards: TwoYards) -> None:
    fill(yards)
    yards.here.client.client.script.throttle("BatchGetItem", times=3)
    yards.here.client.client.script.throttle("Query", times=2)
    assert counts(yards.compared(SCAN)) == EXPECTED
    assert counts(yards.compared(PARTITION)) == EXPECTED


def test_more_differences_than_are_kept_are_counted(yards: TwoYards) -> None:
    rows = [item(number) for number in range(220)]
    write(yards.here, rows)
    job = yards.open(PARTITION)
    job.report["rows"] = reading.MOST_ROWS - 150
    job.save(update_fields=["report"])
    job = yards.here.drive(job)
    assert (job.report["extra"], job.report["cut"]) == (220, True)
    assert found(job) == {"extra": 150}


def test_pitfall_41_masks_of_both_sides_hold_for_what_is_kept(prod: TwoYards) -> None:
    secret, other = {"S": "s3cret-1"}, {"S": "s3cret-2"}
    prod.here.put([{**item(number), "content": secret} for number in (1, 2, 3)])
    prod.there.put({**item(number), "content": content} for number, content in ((1, secret), (2, other), (4, secret)))
    job = prod.compared(PARTITION)
    assert counts(job) == {"same": 1, "different": 1, "extra": 1, "missing": 1}
    kept = b"\n".join(read_lines(job, Purpose.RESULT))
    assert b"s3cret" not in kept
    by_outcome: dict[Outcome, Compared] = {one.outcome: one for one in results_of(job)}
    assert [one.how for one in by_outcome[Outcome.DIFFERENT].differences] == [How.HIDDEN]
    extra = by_outcome[Outcome.EXTRA].item
    assert extra is not None
    assert extra["content"] == {"HIDDEN": "S"}


def test_pitfall_35_a_table_of_prod_is_never_scanned(prod: TwoYards) -> None:
    with pytest.raises(Refusal, match="never scanned"):
        prod.open(SCAN)
    with pytest.raises(Refusal, match="never scanned"):
        prod.open(SCAN, sample=10)
    assert not ItemJob.objects.exists()


def test_comparing_with_prod_is_written_down_there(prod: TwoYards) -> None:
    job = prod.compared(PARTITION)
    entry = AuditEntry.objects.get(environment=prod.there.environment)
    assert (entry.verb, entry.detail["job"]) == ("read_items", str(job.pk))


def test_a_second_click_finds_the_first_ones_job(prod: TwoYards) -> None:
    key = uuid.uuid4()
    assert prod.open(PARTITION, key=key) == prod.open(PARTITION, key=key)


def test_a_retry_of_a_comparison_with_prod_is_written_down_too(prod: TwoYards) -> None:
    job = prod.compared(PARTITION)
    prod.here.drive(do_retry_job(prod.here.actor, job))
    assert AuditEntry.objects.filter(environment=prod.there.environment).count() == 2


def test_pitfall_42_only_the_same_application_is_compared_with(yards: TwoYards) -> None:
    yards.there.environment.application = "fileshare"
    yards.there.environment.save()
    with pytest.raises(Refusal, match="same table of another environment"):
        yards.open(SCAN)
    job = ItemJob.objects.create(
        environment=yards.here.environment,
        table=yards.here.table.name,
        kind="compare",
        status="queued",
        asked_by_id=yards.here.actor.user_id,
        asked_at=yards.here.table.seen_at,
        goal={"query": [], "with": yards.there.environment.pk, "with_table": yards.there.table.name},
        next_check_at=yards.here.table.seen_at,
    )
    job = yards.here.drive(job)
    assert (job.status, (job.problem or {})["code"]) == (JobStatus.FAILED, "compare")


def test_tables_with_other_keys_are_not_compared(yards: TwoYards) -> None:
    described = yards.there.table.described
    described["attribute_types"] = {**described["attribute_types"], "at": "S"}
    yards.there.table.save()
    with pytest.raises(Refusal, match="different keys"):
        yards.open(SCAN)


def test_an_index_that_only_one_side_has(yards: TwoYards) -> None:
    yards.there.table.described["indexes"] = []
    yards.there.table.save()
    with pytest.raises(Refusal, match="has no index “by-kind”"):
        yards.open(BY_KIND)


def test_the_price_is_of_both_sides(yards: TwoYards) -> None:
    Table.objects.update(item_count=1000, size_bytes=4_096_000)
    for yard in (yards.here, yards.there):
        yard.table.refresh_from_db()
    corners = (yards.corner(yards.here), yards.corner(yards.there))
    assert price_of(*corners, PARTITION).units == 1000
    assert price_of(*corners, SCAN).units == 2000
    assert price_of(*corners, SCAN, sample=100).units == 200
    assert price_of(*corners, SCAN).items == 2000
