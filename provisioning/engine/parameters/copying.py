"""Values that were copied from another environment: whether they are there still as they were looked at."""

from collections.abc import Mapping
from typing import Any

from provisioning.aws import parameters as store
from provisioning.aws.clients import Clients
from provisioning.aws.parameters import Parameter as Stored
from provisioning.engine.reaching import default_aws, reach
from provisioning.flags.rules import SECURE
from provisioning.flags.sealing import digest
from provisioning.models import Environment, Parameter
from provisioning.planning.parameter_plans import short

COPIED = "copied"  # under which a change's goal says where its values are from


def copied_goal(source: Environment, rows: Mapping[str, Parameter]) -> dict[str, Any]:
    """What of the source goes into the goal of the change: of each parameter its name, version and keyed digest."""
    taken = {key: {"name": row.name, "version": row.version, "digest": row.digest} for key, row in rows.items()}
    return {COPIED: {"environment": source.pk, "from": str(source), "taken": taken}}


def why_source_moved(goal: Mapping[str, Any], target: Environment, aws: Clients) -> str:
    """How the source has moved since it was looked at, with both versions; empty where it has not, or nothing is
    copied. `aws` is the target's. Raises AwsError."""
    copied = goal.get(COPIED)
    if not copied:
        return ""
    source = Environment.objects.select_related("account").filter(pk=copied["environment"]).first()
    if source is None:
        return f"{copied['from']} is not there any more."
    here = aws if source.account_id == target.account_id else reach(source.account, default_aws)
    for key, taken in copied["taken"].items():
        now = store.get_parameter(here, taken["name"])
        if now is None:
            return f"{key} of {source} is not there any more."
        if (now.version, digest(now.value)) != (taken["version"], taken["digest"]):
            return f"{key} of {source} was set meanwhile: {_said(now)} now; you looked at v{taken['version']}."
    return ""


def _said(now: Stored) -> str:
    said = "it is a hidden value" if now.type == SECURE else f"it is {short(now.value)}"
    return f"{said} (v{now.version})"
