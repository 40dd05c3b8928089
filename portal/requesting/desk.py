"""The pages around the two forms: what a form is made for, and everything that is shown beside it."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.access import actor_of
from portal.requesting.asking import asks_of
from portal.requesting.forms import RequestForm
from portal.requesting.layout import Layout, layout_of
from portal.requesting.naming import name_and_stage, names_of
from portal.requesting.preview import preview_of
from portal.requesting.prices import price_of
from portal.requesting.reading import living_stacks, monthly_now, neighbours, template_ages
from portal.requesting.replacing import accepted, offer_for_name, offer_of, open_change, wants_replacement
from portal.requesting.starting import stage_names
from provisioning.actions.order import why_not_now
from provisioning.blueprints.artifacts import held_in
from provisioning.blueprints.model import STACK_KINDS, Blueprint
from provisioning.costs.calibration import calibrations
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Account, Environment
from provisioning.planning.lifetimes import has_lifetime
from provisioning.planning.policy import may_start_later


@dataclass(frozen=True)
class Desk:
    """What a request form is made for."""

    blueprint: Blueprint
    account: Account
    layout: Layout


def create_desk(blueprint: Blueprint, account: Account) -> Desk:
    """For a new environment: the settings of both stacks."""
    return Desk(blueprint, account, layout_of(blueprint, STACK_KINDS))


def update_desk(blueprint: Blueprint, environment: Environment) -> Desk:
    """For an environment that is there: the settings of the stacks it has. What is deployed is no setting of theirs: it
    is changed by deploying."""
    deployed = (f"{StackKind.COMPUTE}.{held_in(blueprint.deploy)}",)
    return Desk(blueprint, environment.account, layout_of(blueprint, living_stacks(environment), deployed))


def create_page(
    request: HttpRequest, desk: Desk, form: RequestForm, *, live: bool = False, status: int = 200, **more: Any
) -> HttpResponse:
    """The form of a new environment with its names, price and neighbours."""
    actor = actor_of(request)
    blueprint, account = desk.blueprint, desk.account
    typed = str(form["name"].value() or "")
    name, stage = name_and_stage(blueprint, typed)
    values = form.shown()
    met = wants_replacement(request) or more.get("in_the_way")
    offer = offer_for_name(actor, account, blueprint.slug, typed) if met else None
    replacing = accepted(request, offer)
    context = {
        "blueprint": blueprint,
        "form": form,
        "offer": offer,
        "replacing": replacing,
        "names": names_of(
            blueprint,
            account,
            typed,
            user_id=actor.user_id,
            live=live,
            replaces=str(replacing.change.pk) if replacing else "",
        ),
        "started_as": form["stage"].value(),
        "stages": stage_names(blueprint, account, actor.name),
        "stage": stage,
        "policy": blueprint.stages[stage],
        "may_start_later": may_start_later(blueprint.stages[stage], ChangeKind.CREATE),
        "price": price_of(
            blueprint,
            name=name,
            stage=stage,
            region=account.region,
            values=values,
            usage=form.assumptions.usage,
            known=calibrations(),
        ),
        "has_lifetime": has_lifetime(blueprint.stages[stage]),
        "monthly_now": monthly_now(blueprint.slug, name),
        "neighbours": neighbours(blueprint.slug),
        "prod_strip": stage == "prod" and "You are asking for production",
        **more,
    }
    return render(request, "requesting/create.html", context, status=status)


def update_page(
    request: HttpRequest, desk: Desk, environment: Environment, form: RequestForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The form of an environment that is there, with the age of its templates and its price before and after.

    A change that waits blocks it, unless the form takes the offer to be sent instead, or was sent: then the offer
    stands beside what was typed."""
    actor, stacks = actor_of(request), living_stacks(environment)
    blueprint, policy = desk.blueprint, desk.blueprint.stages[environment.stage]
    waiting = open_change(environment)
    offer = offer_of(actor, waiting, ChangeKind.UPDATE, environment)
    replacing = accepted(request, offer)
    context = {
        "offer": offer,
        "replacing": replacing,
        "asks": asks_of(policy, actor.user_id),
        "may_start_later": may_start_later(policy, ChangeKind.UPDATE),
        "blueprint": blueprint,
        "environment": environment,
        "form": form,
        "ages": template_ages(blueprint, stacks),
        "missing": [kind for kind in STACK_KINDS if kind not in stacks],
        "blocked": "" if replacing or (offer and form.is_bound) else why_not_now(environment, ChangeKind.UPDATE),
        "open_change": waiting,
        "policy": policy,
        "price": price_of(
            blueprint,
            name=environment.name,
            stage=environment.stage,
            region=desk.account.region,
            values=form.shown(),
            usage=form.assumptions.usage,
            known=calibrations(),
        ),
        "monthly_now": environment.monthly_cost,
        "preview": preview_of(blueprint, environment, form.shown()),
        "prod_strip": environment.stage == "prod",
        **more,
    }
    return render(request, "requesting/update.html", context, status=status)
