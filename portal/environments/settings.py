"""The settings of one environment: its policy, its protection, its parameters, and what can be done to it."""

from dataclasses import dataclass

from portal.environments.acts import (
    Act,
    Asked,
    compute_act,
    data_stack_act,
    monthly_of,
    plain_act,
    resources_of,
)
from portal.environments.deleting import delete_act
from portal.environments.parameters import StackParameters, stack_parameters
from portal.environments.protection import Protection, read_protection
from portal.requesting.asking import expiry_sentence
from portal.requesting.replacing import Offer
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.planning.lifetimes import has_lifetime, most_days


@dataclass(frozen=True)
class EnvironmentSettings:
    """Everything on the settings page; `dangers` are those that destroy something. `all_blocked` is the one reason
    why nothing is possible now, said once instead of beside every act; `offer` the change that waits and that any
    act here would replace."""

    policy: tuple[tuple[str, str], ...]
    protection: Protection
    stacks: tuple[StackParameters, ...]
    all_blocked: str
    offer: Offer | None
    update_query: str
    update_blocked: str
    gentle: tuple[Act, ...]
    compute: Act
    data_stack: Act
    data: Act


def read_settings(asked: Asked) -> EnvironmentSettings:
    """The settings from rows alone."""
    environment = asked.environment
    blueprint = library().blueprints.get(environment.application)
    resources, saves = resources_of(environment), monthly_of(environment, StackKind.COMPUTE)
    blocked = asked.under_way is not None and not asked.replaceable
    update = asked.offer(ChangeKind.UPDATE)
    return EnvironmentSettings(
        policy=_policy(asked.policy) if asked.policy else (),
        protection=read_protection(asked),
        stacks=tuple(stack_parameters(stack, blueprint) for stack in environment.stacks.all()),
        all_blocked=asked.blocked(ChangeKind.UPDATE) if blocked else "",
        offer=Offer(asked.under_way, ChangeKind.UPDATE) if asked.under_way and not blocked else None,
        update_query=update.query if update else "",
        update_blocked=asked.blocked(ChangeKind.UPDATE),
        gentle=tuple(plain_act(asked, kind, saves) for kind in (ChangeKind.PARK, ChangeKind.WAKE)),
        compute=compute_act(asked, resources, saves),
        data_stack=data_stack_act(asked, resources),
        data=delete_act(asked),
    )


def _policy(policy: StagePolicy) -> tuple[tuple[str, str], ...]:
    people = " or ".join(policy.approver_groups)
    asked = f"{policy.approvals} by {people}, never by who asks" if policy.approvals else "Not asked for"
    protected = "On for the data stack" if policy.protection else "Off"
    lifetime = "As long as it is needed"
    if has_lifetime(policy):
        most = most_days(policy, is_admin=False)
        lifetime = f"{policy.lifetime_days} days, extended to {most} at most; then compute is parked"
    waits = (("Expiry", expiry_sentence(policy)),) if policy.approvals else ()
    return (("Approval", asked), *waits, ("Termination protection", protected), ("Lifetime", lifetime))
