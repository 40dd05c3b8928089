"""Having costs read now rather than at their next turn."""

from django.db import transaction
from django.utils import timezone

from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal
from provisioning.engine.costing.ledger import cap, is_used_up
from provisioning.engine.costing.reading import UNDER_WAY, begin, is_there
from provisioning.models import Account, CostRefresh
from provisioning.tasks import ring_costs


def do_refresh_costs(actor: Actor, account: Account) -> CostRefresh:
    """Begin to read Cost Explorer, or give the reading that is under way: two people who ask at once see the result
    of one (pitfall 3). Raises Refusal for who is no admin, where there is nothing to read, and at the cap."""
    if not actor.is_admin:
        raise Refusal("Reading costs is paid by the page. Ask an admin.", "not-allowed", forbidden=True)
    if not is_there():
        raise Refusal("There is no Cost Explorer here. Stackyard reckons every hour by itself.", "no-cost-explorer")
    if is_used_up(account, timezone.now()):
        raise Refusal(
            f"Reading costs has itself cost ${cap()} this month, which is the cap. It goes on next month.", "cost-cap"
        )
    with transaction.atomic():
        known = CostRefresh.objects.filter(account=account, status__in=UNDER_WAY).first()
        refresh = known or begin(account, actor.user_id)
        if known is None and refresh.asked_by_id == actor.user_id:
            audit(actor, "refresh_costs", f"Had the costs of {account.slug} read now")
        ring_costs(refresh.pk)
    return refresh
