"""Linting the library ahead of the first request, so that nobody waits for cfn-lint at a click."""

from functools import lru_cache
from threading import Lock

import structlog

from provisioning.blueprints.loader import library
from provisioning.models import Template
from provisioning.planning import lint

log = structlog.get_logger(__name__)
_one_at_a_time = Lock()


def warm_library() -> None:
    """Keep and lint every template of the library that has not been seen yet. Somebody at it already is enough."""
    if not _one_at_a_time.acquire(blocking=False):
        return
    try:
        for blueprint in library().blueprints.values():
            for stack in blueprint.stacks.values():
                _warm(stack.template.digest, stack.template.body)
    finally:
        _one_at_a_time.release()


@lru_cache(maxsize=256)
def _warm(digest: str, body: str) -> None:
    row, _ = Template.objects.get_or_create(digest=digest, defaults={"body": body})
    try:
        lint.findings(row)
    except lint.LintUnavailableError as broken:
        log.warning("lint_unavailable", template=digest[:12], trouble=str(broken))
