"""Copies of samples: never out of prod as it is, never over anything unless asked, and each item once."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from fakes.as_aws import AsAws, plain
from fakes.made_items import VALUES, items
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from provisioning.actions.copying import Sample, copy_cost, destinations, do_copy_sample, is_masked
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.chunks import Purpose, read_lines
from provisioning.engine.jobs.importing import OVER
from provisioning.items.masking import Mask, mask_for
from provisioning.items.query import Condition, Query
from provisioning.items.values import Item, Value, dumps, size_of
from provisioning.lifecycle import JobStatus
from provisioning.models import AuditEntry, Environment, ItemJob, JobChunk, Table

from .item_moves import RATE, numbered, there, told
from .item_yard import ItemYard, KilledError, make_yard

PARTITION = Query(partition="u")


@dataclass
class TwoYards:
    """An environment to copy out of, and one to copy into, with the same table in one account."""

    source: ItemYard
    into: ItemYard

    def open(self, count: int = 100, *, query: Query = PARTITION, **how: Any) -> ItemJob:
        """A copy that is due."""
        sample = Sample(self.source.environment, self.source.table, query, count, how.pop("random", False), **how)
        return do_copy_sample(self.into.actor, sample, self.into.table, rate=RATE, key=uuid.uuid4())

    def copied(self, count: int = 100, **how: Any) -> ItemJob:
        """A copy that has ended."""
        return self.into.drive(self.open(count, **how))


def two(stage: str) -> TwoYards:
    """Two environments of one account; the first one is at `stage`."""
    source = make_yard(stage=stage, name=f"{stage}-messages")
    into = make_yard(stage="dev", name="dev-messages")
    Environment.objects.update(account=source.environment.account)
    Table.objects.update(account=source.environment.account)
    for yard in (source, into):
        yard.environment.refresh_from_db()
        yard.table.refresh_from_db()
        yard.client.client = AsAws(plain("dynamodb"))
    return TwoYards(source, into)


@pytest.fixture
def staging(db: None) -> Iterator[TwoYards]:
    """Out of staging."""
    with mock_aws():
        yield two("staging")


@pytest.fixture
def prod(db: None) -> Iterator[TwoYards]:
    """Out of prod."""
    with mock_aws():
        yield two("prod")


def emptied(yard: ItemYard) -> None:
    """Everything away."""
    for item in there(yard):
        yard.client.client.delete_item(TableName=yard.table.name, Key={name: item[name] for name in ("user", "at")})


def texts_in(value: Any) -> set[str]:
    """Every text and number of a value, long enough to mean something."""
    ((kind, content),) = value.items()
    if kind in {"M", "L"}:
        parts = content.values() if kind == "M" else content
        return {text for part in parts for text in texts_in(part)}
    members = content if kind in {"SS", "NS", "BS"} else [content]
    return {str(member) for member in members if kind not in {"BOOL", "NULL"} and len(str(member)) > 6}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(items({"user": "S", "at": "N"}), min_size=1, max_size=3),
    hidden=VALUES,
    logical_id=st.sampled_from(["MessagesTable", "WithoutARule"]),
)
def test_pitfall_41_nothing_leaves_prod_as_it_is(
    prod: TwoYards, made: list[Item], hidden: Value, logical_id: str
) -> None:
    emptied(prod.source)
    emptied(prod.into)
    made = [
        {**item, "user": {"S": "u"}, "content": hidden}
        for item in made
        if isinstance(item.get("kind", {"S": "k"}).get("S"), str)
    ]
    made = [item for item in made if item.get("kind") != {"S": ""} and size_of(item) < 10_000]
    prod.source.put(made)
    Table.objects.update(logical_id=logical_id)
    prod.source.table.refresh_from_db()
    prod.into.table.refresh_from_db()
    job = prod.copied()
    mask = mask_for(prod.source.environment, prod.source.table)
    assert not mask.is_empty
    arrived = there(prod.into)
    assert len(arrived) == len(there(prod.source)) - job.failed
    kept = b"".join(read_lines(job, Purpose.ITEMS)).decode() + dumps({"L": {"L": [{"M": item} for item in arrived]}})
    # A hidden text that also stands in what is shown is no leak: keys are addresses, and most attributes have no rule.
    shown = dumps({"L": {"L": [{"M": _shown(mask, item)} for item in there(prod.source)]}})
    for item in there(prod.source):
        for name, value in mask.hidden_in(item).items():
            assert {"user", "at"}.isdisjoint({name})
            for text in texts_in(value):
                assert text not in kept or text in shown


def _shown(mask: Mask, item: Item) -> Item:
    hidden = mask.hidden_in(item)
    return {name: value for name, value in item.items() if name not in hidden}


def test_pitfall_41_the_same_value_has_the_same_stand_in(prod: TwoYards) -> None:
    prod.source.put([{**item, "content": {"S": "someone@example.org"}} for item in numbered(2)])
    prod.copied()
    one, other = there(prod.into)
    assert one["content"] == other["content"] != {"S": "someone@example.org"}
    assert is_masked(Sample(prod.source.environment, prod.source.table, PARTITION, 2, random=False))


def test_pitfall_35_a_scan_of_prod_is_not_copied(prod: TwoYards) -> None:
    for random in (True, False):
        with pytest.raises(Refusal, match="never scanned"):
            prod.open(query=Query(), random=random)


def test_what_is_hidden_is_not_asked_for(prod: TwoYards) -> None:
    with pytest.raises(Refusal, match="content is hidden here"):
        prod.open(query=Query(partition="u", filters=(Condition("content", "begins-with", "S", "a"),)))


class TestSamples:
    """Which items are copied."""

    def test_the_first_ones_of_a_query(self, staging: TwoYards) -> None:
        staging.source.put(numbered(300, "x" * 3000))
        job = staging.copied(250)
        assert (job.status, job.done, job.report["read"]) == (JobStatus.SUCCEEDED, 250, 250)
        assert there(staging.into) == numbered(250, "x" * 3000)

    def test_a_filter_is_kept_to(self, staging: TwoYards) -> None:
        staging.source.put(numbered(150) + numbered(10, "other", 500))
        job = staging.copied(5, query=Query(partition="u", filters=(Condition("text", "=", "S", "other"),)))
        assert job.done == 5
        assert there(staging.into) == numbered(5, "other", 500)

    def test_a_random_sample_is_from_everywhere_and_each_item_once(self, staging: TwoYards) -> None:
        staging.source.put([{**item, "user": {"S": f"u{at}"}} for at, item in enumerate(numbered(200))])
        job = staging.copied(40, query=Query(), random=True)
        assert (job.done, job.skipped, len(there(staging.into))) == (40, 0, 40)
        segments = {request["Segment"] for name, request in staging.into.client.asked if name == "scan"}
        assert len(segments) > 5

    def test_a_random_sample_of_few_is_all_of_them(self, staging: TwoYards) -> None:
        staging.source.put(numbered(7))
        assert staging.copied(40, query=Query(), random=True).done == 7
        assert there(staging.into) == numbered(7)

    def test_a_worker_killed_while_reading(self, staging: TwoYards) -> None:
        staging.source.put(numbered(250))
        job = staging.open(250)

        def kill(name: str, number: int) -> None:
            if number == 3:
                raise KilledError

        staging.into.client.hooks.append(kill)
        staging.into.killed(job)
        staging.into.client.hooks.clear()
        assert job.report["read"] == 200
        staging.into.drive(job)
        assert (job.done, job.skipped) == (250, 0)
        assert there(staging.into) == numbered(250)


class TestInto:
    """Where they are copied to."""

    def test_what_is_there_stays_unless_asked(self, staging: TwoYards) -> None:
        staging.source.put(numbered(3))
        staging.into.put(numbered(1, "mine", 1))
        job = staging.copied()
        assert (job.done, job.skipped) == (2, 1)
        assert told(job) == [(0, "There is an item with this key, which was left as it is.")]
        assert [item["text"]["S"] for item in there(staging.into)] == ["x", "mine", "x"]
        assert staging.copied(mode=OVER).done == 1
        assert there(staging.into) == numbered(3)

    def test_only_the_same_table_of_the_same_application(self, staging: TwoYards) -> None:
        assert destinations(staging.source.environment, staging.source.table) == [staging.into.table]
        staging.into.table.logical_id = "SessionsTable"
        staging.into.table.save()
        with pytest.raises(Refusal, match="into the same table of another environment"):
            staging.open()
        staging.into.table.logical_id = "MessagesTable"
        staging.into.table.described["attribute_types"]["at"] = "S"
        staging.into.table.save()
        assert destinations(staging.source.environment, staging.source.table) == []

    def test_into_prod_only_as_a_change(self, prod: TwoYards) -> None:
        prod.into.put(numbered(2))
        sample = Sample(prod.into.environment, prod.into.table, Query(), 2, random=False)
        with pytest.raises(Refusal) as needs:
            do_copy_sample(prod.source.actor, sample, prod.source.table, rate=RATE, key=None)
        assert needs.value.code == "prod-needs-change"
        assert not ItemJob.objects.exists()

    def test_both_sides_are_told_and_no_value(self, prod: TwoYards) -> None:
        prod.source.put([{**numbered(1)[0], "content": {"S": "someone@example.org"}}])
        prod.copied()
        entries = {(entry.environment, entry.verb) for entry in AuditEntry.objects.all()}
        assert (prod.source.environment, "copy_items") in entries
        assert (prod.into.environment, "job_open") in entries
        assert "someone" not in str([(entry.summary, entry.detail) for entry in AuditEntry.objects.all()])
        assert all(b"someone" not in bytes(chunk.content) for chunk in JobChunk.objects.all())

    def test_counts_and_prices(self, staging: TwoYards) -> None:
        staging.source.table.item_count, staging.source.table.size_bytes = 1000, 2_000_000
        sample = Sample(staging.source.environment, staging.source.table, PARTITION, 100, random=False)
        cost, reading = copy_cost(sample, staging.into.table)
        assert (cost.items, cost.bytes, cost.units) == (100, 200_000, Decimal(400))
        assert reading > 20
        for count in (0, 10_001):
            with pytest.raises(Refusal, match="From 1 to 10,000"):
                staging.open(count)
        with pytest.raises(Refusal, match="random sample is one of the whole table"):
            staging.open(5, random=True)
