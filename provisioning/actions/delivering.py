"""What an application of an environment needs to know to run: its configuration, with real names and values.

Stack outputs come from the rows; values under the parameter path are read live (needs `ssm:GetParametersByPath`), those
of secrets one by one and only for whoever asks for them with a reason (needs `ssm:GetParameter` and the right to use
their key).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.actions.revealing import required_reason
from provisioning.aws import parameters
from provisioning.aws.clients import Clients
from provisioning.aws.errors import AwsError
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Blueprint
from provisioning.engine.reaching import default_aws, reach
from provisioning.models import Environment

SECRET = "SecureString"  # noqa: S105  (AWS's word for a type, not a secret)
JSON = "json"  # for programs that ask for the values themselves; every application offers it
REFERRING = frozenset({"ecs"})  # formats that name secrets and never hold their values


@dataclass(frozen=True)
class Setting:
    """One variable. Where there is no `value`, `missing` says why, in one sentence. `arn` is that of the parameter that
    it comes from, if it comes from one; a `secret` has a value only when that was asked for."""

    variable: str
    value: str | None
    missing: str = ""
    secret: bool = False
    arn: str = ""


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

    @property
    def secrets(self) -> tuple[Setting, ...]:
        """The variables that are secrets."""
        return tuple(setting for setting in self.settings if setting.secret)


Found = Mapping[str, parameters.Parameter]


@dataclass(frozen=True)
class _Known:
    """What the sources of variables are looked up in; None where AWS did not answer. `told` are secrets' values."""

    outputs: Mapping[tuple[str, str], str]
    path: str
    parameters: Found | None
    told: Mapping[str, str | None]


def read_configuration(environment: Environment) -> Configuration:
    """The configuration as it is now. AWS being away costs the values it holds, not the page.

    Raises Refusal when the application has left the library.
    """
    blueprint = _blueprint(environment)
    try:
        found = _live_parameters(environment, blueprint)
    except AwsError as trouble:
        return replace(_configuration(environment, blueprint, None, {}), problem=trouble.sentence)
    return _configuration(environment, blueprint, found, {})


def do_deliver_configuration(actor: Actor, environment: Environment, format_: str) -> Configuration:
    """The configuration for somebody who takes it away as a file; leaves an audit entry, without values.

    Raises Refusal for a format that the blueprint does not offer.
    """
    _require_offered(_blueprint(environment), format_)
    configuration = read_configuration(environment)
    audit(
        actor,
        "deliver_configuration",
        f"Configuration of {environment} taken as {format_}",
        environment=environment,
        detail={"format": format_, "variables": [setting.variable for setting in configuration.settings]},
    )
    return configuration


def do_deliver_secrets(actor: Actor, environment: Environment, format_: str, *, reason: str) -> Configuration:
    """The configuration with the values of its secrets, for whoever may have them shown one by one.

    The audit names each secret with its version before its value is read. Raises Refusal, with the field that it is
    about, and AwsError: then no value was told.
    """
    require_change_right(actor, environment)
    reason, blueprint = required_reason(reason), _blueprint(environment)
    _require_offered(blueprint, format_)
    if format_ in REFERRING:
        sentence = "ECS reads secrets by itself when a container starts: this format names them and holds no value."
        raise Refusal(sentence, "no-values", fields={"format": sentence})
    found = _live_parameters(environment, blueprint)
    named = {f"{blueprint.path(environment.name)}{key}" for key in _keys(blueprint)}
    secrets = [one for one in found.values() if one.name in named and one.type == SECRET]
    audit(
        actor,
        "deliver_secrets",
        f"Configuration of {environment} taken as {format_}, with its secrets",
        environment=environment,
        reason=reason,
        detail={
            "format": format_,
            "variables": [one.variable for one in blueprint.configuration],
            "secrets": [{"name": one.name, "version": one.version} for one in secrets],
        },
    )
    aws = reach(environment.account, default_aws)
    return _configuration(environment, blueprint, found, {one.name: _told(aws, one) for one in secrets})


def _told(aws: Clients, secret: parameters.Parameter) -> str | None:
    """The value of the very version that the audit names; None when it is gone."""
    found = parameters.get_parameter(aws, f"{secret.name}:{secret.version}")
    return found.value if found else None


def _blueprint(environment: Environment) -> Blueprint:
    blueprint = library().blueprints.get(environment.application)
    if blueprint is None:
        raise Refusal(f"The blueprint of {environment.application} cannot be read any more.", "no-blueprint")
    return blueprint


def _require_offered(blueprint: Blueprint, format_: str) -> None:
    if format_ not in (JSON, *blueprint.formats):
        raise Refusal(f"{blueprint.slug} offers no configuration as {format_}.", "no-format")


def _keys(blueprint: Blueprint) -> frozenset[str]:
    """The keys of the parameters that the configuration names."""
    sources = [one.source.partition(":") for one in blueprint.configuration]
    return frozenset(key for kind, _, key in sources if kind == "parameter")


def _live_parameters(environment: Environment, blueprint: Blueprint) -> Found:
    """The parameters under the environment's path by name, secrets without their values; no call when nothing asks.
    Raises AwsError."""
    path = blueprint.path(environment.name)
    if path is None or not _keys(blueprint):
        return {}
    found = parameters.parameters_by_path(reach(environment.account, default_aws), path, decrypted=False)
    return {parameter.name: parameter for parameter in found}


def _configuration(
    environment: Environment, blueprint: Blueprint, found: Found | None, told: Mapping[str, str | None]
) -> Configuration:
    outputs = {
        (stack.kind, output["key"]): output["value"] for stack in environment.stacks.all() for output in stack.outputs
    }
    known = _Known(outputs, blueprint.path(environment.name) or "", found, told)
    return Configuration(
        application=blueprint.slug,
        environment=environment.name,
        formats=blueprint.formats,
        settings=tuple(
            _writable(_setting(one.variable, one.source, environment, known)) for one in blueprint.configuration
        ),
    )


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
    if found.type != SECRET:
        return Setting(variable, found.value, arn=found.arn)
    if name not in known.told:
        said = f"{name} is a secret: its value is told to whoever may set it, with a reason."
        return Setting(variable, None, said, secret=True, arn=found.arn)
    value = known.told[name]
    said = "" if value is not None else f"{name} was deleted while it was read. Try again."
    return Setting(variable, value, said, secret=True, arn=found.arn)


def _writable(setting: Setting) -> Setting:
    """The setting; without its value where no environment of a process could hold that."""
    value = setting.value or ""
    if "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value):
        return setting
    said = "The value holds NUL or half a character, which no variable can."
    return replace(setting, value=None, missing=said)
