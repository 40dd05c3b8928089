"""Applications: what the catalogue shows of each blueprint."""

from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema

from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.text import Name
from portal.catalogue.reading import access_blueprint
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint, Flag, ParameterHelp, StagePolicy

router = Router(tags=["Applications"])


class ApplicationLine(Schema):
    """One application of the list."""

    slug: str
    title: str
    summary: str
    owner: str
    version: str
    stages: list[str]


class ApplicationList(Schema):
    """Every application; they all fit on one page."""

    items: list[ApplicationLine]


class Stage(Schema):
    """What a stage asks for. `lifetime_days` null: its environments stay."""

    stage: str
    approvals: int
    approver_groups: list[str]
    protection: bool
    personal: bool
    lifetime_days: int | None
    expires_hours: int


class Parameter(Schema):
    """One parameter of a stack, as a request may give it. A `hidden` one is never told again."""

    stack: str
    name: str
    group: str
    label: str
    help: str
    type: str
    default: str | None
    allowed_values: list[str]
    unit: str
    hidden: bool


class FlagShape(Schema):
    """One flag that lives under the parameter path."""

    key: str
    title: str
    type: str
    default: str
    allowed: list[str]
    after: str


class ArtifactShape(Schema):
    """What is deployed, as it is written; where it is held in the compute stack, `parameter` names where."""

    label: str
    help: str
    example: str
    pattern: str
    parameter: str


class Application(ApplicationLine):
    """One application, with what a request for an environment of it can say."""

    description: str
    policies: list[Stage]
    parameters: list[Parameter]
    flags: list[FlagShape]
    parameter_path: str | None
    output_formats: list[str]
    deploy: str
    artifact: ArtifactShape | None


@operation(
    router,
    "GET",
    "/applications",
    scope=Scope.READ,
    page="catalogue",
    answers=ApplicationList,
    summary="List applications",
)
def list_applications(request: HttpRequest) -> ApplicationList:
    """Every application of the catalogue, by its slug."""
    blueprints = sorted(library().blueprints.values(), key=lambda one: one.slug)
    return ApplicationList(items=[ApplicationLine(**_line(one)) for one in blueprints])


@operation(
    router,
    "GET",
    "/applications/{app}",
    scope=Scope.READ,
    page="application",
    answers=Application,
    summary="Show an application",
)
def show_application(request: HttpRequest, app: Path[Name]) -> Application:
    """Its stages with their policy, its parameters, its flags."""
    found = access_blueprint(app)
    return Application(
        **_line(found),
        description=found.description,
        policies=[_stage(policy) for policy in found.stages.values()],
        parameters=[_parameter(found, group.title, one) for group in found.groups for one in group.parameters],
        flags=[_flag(one) for one in found.flags],
        parameter_path=found.parameter_path,
        output_formats=["json", *found.formats],
        deploy=found.deploy.method,
        artifact=ArtifactShape(**vars(found.deploy.artifact)) if found.deploy.artifact else None,
    )


def _line(found: Blueprint) -> dict[str, Any]:
    return {
        "slug": found.slug,
        "title": found.title,
        "summary": found.summary,
        "owner": found.owner,
        "version": found.version,
        "stages": list(found.stages),
    }


def _stage(policy: StagePolicy) -> Stage:
    return Stage(
        stage=policy.stage,
        approvals=policy.approvals,
        approver_groups=list(policy.approver_groups),
        protection=policy.protection,
        personal=policy.personal,
        lifetime_days=policy.lifetime_days,
        expires_hours=policy.expires_hours,
    )


def _parameter(blueprint: Blueprint, group: str, one: ParameterHelp) -> Parameter:
    declared = blueprint.stacks[one.stack].template.parameters[one.name]
    return Parameter(
        stack=one.stack,
        name=one.name,
        group=group,
        label=one.label,
        help=one.help,
        type=declared.type,
        default=None if declared.no_echo else declared.default,
        allowed_values=list(declared.allowed_values),
        unit=one.unit,
        hidden=declared.no_echo,
    )


def _flag(one: Flag) -> FlagShape:
    return FlagShape(
        key=one.key, title=one.title, type=one.type, default=one.default, allowed=list(one.allowed), after=one.after
    )
