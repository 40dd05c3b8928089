"""A scripted AWS in memory: quick, slow, throttled, lost or failing, as a test writes it down.

    fake = FakeAws()
    fake.script.throttle("ExecuteChangeSet", times=3)
    reconcile(change.pk, fake.aws_for)

It keeps the rules of CloudFormation and DynamoDB where Stackyard leans on them (S, C, X, D, R, T rules), not their
every check. What people do there without Stackyard is in `by_hand`: `fake.make_stack(…)`, `fake.make_table(…)`.
"""

from collections import Counter
from datetime import timedelta
from threading import RLock

from provisioning.aws.clients import Clients, Target

from .by_hand import ByHand
from .cloudformation import CloudFormation
from .containers import Ecs
from .costs import CostExplorer
from .dynamodb import DynamoDB
from .fleet import AutoScaling
from .operations import turn
from .queue import Queue
from .script import Script
from .service import Door, Service
from .services import Balancing, CloudWatch, Iam, Scaling, Ssm, Sts, Tagging
from .world import Pace, Stack, Table, World

SERVICES: dict[str, type[Service]] = {
    "cloudformation": CloudFormation,
    "dynamodb": DynamoDB,
    "ssm": Ssm,
    "iam": Iam,
    "elbv2": Balancing,
    "autoscaling": AutoScaling,
    "ecs": Ecs,
    "tagging": Tagging,
    "sts": Sts,
    "cloudwatch": CloudWatch,
    "application_autoscaling": Scaling,
    "sqs": Queue,
    "cost_explorer": CostExplorer,
}


class FakeAws(ByHand):
    """One account and region, with a count of the calls made to it (`service.Operation`)."""

    def __init__(self, pace: Pace | None = None, world: World | None = None) -> None:
        self.world = world or World(pace=pace or Pace())
        self.calls: Counter[str] = Counter()
        lock = RLock()
        self.services = {name: service(self.world) for name, service in SERVICES.items()}
        self._queue = self.services["sqs"]
        self._costs = self.services["cost_explorer"]
        self.doors = {name: Door(name, service, self._count, lock) for name, service in self.services.items()}
        self._clients = Clients.of(Target(self.world.region, self.world.account_id), **self.doors)

    @property
    def script(self) -> Script:
        """What goes wrong."""
        return self.world.script

    @property
    def queue(self) -> Queue:
        """The queue that hints come by."""
        assert isinstance(self._queue, Queue)
        return self._queue

    @property
    def costs(self) -> CostExplorer:
        """What Cost Explorer knows."""
        assert isinstance(self._costs, CostExplorer)
        return self._costs

    @property
    def pace(self) -> Pace:
        """How quickly stacks move."""
        return self.world.pace

    def clients(self) -> Clients:
        """The clients of this AWS, as the gateway takes them."""
        return self._clients

    def aws_for(self, _: Target) -> Clients:
        """The clients for any account: what `reconcile` and `observe` are given."""
        return self._clients

    def advance(self, seconds: float) -> None:
        """Let the clock of this AWS run ahead; stacks follow at their next look when the pace is in seconds."""
        self.world.ahead += timedelta(seconds=seconds)

    def calls_of(self, operation: str = "") -> int:
        """Calls made: all, or those whose `service.Operation` contains this."""
        return sum(number for call, number in self.calls.items() if operation in call)

    def stacks(self, name: str = "") -> list[Stack]:
        """The stacks that are there, oldest first: all, or those ever made under a name."""
        found = self.world.stacks.values()
        return [one for one in found if (one.name == name if name else one.status != "DELETE_COMPLETE")]

    def stack(self, name: str) -> Stack:
        """The stack of that name. Raises KeyError."""
        return self.world.stacks[self.world.names[name]]

    def table(self, name: str) -> Table:
        """The table of that name. Raises KeyError."""
        return self.world.tables[name]

    def force(self, name: str, status: str, reason: str = "") -> None:
        """Put a stack into a status, whatever it was doing; nothing moves it from there."""
        stack = self.stack(name)
        stack.motion = None
        turn(self.world, stack, status, reason)

    def finish(self) -> None:
        """Let every moving stack come to rest."""
        for stack in self.world.stacks.values():
            for _ in stack.motion or ():
                pass
            stack.motion = None

    def _count(self, call: str) -> None:
        self.calls[call] += 1
