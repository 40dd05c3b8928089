"""The survey: every table of an account that is an environment's, and the stacks that somebody made by hand.

It runs in the background, in batches: a tick lists what there is, reads the few that were not read in this round,
and the next tick goes on. Nothing in here alters AWS. Needs dynamodb:ListTables, DescribeTable and
DescribeContinuousBackups, cloudformation:ListStacks, DescribeStacks and DescribeStackResources, and tag:GetResources.
Without dynamodb:DescribeTimeToLive and ListBackups, cloudwatch:GetMetricData and DescribeAlarms, expiry, backups, last
writes and alarms are not known.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from provisioning.aws import cloudformation, dynamodb, tags
from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError, Busy
from provisioning.blueprints.loader import library
from provisioning.engine.reaching import AwsFor, default_aws, reach
from provisioning.engine.rounds import Rounds
from provisioning.engine.table_rows import keep_account_facts, keep_tables
from provisioning.lifecycle import STACK_STATUSES
from provisioning.models import Account, FoundStack, Stack, Table
from provisioning.planning.matching import TABLE, Belonging, belonging, stack_patterns, table_patterns

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)
AFTER_TROUBLE = timedelta(minutes=10)
ROUNDS = Rounds(due="survey_due_at", until="survey_until")
BATCH = 25
MANAGED = ("ManagedBy", "Stackyard")
_TABLE_ARN = re.compile(r"arn:[^:]+:dynamodb:[^:]*:[^:]*:table/([^/]+)")


@dataclass(frozen=True)
class Surveyed:
    """How far a tick came. `more` asks for another one right away."""

    tables: int = 0
    stacks: int = 0
    more: bool = False


def survey_soon(account_id: int) -> None:
    """Have an account surveyed again at the next chance: tables or stacks of its changed hands."""
    Account.objects.filter(pk=account_id).update(survey_due_at=timezone.now())


def due_surveys(now: datetime) -> list[int]:
    """The accounts whose survey is due, or was never made."""
    return list(Account.objects.filter(ROUNDS.free(now)).values_list("pk", flat=True))


def survey(account_id: int, aws_for: AwsFor = default_aws) -> Surveyed:
    """One tick of the survey of one account, if it is due and nobody else is at it. Trouble with AWS leaves the rows
    of the last survey as they are, is kept on the account, and is tried again later."""
    claimed = ROUNDS.claim(account_id)
    if claimed is None:
        return Surveyed()
    account, since = claimed
    try:
        done = _tick(reach(account, aws_for), account, since)
    except AwsError as trouble:
        if isinstance(trouble, Busy) and trouble.again_in is not None:
            ROUNDS.pause(account, trouble.again_in)
            return Surveyed()
        log.warning("survey_failed", account=account.slug, trouble=str(trouble))
        ROUNDS.end(account, timezone.now() + AFTER_TROUBLE, survey_problem=trouble.sentence[:300])
        return Surveyed()
    if done.more:
        ROUNDS.go_on(account)
    else:
        now = timezone.now()
        ROUNDS.end(account, now + EVERY, surveyed_at=now, survey_problem="")
    return done


def _tick(aws: Clients, account: Account, since: datetime) -> Surveyed:
    tables = _our_tables(aws, account)
    read = dict(Table.objects.filter(account=account).values_list("name", "seen_at"))
    stale = [name for name in tables if name not in read or read[name] < since]
    keep_tables(aws, account, {name: tables[name] for name in stale[:BATCH]})
    if len(stale) > BATCH:
        return Surveyed(tables=BATCH, more=True)
    Table.objects.filter(account=account).exclude(name__in=tables).delete()
    if tables:
        keep_account_facts(aws, account)
    return _stacks(aws, account, since, len(stale))


def _our_tables(aws: Clients, account: Account) -> dict[str, Belonging]:
    """The tables that are an environment's by their tags, else by their name."""
    patterns = table_patterns(library().blueprints.values(), account.region, account.account_id)
    by_tags = _by_tags(aws)
    found = {name: by_tags.get(name) or belonging(name, patterns) for name in dynamodb.list_tables(aws)}
    return {name: one for name, one in found.items() if one is not None}


def _by_tags(aws: Clients) -> dict[str, Belonging]:
    """The tables that carry our tags. A hint: AWS also lists what is gone, and not what was never tagged (E13)."""
    found = {}
    for arn, given in tags.resources_by_tag(aws, *MANAGED, types=("dynamodb:table",)).items():
        name = _TABLE_ARN.fullmatch(arn)
        if name and given.get("Application") and given.get("Environment"):
            found[name[1]] = Belonging(given["Application"], TABLE, given["Environment"])
    return found


def _stacks(aws: Clients, account: Account, since: datetime, tables: int) -> Surveyed:
    """Stacks at rest under names that a blueprint would give, and that are nobody's here. Those of another Stackyard
    are kept too, with the tags that say so, so that they need not be read again in this round."""
    live = [status.name for status in STACK_STATUSES.values() if status.live and not status.moving]
    ours = set(
        Stack.objects.filter(environment__account=account).exclude(stack_id="").values_list("stack_id", flat=True)
    )
    patterns = stack_patterns(library().blueprints.values())
    there = {
        one.name: (one.stack_id, fits)
        for one in cloudformation.list_stacks(aws, live)
        if one.stack_id not in ours and (fits := belonging(one.name, patterns))
    }
    read = dict(FoundStack.objects.filter(account=account).values_list("name", "seen_at"))
    stale = [name for name in there if name not in read or read[name] < since]
    for name in stale[:BATCH]:
        _keep_stack(aws, account, *there[name])
    if len(stale) > BATCH:
        return Surveyed(tables, BATCH, more=True)
    FoundStack.objects.filter(account=account).exclude(name__in=there).delete()
    return Surveyed(tables, len(stale))


def _keep_stack(aws: Clients, account: Account, stack_id: str, belongs: Belonging) -> None:
    state = cloudformation.describe_stack(aws, stack_id)
    if state is None:
        return
    FoundStack.objects.update_or_create(
        account=account,
        name=state.name,
        defaults={
            "stack_id": state.stack_id,
            "kind": belongs.kind,
            "application": belongs.application,
            "environment_name": belongs.environment,
            "status": state.status,
            "tags": dict(state.tags),
            "made_at": state.created_at,
            "updated_at": state.updated_at,
            "seen_at": timezone.now(),
        },
    )
