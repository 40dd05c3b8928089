"""The configuration of an environment, for programs: as data, as the text of a file, and with its secrets."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Body, Path, Query, Router, Schema

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.text import Line, Name, Sent
from portal.connecting.formats import FORMATS, NAMING
from portal.connecting.github import masks
from portal.environments.heading import access_with_stacks
from provisioning.actions import delivering
from provisioning.actions.delivering import JSON, do_deliver_configuration, do_deliver_secrets

router = Router(tags=["Configuration"])
Format = Literal["json", "dotenv", "shell", "github", "erlang", "ecs", "kubernetes"]
MISSING = "Configuration-Missing"
GITHUB = "github"


class OutputsWanted(Schema):
    """How to write the configuration."""

    format: Format = "json"


class SecretsWanted(Sent):
    """How to write it, and why its secrets are needed: the audit keeps that."""

    format: Format = "json"
    reason: Line


class Configuration(Schema):
    """What the application has to know to run here. `missing` says, by variable, why there is no value; `secrets` are
    the variables that are secrets; `problem` is what kept AWS from answering."""

    application: str
    environment: str
    values: dict[str, str]
    missing: dict[str, str]
    secrets: list[str]
    complete: bool
    problem: str


class Delivery(Configuration):
    """The configuration with the values of its secrets. `text` is the file of the format that was asked for, empty for
    json; `log` are lines to print in a workflow's log before anything else, so that it shows no secret."""

    filename: str
    text: str
    log: list[str]


@operation(
    router, "GET", "/environments/{app}/{name}/outputs", scope=Scope.READ, page="environment_configuration",
    answers=Configuration, summary="Read an environment's configuration", media_type="text/plain",
)  # fmt: skip
def read_outputs(
    request: HttpRequest, app: Path[Name], name: Path[Name], wanted: Query[OutputsWanted]
) -> Configuration | HttpResponse:
    """As JSON, or as a file's text: `.env`, shell exports, an Erlang `sys.config`, lines for `$GITHUB_ENV`, part of an
    ECS container definition, the `env` of a Kubernetes container. Secrets are not in it. What is missing of a text is
    named in `Configuration-Missing`. Taking it leaves an entry in the audit."""
    found = access_with_stacks(request, app, name)
    read = do_deliver_configuration(actor_of(request), found, wanted.format)
    if wanted.format == JSON:
        return Configuration(**_told(read))
    response = HttpResponse(FORMATS[wanted.format].render(read), content_type="text/plain; charset=utf-8")
    names = wanted.format in NAMING
    missing = (one.variable for one in read.settings if one.value is None and not (names and one.secret))
    response[MISSING] = ", ".join(missing)
    return response


@operation(
    router, "POST", "/environments/{app}/{name}/outputs", scope=Scope.CHANGE, page="environment_secrets",
    answers=Delivery, summary="Read an environment's configuration with its secrets",
)  # fmt: skip
def reveal_outputs(
    request: HttpRequest, response: HttpResponse, app: Path[Name], name: Path[Name], sent: Body[SecretsWanted]
) -> Delivery:
    """For whoever may set the secrets. It changes nothing; every request leaves an entry in the audit, with the reason
    and the versions, before a value is read. ECS reads secrets by itself, so `ecs` is refused."""
    found = access_with_stacks(request, app, name)
    read = do_deliver_secrets(actor_of(request), found, sent.format, reason=sent.reason)
    response["Cache-Control"] = "no-store"
    file = FORMATS.get(sent.format)
    return Delivery(
        **_told(read),
        filename=file.filename if file else "",
        text=file.render(read) if file else "",
        log=list(masks(read)) if sent.format == GITHUB else [],
    )


def _told(read: delivering.Configuration) -> dict[str, Any]:
    return {
        "application": read.application,
        "environment": read.environment,
        "values": {one.variable: one.value for one in read.settings if one.value is not None},
        "missing": {one.variable: one.missing for one in read.settings if one.value is None},
        "secrets": [one.variable for one in read.secrets],
        "complete": read.complete,
        "problem": read.problem,
    }
