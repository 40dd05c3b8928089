"""Calls without an answer end with the truth (B9)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from fakes.as_aws import AsAws
from fakes.item_tables import stored
from fakes.losing import Lost

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.aws.clients import Clients
from provisioning.engine.item_rows import unanswered
from provisioning.items.values import same_item
from provisioning.lifecycle import WriteState
from provisioning.models import ItemWrite, Table
from provisioning.tasks import settle_item_write

from .acts import ITEM, KEY, edited, token, told, writes


class TestNoAnswer:
    """A call without an answer ends with the truth (B9)."""

    @pytest.fixture
    def lossy(self, table: Table, aws: AsAws, settings: Any) -> Any:
        """Have everything reach DynamoDB through a client that loses answers."""

        def through(client: Lost) -> None:
            settings.AWS_CLIENTS = f"{__name__}.clients_for"
            _here[:] = [Clients.of(dynamodb=client)]

        return through

    def test_it_had_landed(self, alice: Actor, table: Table, aws: AsAws, lossy: Any) -> None:
        held = token(alice, table)
        lossy(Lost(aws, lands=True))
        write = edited(alice, table, held, n={"N": "2"})
        assert write is not None
        assert (write.state, told()) == (WriteState.DONE, ["edit_item"])

    def test_it_had_not(self, alice: Actor, table: Table, aws: AsAws, lossy: Any) -> None:
        held = token(alice, table)
        lossy(Lost(aws, lands=False))
        with pytest.raises(Refusal, match="nothing was written") as refused:
            edited(alice, table, held, n={"N": "2"})
        assert refused.value.code == "not-written"
        assert (writes(), told()) == ([("edit", "refused")], ["edit_item"])

    def test_nobody_can_say_until_a_sweep_has_looked(self, alice: Actor, table: Table, aws: AsAws, lossy: Any) -> None:
        held = token(alice, table)
        client = Lost(aws, lands=True, blind=True)
        lossy(client)
        with pytest.raises(Refusal, match="not known yet"):
            edited(alice, table, held, n={"N": "2"})
        write = ItemWrite.objects.get()
        assert (write.state, told()) == (WriteState.SENT, [])
        client.blind = False
        settle_item_write(write.pk)
        write.refresh_from_db()
        assert (write.state, told()) == (WriteState.DONE, ["edit_item"])

    def test_a_sweep_finds_it_after_a_while(self, alice: Actor, table: Table, aws: AsAws, lossy: Any) -> None:
        held = token(alice, table)
        lossy(Lost(aws, lands=True, blind=True))
        with pytest.raises(Refusal):
            edited(alice, table, held, n={"N": "2"})
        assert unanswered(timezone.now()) == []
        later = timezone.now() + timedelta(minutes=2)
        assert unanswered(later) == [ItemWrite.objects.get().pk]
        assert unanswered(later) == []  # not again at once

    def test_throttled_is_said_in_words(self, alice: Actor, table: Table, aws: AsAws) -> None:
        held = token(alice, table)
        aws.script.throttle("UpdateItem")
        with pytest.raises(Refusal, match="asked to slow down"):
            edited(alice, table, held, n={"N": "2"})
        assert writes() == [("edit", "refused")]
        assert same_item(stored(aws, KEY), ITEM)


_here: list[Any] = []


def clients_for(_target: object) -> Any:
    """What AWS_CLIENTS names while answers are lost."""
    return _here[-1]
