"""Facts of an AWS account that change rarely: who we are there, and how much of its stack quota is used (Q1)."""

from datetime import timedelta

from django.utils import timezone

from provisioning.aws import cloudformation, identity
from provisioning.aws.clients import Clients, Target
from provisioning.aws.errors import Refused
from provisioning.lifecycle import STACK_STATUSES
from provisioning.models import Account

FACTS_LAST = timedelta(hours=24)


def target(account: Account) -> Target:
    """Where and as whom to call AWS for this account."""
    return Target(account.region, account.account_id, account.role_arn, account.external_id)


def ensure_account_facts(aws: Clients, account: Account) -> None:
    """Read the account's number, its stack limit and how many stacks it has, at most once a day."""
    if account.facts_at is not None and account.facts_at > timezone.now() - FACTS_LAST:
        return
    account.account_id = identity.caller(aws).account_id
    try:
        account.stack_limit = cloudformation.account_limits(aws).stacks
    except Refused:
        account.stack_limit = None  # not every AWS-compatible endpoint knows the call
    there = [status.name for status in STACK_STATUSES.values() if not status.gone]
    account.stack_count = len(cloudformation.list_stacks(aws, there))
    account.facts_at = timezone.now()
    account.save(update_fields=["account_id", "stack_limit", "stack_count", "facts_at"])
