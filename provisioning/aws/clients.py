"""AWS clients: built in one place, lazily, once per process and target.

Endpoints come from the environment: boto3 reads `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` itself. A
target with a role needs `sts:AssumeRole` on that role.
"""

import copy
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import boto3
import structlog
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, DeferredRefreshableCredentials

from provisioning.aws.descriptions import lean_session

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

Client = TypeVar("Client", bound=BaseClient)

log = structlog.get_logger(__name__)

# Two attempts, because the scheduler is the backoff (K4); short timeouts, because a hung read holds up a
# whole worker (K6).
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=3,
    read_timeout=20,
    max_pool_connections=20,
    user_agent_extra="stackyard",
)

# CloudFormation is asked once: a retry in here would send an altering call again without looking first (L19), would
# hide throttles from the budget that all workers share (Q2), and is wasted on its quota error (K3).
ONCE = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))

# An hour is the longest a chained role may last (A2). botocore renews 15 minutes before the end: at 75 %.
ROLE_SECONDS = 3600

calls: Counter[str] = Counter()
_calls_lock = threading.Lock()


@dataclass(frozen=True)
class Target:
    """Where calls go: a region, and the account's role to take on when `role_arn` is set (A1)."""

    region: str
    account_id: str = ""
    role_arn: str = ""
    external_id: str = ""


class Gate(Protocol):
    """What every call to CloudFormation passes on its way out, each page of a listing for itself.

    It is compared and hashed by value: one client is kept for each. `enter` may raise, and then nothing is sent;
    `left` is told AWS's error code, or an empty text.
    """

    def __hash__(self) -> int: ...

    def enter(self, operation: str, *, page: bool) -> None:
        """Let a call out, or raise. `page`: it goes on with a listing."""

    def left(self, operation: str, code: str) -> None:
        """Learn how the call went."""


