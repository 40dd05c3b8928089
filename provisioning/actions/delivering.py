"""What an application of an environment needs to know to run: its configuration, with real names and values.

Stack outputs come from the rows; values under the parameter path are read live (needs `ssm:GetParametersByPath`).
"""

from dataclasses import dataclass

from provisioning.actions.actor import Actor, audit
from provisioning.actions.refusals import Refusal
from provisioning.aws import parameters
from provisioning.aws.clients import clients_for
from provisioning.aws.errors import AwsError
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint
from provisioning.engine.accounts import target
from provisioning.models import Environment

SECRET = "SecureString"  # noqa: S105  (AWS's word for a type, not a secret)
JSON = "json"  # for programs that ask for the values themselves; every application offers it


@dataclass(frozen=True)
class Setting:
    """One variable. Where there is no `value`, `missing` says why, in one sentence."""

    variable: str
    value: str | None
    missing: str = ""


@dataclass(frozen=True)
class Configuration:
    """Every variable of an environment in the blueprint's order. `problem` is what kept AWS from answering."""

    application: str
    environment: str
    formats: tuple[str, ...]
    settings: tuple[Setting, ...]
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Whether every variable has a value."""
        return all(setting.value is not None for setting in self.settings)


@dataclass(frozen=True)
class _Known:
    """What the sources of variables are looked up in; None where AWS did not answer."""

    outputs: dict[tuple[str, str], str]
    path: str
    parameters: dict[str, parameters.Parameter] | None


def read_configuration(environment: Environment) -> Configuration:
    """The configuration as it is now. AWS being away costs the values it holds, not the page.

    Raises Refusal when the application has left the library.
    """
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise Refusal(f"The blueprint of {environment.application} cannot be read any more.", "no-blueprint")
    outputs = {
        (stack.kind, output["key"]): output["value"] for stack in environment.stacks.all() for output in stack.outputs
    }
    found, problem = _live_parameters(environment, blueprint)
    known = _Known(outputs, blueprint.path(environment.name) or "", found)
    return Configuration(
        application=blueprint.slug,
        environment=environment.name,
        formats=blueprint.formats,
        settings=tuple(_setting(one.variable, one.source, environment, known) for one in blueprint.configuration),
        problem=problem,
    )


def do_deliver_configuration(actor: Actor, environment: Environment, format_: str) -> Configuration:
    """The configuration for somebody who takes it away as a file; leaves an audit entry, without values.

    Raises Refusal for a format that the blueprint does not offer.
    """
    configuration = read_configuration(environment)
    if format_ not in (JSON, *configuration.formats):
        raise Refusal(f"{environment.application} offers no configuration as {format_}.", "no-format")
    audit(
        actor,
        "deliver_configuration",
        f"Configuration of {environment} taken as {format_}",
        environment=environment,
        detail={"format": format_, "variables": [setting.variable for setting in configuration.settings]},
    )
    return configuration


def _live_parameters(
    environment: Environment, blueprint: Blueprint
) -> tuple[dict[str, parameters.Parameter] | None, str]:
    """The parameters under the environment's path by name, and what went wrong; no call when nothing asks."""
    path = blueprint.path(environment.name)
    if path is None or not any(one.source.startswith("parameter:") for one in blueprint.configuration):
        return {}, ""
    try:
        found = parameters.parameters_by_path(clients_for(target(environment.account)), path)
    except AwsError as trouble:
        return None, trouble.sentence
    return {parameter.name: parameter for parameter in found}, ""


def _setting(variable: str, source: str, environment: Environment, known: _Known) -> Setting:
    kind, _, rest = source.partition(":")
    if kind == "output":
        return _from_output(variable, rest, known)
    if kind == "parameter":
        return _from_parameter(variable, f"{known.path}{rest}", known)
    if kind == "text":
        named = rest.replace("{environment}", environment.name).replace("{stage}", environment.stage)
        return Setting(variable, named)
    facts = {"region": environment.account.region, "environment": environment.name, "stage": environment.stage}
    return Setting(variable, facts[kind])


def _from_output(variable: str, source: str, known: _Known) -> Setting:
    stack, _, output = source.partition(":")
    value = known.outputs.get((stack, output))
    return Setting(variable, value, "" if value is not None else f"The {stack} stack has no output {output} yet.")


def _from_parameter(variable: str, name: str, known: _Known) -> Setting:
    if known.parameters is None:
        return Setting(variable, None, f"{name} could not be read now.")
    found = known.parameters.get(name)
    if found is None:
        return Setting(variable, None, f"There is no parameter {name} yet.")
    if found.type == SECRET:
        return Setting(variable, None, f"{name} is a secret: read it from Parameter Store with rights of your own.")
    return Setting(variable, found.value)
