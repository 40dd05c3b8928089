"""What a request form offers and warns of, read live from the account: networks, key pairs, images, names taken.

A read that fails gives a written sentence in place of options and never an error: the form stays usable. Answers are
kept for a minute, and an account that does not answer is left alone for a moment, so that a form with four lists
waits once. Needs ec2:DescribeVpcs, DescribeSubnets, DescribeSecurityGroups, DescribeKeyPairs, DescribeImages,
cloudformation:DescribeStacks and dynamodb:DescribeTable.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from provisioning.aws import cloudformation, dynamodb, network
from provisioning.aws.clients import Clients
from provisioning.aws.errors import BUSY_WORDS, SERVICE_NAMES, AwsError, Busy
from provisioning.engine.reaching import default_aws, reach
from provisioning.lifecycle import stack_status
from provisioning.models import Account

KEPT_SECONDS = 60
AWAY_SECONDS = 15
NAMES_SECONDS = 10
ZONES = 2  # a load balancer wants subnets in two zones

Options = tuple[tuple[str, str], ...]
_VPC = re.compile(r"vpc-[0-9a-z]{1,40}")


@dataclass(frozen=True)
class Choices:
    """What can be chosen: (value, label) pairs, when they were read, and why they could not be.

    `preferred` is what a form starts with, comma joined for lists; empty when nothing suggests itself.
    """

    options: Options
    read_at: datetime
    problem: str = ""
    preferred: str = ""

    @property
    def values(self) -> frozenset[str]:
        """The values alone."""
        return frozenset(value for value, _ in self.options)


@dataclass(frozen=True)
class TakenName:
    """A stack or table that has the name already. `environment_id` is empty for what Stackyard did not make."""

    kind: str
    name: str
    detail: str
    environment_id: str = ""


@dataclass(frozen=True)
class NamesLook:
    """Which names are taken, or why that could not be checked."""

    taken: tuple[TakenName, ...]
    problem: str = ""


def live_choices(account: Account, kind: str, vpc: str = "") -> Choices:
    """The choices of one kind: vpc, subnets, security_groups, key_pair or image; of one VPC where they have one.

    Raises KeyError for another kind.
    """
    read = _READERS[kind]
    if vpc and not _VPC.fullmatch(vpc):
        return Choices((), timezone.now())
    key = f"choices:{account.pk}:{kind}:{vpc}"
    known: Choices | None = cache.get(key)
    if known is not None:
        return known
    away = _away(account)
    if away:
        return Choices((), timezone.now(), problem=away)
    try:
        options, preferred = read(reach(account, default_aws), vpc)
    except AwsError as trouble:
        found = Choices((), timezone.now(), problem=_told(account, trouble))
        cache.set(key, found, AWAY_SECONDS)
        return found
    found = Choices(options, timezone.now(), preferred=preferred)
    cache.set(key, found, KEPT_SECONDS)
    return found


def names_taken(account: Account, stacks: Iterable[str], tables: Iterable[str]) -> NamesLook:
    """Which of these stacks and tables exist in the account now (R10)."""
    stacks, tables = tuple(stacks), tuple(tables)
    named = hashlib.sha256("\n".join((*stacks, "", *tables)).encode()).hexdigest()
    key = f"names:{account.pk}:{named}"
    known: NamesLook | None = cache.get(key)
    if known is not None:
        return known
    away = _away(account)
    if away:
        return NamesLook((), away)
    aws = reach(account, default_aws, urgent=True)  # a person waits for it
    try:
        found = NamesLook((*_taken_stacks(aws, stacks), *_taken_tables(aws, tables)))
    except AwsError as trouble:
        return NamesLook((), _told(account, trouble))
    cache.set(key, found, NAMES_SECONDS)
    return found


def _away(account: Account) -> str:
    """Why the account did not answer a moment ago; empty when it did."""
    return str(cache.get(f"away:{account.pk}", ""))


def _told(account: Account, trouble: AwsError) -> str:
    """The sentence for a person, who need not wait: what a form reads, nobody reads again by itself."""
    if not isinstance(trouble, Busy):
        return trouble.sentence
    sentence = BUSY_WORDS[trouble.reason].format(SERVICE_NAMES.get(trouble.service, "AWS"))
    if trouble.reason != "budget":  # AWS itself is well
        cache.set(f"away:{account.pk}", sentence, AWAY_SECONDS)
    return sentence


def _taken_stacks(aws: Clients, names: Iterable[str]) -> Iterable[TakenName]:
    for name in names:
        state = cloudformation.describe_stack(aws, name)
        if state is not None:
            yield TakenName(
                "stack", name, stack_status(state.status).label.lower(), state.tags.get("EnvironmentId", "")
            )


def _taken_tables(aws: Clients, names: Iterable[str]) -> Iterable[TakenName]:
    for name in names:
        table = dynamodb.describe_table(aws, name)
        if table is not None:
            yield TakenName("table", name, f"about {table.item_count:,} items")


def _vpcs(aws: Clients, _vpc: str) -> tuple[Options, str]:
    found = network.list_vpcs(aws)
    zones: dict[str, set[str]] = {}
    for subnet in network.list_subnets(aws):
        zones.setdefault(subnet.vpc_id, set()).add(subnet.az)
    fit = [vpc.vpc_id for vpc in found if len(zones.get(vpc.vpc_id, ())) >= ZONES]
    options = tuple(
        (vpc.vpc_id, _label(vpc.name or ("default" if vpc.is_default else ""), vpc.cidr, vpc.vpc_id)) for vpc in found
    )
    return options, fit[0] if fit else ""


def _subnets(aws: Clients, vpc: str) -> tuple[Options, str]:
    found = network.list_subnets(aws, vpc)
    first = {subnet.az: subnet.subnet_id for subnet in sorted(found, key=lambda one: one.is_public)}
    options = tuple(
        (one.subnet_id, _label(one.az, one.name, one.cidr, "public" if one.is_public else "", one.subnet_id))
        for one in found
    )
    return options, ",".join(first[zone] for zone in sorted(first)[:ZONES])


def _security_groups(aws: Clients, vpc: str) -> tuple[Options, str]:
    found = network.list_security_groups(aws, vpc)
    return tuple((group.group_id, _label(group.name, group.description, group.group_id)) for group in found), ""


def _key_pairs(aws: Clients, _vpc: str) -> tuple[Options, str]:
    options = tuple((pair.name, pair.name) for pair in network.list_key_pairs(aws))
    return options, options[0][0] if len(options) == 1 else ""


def _images(aws: Clients, _vpc: str) -> tuple[Options, str]:
    found = network.list_images(aws)
    options = tuple((image.image_id, _label(image.name, image.architecture, image.image_id)) for image in found)
    newest = next((image.image_id for image in found if not image.owned and image.architecture == "x86_64"), "")
    return options, newest or (options[0][0] if len(options) == 1 else "")


def _label(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


_READERS: Mapping[str, Callable[[Clients, str], tuple[Options, str]]] = {
    "vpc": _vpcs,
    "subnets": _subnets,
    "security_groups": _security_groups,
    "key_pair": _key_pairs,
    "image": _images,
}
