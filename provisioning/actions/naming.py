"""Names of environments: `dev`, `staging`, `prod`, and personal dev ones such as `dev-alice`."""

import re

from provisioning.actions.refusals import Refusal
from provisioning.blueprints.model import STAGES
from provisioning.planning.matching import LONGEST_NAME as LONGEST

__all__ = ["LONGEST", "STAGES", "name_problem", "stage_of"]
_PERSONAL = re.compile(r"dev(-[a-z0-9]+)+")


def stage_of(name: str) -> str:
    """The stage that a name stands for. Raises Refusal with the reason when the name cannot be one."""
    problem = name_problem(name)
    if problem:
        raise Refusal(problem, "bad-name", fields={"name": problem})
    return name if name in STAGES else "dev"


def name_problem(name: str) -> str:
    """What is wrong with a name, as a sentence; empty when nothing is."""
    if not name:
        return "Give the environment a name: dev, staging, prod, or dev- and a word of yours."
    if len(name) > LONGEST:
        return f"At most {LONGEST} characters; this has {len(name)}."
    if name != name.lower():
        return f"Lower case only: {name.lower()}."
    if name in STAGES:
        return ""
    if not name.isascii():
        return "Only the letters a to z, digits and single hyphens."
    if "--" in name:
        return "One hyphen at a time."
    if not name.startswith("dev-"):
        return "Use dev, staging or prod, or start with dev- for one of your own, such as dev-alice."
    if not _PERSONAL.fullmatch(name):
        return "Only the letters a to z, digits and single hyphens; end with a letter or a digit."
    return ""
