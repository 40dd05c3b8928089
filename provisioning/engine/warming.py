"""Linting the library ahead of the first request, so that nobody waits for cfn-lint at a click."""

from functools import lru_cache

import structlog

from provisioning.blueprints.loader import library
from provisioning.models import Template
from provisioning.planning import lint

log = structlog.get_logger(__name__)


def warm_library() -> None:
    """Keep and lint every template of the library that has not been seen yet."""
    for blueprint in library().blueprints.values():
        for stack in blueprint.stacks.values():
            _warm(stack.template.digest, stack.template.body)


@lru_cache(maxsize=256)
def _warm(digest: str, body: str) -> None:
    row, _ = Template.objects.get_or_create(digest=digest, defaults={"body": body})
    try:
        lint.findings(row)
    except lint.LintUnavailableError as broken:
        log.warning("lint_unavailable", template=digest[:12], trouble=str(broken))
