"""Where a page about an item is: its environment, table and key, and what every such page shows around them."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from portal.access import access_table, actor_of
from portal.items.shown import key_text
from portal.requesting.asking import Asks, asks_of
from provisioning.actions.actor import Actor, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import asked_of, why_not_ask
from provisioning.items.query import Shape, shape_of
from provisioning.items.values import BadValueError, Item, key_from_token, key_token
from provisioning.models import Environment, Table
from provisioning.planning.policy import writes_need_change


@dataclass(frozen=True)
class Place:
    """A table of an environment, who looks, and the key of an item; empty where there is none yet."""

    actor: Actor
    environment: Environment
    table: Table
    shape: Shape
    key: Item

    @property
    def types(self) -> dict[str, str]:
        """The key attributes with their types, the partition key first."""
        return {name: self.shape.types.get(name, "S") for name in self.shape.itself.keys}

    @property
    def where(self) -> dict[str, str]:
        """The parts of an address of this table."""
        return {"application": self.environment.application, "name": self.environment.name, "table": self.table.name}

    @property
    def token(self) -> str:
        """What stands for the item in an address."""
        return key_token(self.key)

    @property
    def asks(self) -> bool:
        """Whether a write is asked for here as a change, and not done at once."""
        return writes_need_change(self.environment.stage)

    @property
    def why_not_write(self) -> str:
        """Why this person may not change items here, or ask for it; empty when they may."""
        if self.asks:
            return why_not_ask(self.actor, self.environment)
        try:
            require_change_right(self.actor, self.environment)
        except Refusal as refusal:
            return refusal.sentence
        return ""

    @property
    def decided_by(self) -> Asks | None:
        """Who decides about a write, and until when; None where nobody does, or where that cannot be told."""
        if not self.asks:
            return None
        try:
            return asks_of(asked_of(self.environment), self.actor.user_id)
        except Refusal:
            return None

    def address(self, name: str, key: Item | None = None, **more: object) -> str:
        """An address of this table, or of an item of it."""
        token = {"token": key_token(key)} if key else {}
        return reverse(name, kwargs={**self.where, **token, **more})

    def context(self, **more: Any) -> dict[str, Any]:
        """What every page about an item shows around its content."""
        return {
            "place": self,
            "environment": self.environment,
            "table": self.table,
            "prod_strip": self.asks,
            "asks": self.asks,
            "decided_by": self.decided_by,
            "why_not_write": self.why_not_write,
            "table_url": self.address("table"),
            "writes_url": self.address("table_writes"),
            "key_text": key_text(self.key, self.types),
            "item_url": self.address("table_item", self.key) if self.key else "",
            "request_key": uuid.uuid4(),
            **more,
        }


def place_of(request: HttpRequest, application: str, name: str, table: str, token: str = "") -> Place:
    """The place of an address. Raises Http404 for a table that is not of this environment, and for what is no key."""
    environment, row = access_table(request, application, name, table)
    shape = shape_of(row)
    place = Place(actor_of(request), environment, row, shape, {})
    if not token:
        return place
    try:
        key = key_from_token(token, place.types)
    except BadValueError as wrong:
        raise Http404(wrong.sentence) from None
    return Place(place.actor, environment, row, shape, key)
