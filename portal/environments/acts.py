"""What can be done to one environment, with what that would do to what is there."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from portal.environments.forms import ActForm
from portal.requesting.asking import Asks, asks_of
from portal.requesting.replacing import Offer, offer_of
from portal.templatetags.stackyard import money_text
from provisioning.actions.actor import Actor
from provisioning.actions.order import REASON_NEEDED, why_not_instead, why_not_now
from provisioning.actions.requesting import NAME_TYPED
from provisioning.actions.superseding import why_not_replace
from provisioning.blueprints.model import StagePolicy
from provisioning.costs.model import daily
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, stack_status
from provisioning.models import Change, Environment, Stack, StackResource
from provisioning.planning.policy import may_start_later, needed

TABLE = "AWS::DynamoDB::Table"
PARAMETER = "AWS::SSM::Parameter"
STACK = "AWS::CloudFormation::Stack"
_COUNTED = {
    "AWS::CloudWatch::Alarm": ("alarm", "alarms"),
    "AWS::IAM::ManagedPolicy": ("access policy", "access policies"),
}
_PLAIN = {
    ChangeKind.PARK: ("park", "Deletes compute and keeps the data. Waking brings back the same compute."),
    ChangeKind.WAKE: ("wake", "Brings compute back with the template and the values it had."),
}


@dataclass(frozen=True)
class Act:
    """One thing that can be done. `blocked` says why not now; `goes`, `stays` and `breaks` what it would do to
    what is `there`; `asks` who has to agree; `offer` names the change that waits and that it would replace."""

    kind: ChangeKind
    title: str
    text: str
    icon: str
    blocked: str
    form: ActForm
    there: bool = True
    goes: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    saves: Decimal | None = None
    asks: Asks | None = None
    offer: Offer | None = None

    @property
    def monthly(self) -> str:
        """What it saves (or, waking, costs), as text; "" when that is not known."""
        if not self.saves:
            return ""
        return f"about {money_text(daily(self.saves))} a day (≈ {money_text(self.saves)} a month)"

    @property
    def anchor(self) -> str:
        """Where it is on the page."""
        return self.kind.value.replace("_", "-")

    @property
    def button(self) -> str:
        """What its button says."""
        return f"{self.title} instead" if self.offer else self.title


@dataclass(frozen=True)
class Asked:
    """What acts are made from: who looks at what. `under_way` is the open change, if any; `policy` None where the
    blueprint is gone; `sent` are forms that have just been refused, to be shown again."""

    actor: Actor
    environment: Environment
    under_way: Change | None
    policy: StagePolicy | None
    sent: Mapping[ChangeKind, ActForm] = field(default_factory=dict)

    def offer(self, kind: ChangeKind) -> Offer | None:
        """The change that waits and that an act of this kind may be sent instead of."""
        return offer_of(self.actor, self.under_way, kind, self.environment)

    def blocked(self, kind: ChangeKind) -> str:
        """Why an act of this kind cannot be asked for now; empty when it can, even if instead of another."""
        if self.replaceable:
            return why_not_instead(self.environment, kind)
        return why_not_now(self.environment, kind)

    @property
    def replaceable(self) -> bool:
        """Whether there is a change that waits and that this person may replace."""
        return self.under_way is not None and not why_not_replace(self.actor, self.under_way)

    def asks(self, kind: ChangeKind) -> Asks | None:
        """Who has to agree to an act of this kind."""
        return asks_of(needed(self.policy, kind), self.actor.user_id) if self.policy else None

    def form(self, kind: ChangeKind) -> ActForm:
        """Its form, as it was sent or new."""
        if kind in self.sent:
            return self.sent[kind]
        offer = self.offer(kind)
        form = ActForm(
            initial={"key": uuid.uuid4(), "replaces": offer.change.pk if offer else None}, auto_id=f"{kind.value}_%s"
        )
        return shaped(form, kind, self.environment, self.policy)

    def stack(self, kind: StackKind) -> Stack:
        """One of the two stacks."""
        return next(stack for stack in self.environment.stacks.all() if stack.kind == kind)


def shaped(form: ActForm, kind: ChangeKind, environment: Environment, policy: StagePolicy | None) -> ActForm:
    """The form with what an act of this kind asks for at this stage."""
    if kind in NAME_TYPED:
        form.ask_name(environment.name)
    if kind in REASON_NEEDED:
        form.need_reason()
    if policy is None or not may_start_later(policy, kind):
        form.without_start()
    return form


def resources_of(environment: Environment) -> list[StackResource]:
    """What is in its stacks, without the stacks themselves."""
    found = StackResource.objects.filter(stack__environment=environment).exclude(type=STACK)
    return list(found.order_by("logical_id"))


def monthly_of(environment: Environment, kind: StackKind) -> Decimal | None:
    """What one stack costs a month, from the newest plan that brought it up; None when none is known."""
    plans = environment.changes.filter(
        status=ChangeStatus.SUCCEEDED,
        kind__in=[ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.WAKE],
        plan__isnull=False,
    ).order_by("-requested_at")
    for plan in plans.values_list("plan", flat=True)[:5]:
        try:
            return Decimal((plan or {})["cost"]["stacks"][kind]["after"]["monthly"])
        except (KeyError, TypeError, InvalidOperation):  # it left that stack alone, or is of an earlier release
            continue
    return None


def plain_act(asked: Asked, kind: ChangeKind, saves: Decimal | None) -> Act:
    """Park or wake: nothing is lost by it."""
    icon, text = _PLAIN[kind]
    return Act(
        kind=kind,
        title=kind.label,
        text=text,
        icon=icon,
        blocked=asked.blocked(kind),
        form=asked.form(kind),
        saves=saves,
        asks=asked.asks(kind),
        offer=asked.offer(kind),
    )


def compute_act(asked: Asked, resources: Iterable[StackResource], saves: Decimal | None) -> Act:
    """Deleting the compute stack."""
    stack, data = asked.stack(StackKind.COMPUTE), asked.stack(StackKind.DATA)
    inside = [one for one in resources if one.stack_id == stack.pk]
    addresses = [str(output["value"]) for output in stack.outputs if str(output["value"]).startswith("http")]
    return Act(
        kind=ChangeKind.DELETE_COMPUTE,
        title=f"Delete compute of {asked.environment.name}",
        text="Deletes the compute stack; the data stack stays.",
        icon="trash",
        blocked=asked.blocked(ChangeKind.DELETE_COMPUTE),
        form=asked.form(ChangeKind.DELETE_COMPUTE),
        there=not stack_status(stack.status).gone,
        goes=(f"Stack {stack.name} with {counted(inside, 'resource', 'resources')}",),
        stays=(f"Data stack {data.name}", *_tables(resources)),
        breaks=tuple(f"{address} stops answering" for address in addresses) or ("The application stops answering",),
        saves=saves,
        asks=asked.asks(ChangeKind.DELETE_COMPUTE),
        offer=asked.offer(ChangeKind.DELETE_COMPUTE),
    )


def data_stack_act(asked: Asked, resources: Iterable[StackResource]) -> Act:
    """Deleting the data stack; its tables stay."""
    kind, stack = ChangeKind.DELETE_DATA_STACK, asked.stack(StackKind.DATA)
    inside = [one for one in resources if one.stack_id == stack.pk]
    return Act(
        kind=kind,
        title=f"Delete data stack of {asked.environment.name}, keep its tables",
        text="Deletes the data stack and leaves its tables alone.",
        icon="trash",
        blocked=asked.blocked(kind),
        form=asked.form(kind),
        there=not stack_status(stack.status).gone,
        goes=(f"Stack {stack.name}", *beside_tables(stack, inside)),
        stays=_tables(inside),
        breaks=(
            "Compute cannot be woken or created on it any more",
            "No stack looks after the tables; they go on costing what their items cost",
        ),
        asks=asked.asks(kind),
        offer=asked.offer(kind),
    )


def beside_tables(stack: Stack, inside: list[StackResource]) -> tuple[str, ...]:
    """What a data stack holds beside its tables: exports, what is counted, parameters."""
    exports = [str(output["export"]) for output in stack.outputs if output.get("export")]
    groups = {kind: [one for one in inside if one.type == kind] for kind in _COUNTED}
    return (
        *(f"Export {name}" for name in exports),
        *(counted(found, *_COUNTED[kind]) for kind, found in groups.items() if found),
        *(f"Parameter {one.physical_id}" for one in inside if one.type == PARAMETER),
    )


def _tables(resources: Iterable[StackResource]) -> tuple[str, ...]:
    return tuple(f"Table {one.physical_id} with all its items" for one in resources if one.type == TABLE)


def counted(found: list[StackResource], one: str, many: str) -> str:
    """How many there are, in words."""
    return f"{len(found)} {one if len(found) == 1 else many}"
