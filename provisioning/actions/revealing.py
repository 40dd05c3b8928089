"""Showing what is hidden of one item: an act of its own, with a reason, written down before it is done."""

from collections.abc import Mapping

from provisioning.actions.actor import Actor, audit
from provisioning.actions.browsing import reached, require_own
from provisioning.actions.reading_troubles import in_words
from provisioning.actions.refusals import Refusal
from provisioning.aws.errors import AwsError
from provisioning.aws.items.reading import get_item
from provisioning.engine.item_rows import key_digest
from provisioning.engine.reading_budget import spend
from provisioning.items.values import Item, Value
from provisioning.models import Environment, Table

SHORTEST_REASON = 5  # characters


def do_reveal(
    actor: Actor, environment: Environment, table: Table, key: Mapping[str, Value], *, reason: str
) -> Item | None:
    """One item as it is now, with nothing hidden; None when there is none. For engineers and admins, at every stage.

    The audit entry names the key by its digest, as the writes of the item do, and is there before AWS is asked: an
    item that was shown is never one that nobody knows of. Raises Refusal, with its field where the reason is too short.
    """
    require_own(environment, table)
    refusal = why_not_reveal(actor)
    if refusal:
        raise Refusal(refusal, "not-allowed", forbidden=True)
    reason = required_reason(reason)
    aws = reached(actor, environment, table)
    audit(
        actor,
        "reveal_item",
        f"Revealed what is hidden of an item of {table.name}",
        environment=environment,
        reason=reason,
        detail={"table": table.name, "key_digest": key_digest(environment.pk, table.name, dict(key))},
    )
    try:
        item, capacity = get_item(aws, table.name, key)
    except AwsError as trouble:
        raise in_words(trouble, table.name) from trouble
    spend(actor.user_id, table, capacity)
    return item


def required_reason(reason: str) -> str:
    """The reason without spaces around it. Raises Refusal, with its field, when it is too short to be one."""
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        sentence = f"Say why, in {SHORTEST_REASON} characters or more: it is kept in the audit."
        raise Refusal(sentence, "no-reason", fields={"reason": sentence})
    return reason


def why_not_reveal(actor: Actor) -> str:
    """Why this person may not have hidden values shown; empty when they may."""
    return "" if actor.may_change else "What is hidden is shown to engineers and admins only."
