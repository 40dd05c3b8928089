"""The way from an account's row to its AWS: every call of the engine goes through here."""

from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string

from provisioning.aws.clients import Clients, Target
from provisioning.engine.accounts import target
from provisioning.engine.budgets import gate_of
from provisioning.models import Account

AwsFor = Callable[[Target], Clients]


def default_aws(where: Target) -> Clients:
    """The clients of a target, made by what `AWS_CLIENTS` names."""
    make: AwsFor = import_string(settings.AWS_CLIENTS)
    return make(where)


def reach(account: Account, aws_for: AwsFor, *, urgent: bool = False) -> Clients:
    """The AWS of an account, its calls to CloudFormation within the account's budgets (Q2). What is `urgent`, as
    watching is, may use the reserve."""
    aws, gate = aws_for(target(account)), gate_of(account.pk, urgent=urgent)
    return aws if gate is None else aws.behind(gate)
