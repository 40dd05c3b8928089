"""What can be chosen for the parameters of an application, read live from the account, as a request form offers it."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.text import Line, Name
from portal.catalogue.reading import access_blueprint
from portal.requesting.layout import OF_VPC, Layout, Setting, layout_of
from provisioning.actions.choices import live_choices
from provisioning.actions.refusals import Refusal
from provisioning.lifecycle import StackKind
from provisioning.models import Account

router = Router(tags=["Applications"])


class ChoicesWanted(Schema):
    """Within which network."""

    vpc: Line = Field("", description="Subnets and security groups are of this one; else of the preferred one.")


class Option(Schema):
    """One that can be chosen."""

    value: str
    label: str


class ParameterChoices(Schema):
    """What can be chosen for one parameter. `preferred` is what a form starts with, several with commas, empty when
    nothing suggests itself; `vpc` the network that the choices are of; `problem` why they could not be read."""

    stack: StackKind
    name: str
    kind: str
    required: bool
    vpc: str
    preferred: str
    options: list[Option]
    read_at: datetime
    problem: str


class ChoiceList(Schema):
    """The choices of every parameter that has some."""

    items: list[ParameterChoices]


@operation(
    router, "GET", "/applications/{app}/choices", scope=Scope.READ, page="request_choices", answers=ChoiceList,
    summary="List what can be chosen",
)  # fmt: skip
def list_choices(request: HttpRequest, app: Path[Name], wanted: Query[ChoicesWanted]) -> ChoiceList:
    """Networks, subnets, key pairs and images of the account, at most a minute old."""
    blueprint = access_blueprint(app)
    account = Account.objects.order_by("pk").first()
    if account is None:
        raise Refusal("No AWS account is set up yet. Ask an admin.", "no-account")
    layout = layout_of(blueprint, [str(kind) for kind in StackKind])
    live = [one for one in layout.settings if one.choices_from]
    return ChoiceList(items=[_choices(account, layout, one, wanted.vpc) for one in live])


def _choices(account: Account, layout: Layout, setting: Setting, vpc: str) -> ParameterChoices:
    within = setting.choices_from in OF_VPC and layout.vpc_of(setting.stack) is not None
    network = (vpc or live_choices(account, "vpc").preferred) if within else ""
    found = live_choices(account, "vpc" if within and not network else setting.choices_from, network)
    listed = () if within and not network else found.options
    return ParameterChoices(
        stack=StackKind(setting.stack),
        name=setting.parameter.name,
        kind=setting.choices_from,
        required=setting.required,
        vpc=network,
        preferred=found.preferred if listed else "",
        options=[Option(value=value, label=label) for value, label in listed],
        read_at=found.read_at,
        problem=found.problem,
    )
