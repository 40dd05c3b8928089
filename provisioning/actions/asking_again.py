"""Asking again for some of several writes whose change was sent back."""

from collections.abc import Collection

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.writing_in_prod import AskToWrite, do_request_writes
from provisioning.engine.steps.items import intents_of
from provisioning.items.sealing import NotSealedError
from provisioning.models import Change

UNREADABLE = "What was asked for cannot be read any more: Stackyard's secret key has changed since. Ask for it anew."


def do_request_again(actor: Actor, change: Change, chosen: Collection[int], ask: AskToWrite) -> Change:
    """Ask for the writes of these numbers of a change as a new one, instead of that (`ask.replaces`). Raises Refusal as
    `do_request_writes` does, and where none is chosen or they cannot be read."""
    if not chosen:
        raise Refusal("Choose what is to be sent again.", "nothing")
    try:
        intents = [intent for number, intent in intents_of(change).items() if number in chosen]
    except NotSealedError:
        raise Refusal(UNREADABLE, "secret-key") from None
    return do_request_writes(actor, change.environment, intents, ask)
