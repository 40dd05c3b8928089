"""Showing what is hidden of the items in a plan: an act of its own, with a reason, as for an item."""

from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal
from provisioning.actions.revealing import SHORTEST_REASON, why_not_reveal
from provisioning.models import Change


def do_reveal_plan(actor: Actor, change: Change, *, reason: str) -> None:
    """Write down that the items of a change's plan are shown with nothing hidden; the caller then shows them, once.
    For engineers and admins, whoever asked and whoever decides. Raises Refusal, with its field where the reason is too
    short."""
    refusal = why_not_reveal(actor)
    if refusal:
        raise Refusal(refusal, "not-allowed", forbidden=True)
    items = (change.plan or {}).get("items")
    if not items or not items["writes"]:
        raise Refusal("There are no items in this plan.", "no-items")
    if len(reason.strip()) < SHORTEST_REASON:
        sentence = f"Say why, in {SHORTEST_REASON} characters or more: it is kept in the audit."
        raise Refusal(sentence, "no-reason", fields={"reason": sentence})
    audit(
        actor,
        "reveal_plan",
        f"Revealed what is hidden in a plan of items of {items['table']['name']}",
        environment=change.environment,
        change=change,
        reason=reason.strip(),
        detail={"table": items["table"]["name"], "plan": change.plan_digest},
    )
