"""The settings of one environment: its policy, its parameters, and what can be done to it, with what that means."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from portal.environments.forms import ActForm
from portal.templatetags.stackyard import money_text
from provisioning.actions.order import why_not_now
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, ParameterHelp, StagePolicy
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, stack_status
from provisioning.models import Change, Environment, Stack, StackResource

TABLE = "AWS::DynamoDB::Table"
PARAMETER = "AWS::SSM::Parameter"
STACK = "AWS::CloudFormation::Stack"
_COUNTED = {
    "AWS::CloudWatch::Alarm": ("alarm", "alarms"),
    "AWS::IAM::ManagedPolicy": ("access policy", "access policies"),
}


@dataclass(frozen=True)
class ParameterLine:
    """One parameter of a stack: what people call it, its name, its value (None: never shown), who gives it."""

    label: str
    name: str
    value: str | None
    note: str


@dataclass(frozen=True)
class StackParameters:
    """The parameters of one stack as it runs, or as it last ran."""

    title: str
    name: str
    protected: bool
    there: bool
    lines: tuple[ParameterLine, ...]


@dataclass(frozen=True)
class Act:
    """One thing that can be done. `blocked` says why not now; `goes`, `stays` and `breaks` what it would do to
    what is `there`."""

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

    @property
    def monthly(self) -> str:
        """What it saves (or, waking, costs), as text; "" when that is not known."""
        return f"≈ {money_text(self.saves)} a month" if self.saves else ""

    @property
    def anchor(self) -> str:
        """Where it is on the page."""
        return self.kind.value.replace("_", "-")


@dataclass(frozen=True)
class EnvironmentSettings:
    """Everything on the settings page; `dangers` are those that destroy something. `all_blocked` is the one reason
    why nothing is possible now, said once instead of beside every act."""

    policy: tuple[tuple[str, str], ...]
    stacks: tuple[StackParameters, ...]
    all_blocked: str
    update_blocked: str
    gentle: tuple[Act, ...]
    dangers: tuple[Act, ...]


def read_settings(
    environment: Environment, under_way: Change | None, sent: ActForm | None = None, sent_kind: str = ""
) -> EnvironmentSettings:
    """The settings from rows alone. `under_way` is the open change, if any; `sent` is the form of the act that has
    just been refused, to show it again."""
    blueprint = library().blueprints.get(environment.application)
    update_blocked = why_not_now(environment, ChangeKind.UPDATE)
    asked = _Asked(
        environment=environment,
        all_blocked=update_blocked if under_way else "",
        sent={ChangeKind(sent_kind): sent} if sent is not None else {},
        resources=list(StackResource.objects.filter(stack__environment=environment).order_by("logical_id")),
        saved=_compute_cost(environment),
    )
    return EnvironmentSettings(
        policy=_policy(blueprint.stages[environment.stage]) if blueprint else (),
        stacks=tuple(_parameters(stack, blueprint) for stack in environment.stacks.all()),
        all_blocked=asked.all_blocked,
        update_blocked=update_blocked,
        gentle=(_park(asked), _wake(asked)),
        dangers=(_delete_compute(asked), _delete_data(asked)),
    )


@dataclass(frozen=True)
class _Asked:
    """What the acts are made from."""

    environment: Environment
    all_blocked: str
    sent: Mapping[ChangeKind, ActForm]
    resources: list[StackResource]
    saved: Decimal | None

    def blocked(self, kind: ChangeKind) -> str:
        return self.all_blocked or why_not_now(self.environment, kind)

    def form(self, kind: ChangeKind) -> ActForm:
        return self.sent.get(kind) or _form(kind, self.environment)

    def stack(self, kind: StackKind) -> Stack:
        return next(stack for stack in self.environment.stacks.all() if stack.kind == kind)

    def inside(self, stack: Stack) -> list[StackResource]:
        return [one for one in self.resources if one.stack_id == stack.pk and one.type != STACK]


def _form(kind: ChangeKind, environment: Environment) -> ActForm:
    form = ActForm(initial={"key": uuid.uuid4()}, auto_id=f"{kind.value}_%s")
    destroys = kind in {ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK}
    return form.ask_name(environment.name) if destroys else form


def _policy(policy: StagePolicy) -> tuple[tuple[str, str], ...]:
    people = " or ".join(policy.approver_groups)
    asked = f"{policy.approvals} by {people}, never by who asks" if policy.approvals else "Not asked for"
    protected = "On for the data stack" if policy.protection else "Off"
    lifetime = f"{policy.lifetime_days} days" if policy.lifetime_days else "As long as it is needed"
    return (("Approval", asked), ("Termination protection", protected), ("Lifetime", lifetime))


def _parameters(stack: Stack, blueprint: Blueprint | None) -> StackParameters:
    helps = _helps(blueprint, stack.kind)
    filled = blueprint.stacks[stack.kind].filled if blueprint else {}
    known = blueprint.stacks[stack.kind].template.parameters if blueprint else {}
    hidden = [name for name, one in known.items() if one.no_echo] if stack.parameters else []
    lines = [
        ParameterLine(
            label=helps[name].label if name in helps else name,
            name=name,
            value=str(value) + (f" {helps[name].unit}" if name in helps and helps[name].unit else ""),
            note="filled in by Stackyard" if name in filled else "",
        )
        for name, value in stack.parameters.items()
    ]
    lines += [ParameterLine(helps[name].label if name in helps else name, name, None, "never shown") for name in hidden]
    return StackParameters(
        title=StackKind(stack.kind).label,
        name=stack.name,
        protected=stack.termination_protection,
        there=not stack_status(stack.status).gone,
        lines=tuple(sorted(lines, key=lambda line: (bool(line.note), line.label))),
    )


def _helps(blueprint: Blueprint | None, kind: str) -> Mapping[str, ParameterHelp]:
    groups = blueprint.groups if blueprint else ()
    return {one.name: one for group in groups for one in group.parameters if one.stack == kind}


def _compute_cost(environment: Environment) -> Decimal | None:
    """What the compute stack costs a month, from the newest plan that brought it up; None when none is known."""
    plans = environment.changes.filter(
        status=ChangeStatus.SUCCEEDED,
        kind__in=[ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.WAKE],
        plan__isnull=False,
    ).order_by("-requested_at")
    plan = plans.values_list("plan", flat=True).first()
    try:
        return Decimal(plan["cost"]["stacks"][StackKind.COMPUTE]["after"]["monthly"]) if plan else None
    except (KeyError, TypeError, InvalidOperation):  # a plan of an earlier release
        return None


def _park(asked: _Asked) -> Act:
    return Act(
        kind=ChangeKind.PARK,
        title="Park",
        text="Deletes compute and keeps the data. Waking brings back the same compute.",
        icon="park",
        blocked=asked.blocked(ChangeKind.PARK),
        form=asked.form(ChangeKind.PARK),
        saves=asked.saved,
    )


def _wake(asked: _Asked) -> Act:
    return Act(
        kind=ChangeKind.WAKE,
        title="Wake",
        text="Brings compute back with the template and the values it had.",
        icon="wake",
        blocked=asked.blocked(ChangeKind.WAKE),
        form=asked.form(ChangeKind.WAKE),
        saves=asked.saved,
    )


def _delete_compute(asked: _Asked) -> Act:
    stack, data = asked.stack(StackKind.COMPUTE), asked.stack(StackKind.DATA)
    inside = asked.inside(stack)
    addresses = [str(output["value"]) for output in stack.outputs if str(output["value"]).startswith("http")]
    return Act(
        kind=ChangeKind.DELETE_COMPUTE,
        title=f"Delete compute of {asked.environment.name}",
        text="Deletes the compute stack; the data stack stays.",
        icon="trash",
        blocked=asked.blocked(ChangeKind.DELETE_COMPUTE),
        form=asked.form(ChangeKind.DELETE_COMPUTE),
        there=not stack_status(stack.status).gone,
        goes=(f"Stack {stack.name} with {_count(inside, 'resource', 'resources')}",),
        stays=(f"Data stack {data.name}", *_tables(asked.resources)),
        breaks=tuple(f"{address} stops answering" for address in addresses) or ("The application stops answering",),
        saves=asked.saved,
    )


def _delete_data(asked: _Asked) -> Act:
    stack = asked.stack(StackKind.DATA)
    inside = asked.inside(stack)
    exports = [str(output["export"]) for output in stack.outputs if output.get("export")]
    counted = [
        _count([one for one in inside if one.type == kind], *words)
        for kind, words in _COUNTED.items()
        if any(one.type == kind for one in inside)
    ]
    return Act(
        kind=ChangeKind.DELETE_DATA_STACK,
        title=f"Delete data stack of {asked.environment.name}, keep its tables",
        text="Deletes the data stack and leaves its tables alone.",
        icon="trash",
        blocked=asked.blocked(ChangeKind.DELETE_DATA_STACK),
        form=asked.form(ChangeKind.DELETE_DATA_STACK),
        there=not stack_status(stack.status).gone,
        goes=(
            f"Stack {stack.name}",
            *(f"Export {name}" for name in exports),
            *counted,
            *(f"Parameter {one.physical_id}" for one in inside if one.type == PARAMETER),
        ),
        stays=_tables(inside),
        breaks=(
            "Compute cannot be woken or created on it any more",
            "No stack looks after the tables; they go on costing what their items cost",
        ),
    )


def _tables(resources: list[StackResource]) -> tuple[str, ...]:
    return tuple(f"Table {one.physical_id} with all its items" for one in resources if one.type == TABLE)


def _count(found: list[StackResource], one: str, many: str) -> str:
    return f"{len(found)} {one if len(found) == 1 else many}"
