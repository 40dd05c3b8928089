"""What is deployed, as a blueprint declares it: what people may write, and where it goes."""

import re
from collections.abc import Mapping

from provisioning.blueprints.model import Artifact, Deploy
from provisioning.blueprints.shapes import Template
from provisioning.blueprints.values import validate_values

LONGEST = 300  # characters that a release keeps of it
_ONE_WORD = re.compile(r"[!-z|~]+")  # printable, no blanks, no braces: a placeholder stays one


def wrong_with(artifact: Artifact, template: Template, reference: str) -> str:
    """Why a reference cannot be deployed, in one sentence; empty when it can. `template` is that of the stack."""
    if not reference:
        return "Say what is to be deployed."
    if len(reference) > LONGEST:
        return f"This is too long: {LONGEST} characters is the most."
    if not _ONE_WORD.fullmatch(reference):
        return "Leave out blanks, braces and letters with accents."
    example = f" Write it as {artifact.example}." if artifact.example else ""
    if artifact.pattern and not re.fullmatch(artifact.pattern, reference):
        return f"This does not look like it should.{example}"
    if not artifact.parameter:
        return ""
    if artifact.parameter not in template.parameters:
        return f"What is deployed has no {artifact.parameter} yet. Update the environment first."
    return validate_values(template, {artifact.parameter: reference}).get(artifact.parameter, "")


def held_in(deploy: Deploy) -> str:
    """The parameter of the compute template that holds what is deployed; empty where nothing in the stack does."""
    return deploy.artifact.parameter if deploy.artifact else ""


def is_told(deploy: Deploy) -> bool:
    """Whether what is deployed is told to whoever deploys, and is nowhere in the stack."""
    return deploy.artifact is not None and not deploy.artifact.parameter


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with {name} replaced by each value."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text
