"""What is looked at on every start: broken blueprints are reported, and never take the portal down."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage

from provisioning.blueprints.loader import library


def check_blueprints(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """One warning for each blueprint problem, with file, line and fix."""
    return [
        checks.Warning(f"{problem.file}:{problem.line}: {problem.sentence}", hint=problem.fix, id="stackyard.W001")
        for problem in library().problems
    ]
