"""Linting the library ahead of the first request, so that nobody waits for cfn-lint at a click."""

from datetime import timedelta
from threading import Lock

import structlog
from django.utils import timezone

from provisioning.blueprints.loader import library
from provisioning.models import Template
from provisioning.planning import lint

SOMEBODY_ELSES = timedelta(minutes=1)  # for so long, what another worker has begun to lint is left to it
log = structlog.get_logger(__name__)
_one_at_a_time = Lock()
_warm: set[str] = set()


def warm_library() -> None:
    """Keep and lint every template of the library that has not been seen yet. Somebody at it already is enough."""
    if not _one_at_a_time.acquire(blocking=False):
        return
    try:
        for blueprint in library().blueprints.values():
            for stack in blueprint.stacks.values():
                if stack.template.digest not in _warm and _warmed(stack.template.digest, stack.template.body):
                    _warm.add(stack.template.digest)
    finally:
        _one_at_a_time.release()


def _warmed(digest: str, body: str) -> bool:
    """Whether there is nothing more to do for a template: it is linted, or linting does not work here."""
    row, made = Template.objects.get_or_create(digest=digest, defaults={"body": body})
    if not made and row.lint is None and row.first_seen_at > timezone.now() - SOMEBODY_ELSES:
        return False
    try:
        lint.findings(row)
    except lint.LintUnavailableError as broken:
        log.warning("lint_unavailable", template=digest[:12], trouble=str(broken))
    return True
