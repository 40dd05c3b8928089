"""What goes wrong while looking, in words: who is to do what."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from fakes.as_aws import AsAws

from provisioning.actions.actor import Actor
from provisioning.actions.browsing import do_get, do_read
from provisioning.actions.refusals import Refusal
from provisioning.items.query import Query
from provisioning.models import Environment, Table

from .item_tables import BY_USER, FULL, INDEX, NAME, fill, refused


def test_throttling(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    dynamodb.script.throttle("Scan")
    refusal = refused(alice, dev, table, Query())
    assert refusal.code == "busy-throttled"
    assert "Wait a few seconds" in refusal.sentence


def test_throttling_later_keeps_what_was_found(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    fill(dynamodb, 60, blob={"B": b"x" * FULL})

    class Tired(AsAws):
        """It throttles the second call."""

        def scan(self, **request: Any) -> dict[str, Any]:
            answer = super().scan(**request)
            self.script.throttle("Scan")
            return answer

    dynamodb.__class__ = Tired
    page = do_read(alice, dev, table, Query(page_size=50))
    assert (len(page.rows), page.carry_on, page.next is not None) == (34, True, True)


def test_an_aws_out_of_reach(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    class Away(AsAws):
        """Nobody answers."""

        def scan(self, **_request: Any) -> dict[str, Any]:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    dynamodb.__class__ = Away
    refusal = refused(alice, dev, table, Query())
    assert (refusal.code, "in time" in refusal.sentence) == ("busy-unreachable", True)


def test_a_table_that_vanished(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    dynamodb.client.delete_table(TableName=NAME)
    assert refused(alice, dev, table, Query()).code == "table-gone"
    with pytest.raises(Refusal, match="deleted outside Stackyard"):
        do_get(alice, dev, table, {"id": {"S": "m001"}})


def test_an_index_that_is_being_built(alice: Actor, dev: Environment, table: Table, dynamodb: AsAws) -> None:
    dynamodb.script.building.add(INDEX)
    refusal = refused(alice, dev, table, BY_USER)
    assert (refusal.code, "still being built" in refusal.sentence) == ("index-being-built", True)


def test_an_index_that_was_taken_away(alice: Actor, dev: Environment, table: Table) -> None:
    table.described["indexes"].append({**table.described["indexes"][0], "name": "older"})
    refusal = refused(alice, dev, table, Query(index="older", partition="u1"))
    assert (refusal.code, set(refusal.fields)) == ("index-gone", {"index"})


def test_a_table_made_anew_with_other_keys(alice: Actor, dev: Environment, table: Table) -> None:
    table.described["keys"] = [{"attribute": "number", "role": "HASH"}]
    refusal = refused(alice, dev, table, Query(partition="1"))
    assert (refusal.code, "other keys" in refusal.sentence) == ("other-keys", True)


def test_an_item_that_is_not_there(alice: Actor, dev: Environment, table: Table) -> None:
    assert do_get(alice, dev, table, {"id": {"S": "none"}}).item is None
