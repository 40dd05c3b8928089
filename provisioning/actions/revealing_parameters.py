"""Showing a secret: an act of its own for one version, with a reason, written down before it is done (pitfall 19)."""

from provisioning.actions.actor import Actor, audit, require_change_right
from provisioning.actions.refusals import Refusal
from provisioning.actions.revealing import required_reason
from provisioning.actions.setting import declared
from provisioning.aws import parameters as store
from provisioning.blueprints.loader import library
from provisioning.engine.reaching import default_aws, reach
from provisioning.flags.rules import is_secret
from provisioning.flags.sealing import UnreadableError, opened
from provisioning.models import Environment, Parameter, ParameterVersion


def do_reveal_parameter(
    actor: Actor, environment: Environment, row: Parameter, version: ParameterVersion, *, reason: str
) -> str:
    """The value of one version of a secret, or of what is declared one and is stored as text. For whoever may set it.

    It is read from Parameter Store as `name:version`; of a version that is no longer there, or of a parameter that was
    deleted since, Stackyard's own copy is opened, if there is one. Raises Refusal, with its field where the reason is
    too short, and AwsError.
    """
    require_change_right(actor, environment)
    if row.environment_id != environment.pk or version.parameter_id != row.pk:
        raise Refusal(f"{environment} has no such version of a parameter.", "no-version")
    flag = declared(library().blueprints[environment.application], row.key)
    if not is_secret(version.type, flag.type if flag else ""):
        raise Refusal(f"{row.key} is no secret: its value is shown as it is.", "no-secret")
    reason = required_reason(reason)
    audit(
        actor,
        "reveal_parameter",
        f"Revealed v{version.version} of {row.key} of {environment}",
        environment=environment,
        reason=reason,
        detail={"name": row.name, "version": version.version, "generation": version.generation},
    )
    value = _stored(environment, row, version)
    return _own_copy(row, version) if value is None else value


def _stored(environment: Environment, row: Parameter, version: ParameterVersion) -> str | None:
    """The value as Parameter Store has it; None where it cannot have it. Version 3 of a name that was deleted and made
    again is another one than version 3 before (M9)."""
    if row.gone_at is not None or version.generation != row.generation or version.version is None:
        return None
    aws = reach(environment.account, default_aws)
    found = store.get_parameter(aws, f"{row.name}:{version.version}")
    return found.value if found else None


def _own_copy(row: Parameter, version: ParameterVersion) -> str:
    try:
        value = opened(version.type, version.value)
    except UnreadableError:
        value = ""
    if not value:
        raise Refusal(
            f"v{version.version} of {row.key} is not to be had any more: AWS keeps 100 versions, and Stackyard has no"
            " copy of this one.",
            "not-kept",
        )
    return value


def why_not_reveal(actor: Actor, environment: Environment) -> str:
    """Why this person may not have secrets of this environment shown; empty when they may."""
    try:
        require_change_right(actor, environment)
    except Refusal as refusal:
        return refusal.sentence
    return ""