class Clients:
    """The AWS clients of one target, each built at first use.

    One session per object and a lock around building, because clients are thread-safe once built and sessions
    are not (K7). A test scripts them: `Clients.of(cloudformation=fake)`.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._lock = threading.RLock()
        self._scripted = False
        self._behind: dict[Gate, Clients] = {}

    @property
    def origin(self) -> "Clients":
        """The clients of the process behind whatever stands in front of them for a while: what was learnt of an account
        and its endpoint is kept with these."""
        return self

    def behind(self, gate: Gate) -> "Clients":
        """The same clients, with every call to CloudFormation passing this gate; kept for each gate."""
        with self._lock:
            if gate not in self._behind:
                self._behind[gate] = _Behind(self, gate)
            return self._behind[gate]

    @classmethod
    def of(cls, target: Target | None = None, **scripted: Any) -> Self:
        """Clients made of these stand-ins, by attribute name; using one not given raises LookupError."""
        unknown = [name for name in scripted if not isinstance(cls.__dict__.get(name), cached_property)]
        if unknown:
            raise LookupError(f"There is no AWS client called {', '.join(sorted(unknown))}.")
        clients = cls(target or Target(region="us-east-1"))
        clients._scripted = True
        clients.__dict__.update(scripted)
        return clients

    @cached_property
    def _session(self) -> boto3.Session:
        inner = lean_session()
        if self.target.role_arn:
            resolver = CredentialResolver(providers=[_RoleOf(self.target)])
            inner.register_component("credential_provider", resolver)
        return boto3.Session(botocore_session=inner, region_name=self.target.region)

    def _build(self, name: str, make: Callable[[boto3.Session], Client]) -> Client:
        if self._scripted:
            raise LookupError(f"The AWS client {name} was not scripted.")
        with self._lock:
            client = make(self._session)
        _watch(name, client)
        return client

    def _another(self, name: str, make: Callable[[boto3.Session], Client]) -> Client:
        """One more client of a service, from the same session."""
        scripted: Client | None = self.__dict__.get(name) if self._scripted else None
        return self._build(name, make) if scripted is None else copy.copy(scripted)

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """Stacks, change sets, exports."""
        return self._build("cloudformation", lambda session: session.client("cloudformation", config=ONCE))

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Tables and their items."""
        return self._build("dynamodb", lambda session: session.client("dynamodb", config=CONFIG))

    @cached_property
    def ssm(self) -> "SSMClient":
        """Parameter Store."""
        return self._build("ssm", lambda session: session.client("ssm", config=CONFIG))

    @cached_property
    def ec2(self) -> "EC2Client":
        """Networks, key pairs, images."""
        return self._build("ec2", lambda session: session.client("ec2", config=CONFIG))

    @cached_property
    def ecs(self) -> "ECSClient":
        """Container services."""
        return self._build("ecs", lambda session: session.client("ecs", config=CONFIG))

    @cached_property
    def elbv2(self) -> "ElasticLoadBalancingv2Client":
        """Load balancers and the health of their targets."""
        return self._build("elbv2", lambda session: session.client("elbv2", config=CONFIG))

    @cached_property
    def autoscaling(self) -> "AutoScalingClient":
        """Groups of instances."""
        return self._build("autoscaling", lambda session: session.client("autoscaling", config=CONFIG))

    @cached_property
    def iam(self) -> "IAMClient":
        """Roles and their policies."""
        return self._build("iam", lambda session: session.client("iam", config=CONFIG))

    @cached_property
    def sts(self) -> "STSClient":
        """Who the caller is."""
        return self._build("sts", lambda session: session.client("sts", config=CONFIG))

    @cached_property
    def tagging(self) -> "ResourceGroupsTaggingAPIClient":
        """Resources by tag."""
        return self._build("tagging", lambda session: session.client("resourcegroupstaggingapi", config=CONFIG))

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Metrics and alarms."""
        return self._build("cloudwatch", lambda session: session.client("cloudwatch", config=CONFIG))

    @cached_property
    def application_autoscaling(self) -> Any:
        """Capacity of tables and indexes that follows their load."""
        return self._build(
            "application_autoscaling", lambda session: session.client("application-autoscaling", config=CONFIG)
        )

    @cached_property
    def cost_explorer(self) -> Any:
        """Costs; AWS serves them from one region for all. Asked once: every call has its price (E1)."""
        return self._build("cost_explorer", lambda session: session.client("ce", "us-east-1", config=ONCE))

    @cached_property
    def sqs(self) -> Any:
        """Queues."""
        return self._build("sqs", lambda session: session.client("sqs", config=CONFIG))


class _Behind(Clients):
    """Clients whose CloudFormation stands behind a gate; all others are those of the clients in front of it."""

    def __init__(self, clients: Clients, gate: Gate) -> None:
        super().__init__(clients.target)
        self._clients, self._gate = clients, gate

    @property
    def origin(self) -> Clients:
        """Those that all gates have in common."""
        return self._clients.origin

    def _build(self, name: str, make: Callable[[boto3.Session], Client]) -> Client:
        if name != "cloudformation":
            shared: Client = getattr(self._clients, name)
            return shared
        client = self._clients._another(name, make)
        _put(self._gate, client)
        return client


@lru_cache(maxsize=64)
def clients_for(target: Target) -> Clients:
    """The clients of a target, kept for this process."""
    return Clients(target)


# A forked worker must not share its parent's connections (K7).
os.register_at_fork(after_in_child=clients_for.cache_clear)


def call_count(name: str = "") -> int:
    """Calls made to AWS by this process: all, or those whose `service.Operation` starts with `name`."""
    with _calls_lock:
        return sum(number for call, number in calls.items() if call.startswith(name))


class _RoleOf(CredentialProvider):
    """Credentials of the target's role, taken on at first use and renewed by themselves (A2)."""

    METHOD = "stackyard-role"

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target

    def load(self) -> DeferredRefreshableCredentials:
        """The credentials; AWS is asked when they are first needed."""
        return DeferredRefreshableCredentials(refresh_using=self._assume, method=self.METHOD)

    def _assume(self) -> dict[str, str]:
        session = boto3.Session(botocore_session=lean_session(), region_name=self._target.region)
        sts = session.client("sts", config=CONFIG)
        _watch("sts", sts)
        proof: dict[str, Any] = {"ExternalId": self._target.external_id} if self._target.external_id else {}
        answer = sts.assume_role(
            RoleArn=self._target.role_arn,
            RoleSessionName="stackyard",
            DurationSeconds=ROLE_SECONDS,
            **proof,
        )
        credentials = answer["Credentials"]
        return {
            "access_key": credentials["AccessKeyId"],
            "secret_key": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
            "expiry_time": credentials["Expiration"].isoformat(),
        }


def _watch(name: str, client: BaseClient) -> None:
    """Count and log every call of a client: its service, operation and seconds, never its parameters."""

    def before(*, context: dict[str, Any], **_: Any) -> None:
        context["stackyard_started"] = time.monotonic()

    def after(*, event_name: str, context: dict[str, Any], **answer: Any) -> None:
        operation = event_name.rpartition(".")[2]
        with _calls_lock:
            calls[f"{name}.{operation}"] += 1
        seconds = round(time.monotonic() - context.get("stackyard_started", time.monotonic()), 3)
        log.info("aws_call", service=name, operation=operation, seconds=seconds, code=_code(answer))

    client.meta.events.register("before-call", before)
    client.meta.events.register("after-call", after)
    client.meta.events.register("after-call-error", after)


def _put(gate: Gate, client: BaseClient) -> None:
    """Let every call of a client pass a gate. What `enter` raises reaches the caller as it is."""

    def before(*, event_name: str, params: Mapping[str, Any], **_: Any) -> None:
        gate.enter(event_name.rpartition(".")[2], page="NextToken" in params["body"])

    def after(*, event_name: str, **answer: Any) -> None:
        gate.left(event_name.rpartition(".")[2], _code(answer))

    client.meta.events.register("before-call", before)
    client.meta.events.register("after-call", after)
    client.meta.events.register("after-call-error", after)


def _code(answer: Mapping[str, Any]) -> str:
    """The error code of an answer, the class of an exception, or empty when the call went well."""
    if "exception" in answer:
        return type(answer["exception"]).__name__
    return str(answer.get("parsed", {}).get("Error", {}).get("Code", ""))
