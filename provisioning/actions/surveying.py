"""Looking again: what an account has of tables and hand-made stacks, at somebody's wish."""

from django.db import transaction

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.engine.comparing import compare_soon
from provisioning.engine.surveying import survey_soon
from provisioning.models import Account
from provisioning.tasks import ring_compare, ring_survey


def do_look_again(actor: Actor, account: Account) -> None:
    """Have the account listed again now rather than at its next turn. Raises Refusal for who may not change things."""
    require_change_right(actor)
    with transaction.atomic():
        survey_soon(account.pk)
        compare_soon(account.pk)
        audit(actor, "look_again", f"Looked again at the tables and stacks of {account.slug}")
        ring_survey(account.pk)
        ring_compare(account.pk)
