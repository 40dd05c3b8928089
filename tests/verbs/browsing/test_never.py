"""Whatever is in a table and however it is asked: forward each match comes exactly once, back come the same pages."""

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from fakes.as_aws import AsAws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import do_read
from provisioning.items.query import Condition, Query
from provisioning.models import Environment, Table

from .item_tables import INDEX, ids, table_of, through

numbers = itertools.count()


@dataclass(frozen=True)
class Put:
    """One item: of which user, at what time, with which colour, how large."""

    user: str
    at: int
    colour: str
    size: int


PUTS = st.builds(
    Put,
    user=st.sampled_from(["u1", "u2"]),
    at=st.integers(0, 3),  # many items share a key of the index
    colour=st.sampled_from(["red", "green"]),
    size=st.sampled_from([0, 500, 3000]),
)
RED = Condition("colour", "=", "S", "red")
LATE = Condition("timestamp", ">=", "N", "2")
QUERIES = st.builds(
    Query,
    index=st.just(INDEX),
    partition=st.sampled_from([None, "u1"]),
    filters=st.sampled_from([(), (RED,), (RED, Condition("colour", "!=", "S", "green"))]),
    descending=st.booleans(),
    page_size=st.just(10),
    attributes=st.sampled_from([(), ("colour",)]),
) | st.builds(Query, filters=st.sampled_from([(), (RED,), (LATE,), (RED, LATE)]), page_size=st.just(10))


@dataclass(frozen=True)
class Case:
    """A table's items, a question, and how many bytes AWS puts on a page."""

    puts: list[Put]
    query: Query
    page_bytes: int


CASES = st.builds(
    Case,
    puts=st.lists(PUTS, max_size=60),
    query=QUERIES,
    page_bytes=st.sampled_from([4_000, 20_000, 1_048_576]),
)


def filled(dynamodb: AsAws, dev: Environment, puts: list[Put]) -> Table:
    """A table of its own with these items."""
    table = table_of(dynamodb, dev, f"never-{next(numbers)}")
    for place, put in enumerate(puts):
        item: dict[str, Any] = {
            "id": {"S": f"{place:03}"},
            "user_id": {"S": put.user},
            "timestamp": {"N": str(put.at)},
            "colour": {"S": put.colour},
            "blob": {"B": b"x" * put.size},
        }
        dynamodb.client.put_item(TableName=table.name, Item=item)
    return table


def expected(puts: list[Put], query: Query) -> list[str]:
    """The ids that a query finds, by the words of it."""
    return [
        f"{place:03}"
        for place, put in enumerate(puts)
        if query.partition in {None, put.user}
        and (RED not in query.filters or put.colour == "red")
        and (LATE not in query.filters or put.at >= 2)
    ]


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=CASES)
def test_pitfalls_01_to_06_every_match_comes_once_and_the_way_back_is_the_same(
    alice: Actor, dev: Environment, dynamodb: AsAws, case: Case
) -> None:
    dynamodb.script.page_bytes, query = case.page_bytes, case.query
    table = filled(dynamodb, dev, case.puts)
    pages = through(alice, dev, table, query)
    found = [one for page in pages for one in ids(page)]
    assert sorted(found) == expected(case.puts, query)
    assert all(page.carry_on or len(page.rows) == query.page_size for page in pages[:-1])
    assert [page.first for page in pages] == list(itertools.accumulate([1, *(len(page.rows) for page in pages[:-1])]))
    back = pages[-1]
    for page in reversed(pages[:-1]):
        assert back.previous is not None
        back = do_read(alice, dev, table, query, back.previous)
        assert (back.rows, back.number, back.first) == (page.rows, page.number, page.first)
    assert back.previous is None
