"""The way back of a change whose redeploy, or health, failed: earlier values put as new versions, and redeployed.

AWS has no way back to a version: what an older one held is put again, and says which one it restores (pitfall 10). What
somebody else has set meanwhile is left alone.
"""

from collections.abc import Iterator
from functools import partial

from django.db import transaction
from django.utils import timezone

from provisioning.aws import parameters as store
from provisioning.engine.claims import hold
from provisioning.engine.outcome import Wait
from provisioning.engine.parameters.putting import begin
from provisioning.engine.steps.parameters import put
from provisioning.engine.work import Work
from provisioning.flags.rules import SECURE
from provisioning.flags.sealing import UnreadableError, opened
from provisioning.lifecycle import ParameterVerb, WriteState
from provisioning.models import AuditEntry, ParameterVersion
from provisioning.planning.parameter_plans import Wish, short

PUT_BACK = "put_back"
LEFT = "somebody else has set it meanwhile, or what it was before is not known"


def puts_of(work: Work) -> list[tuple[ParameterVersion, ParameterVersion | None]]:
    """What the change has stored, each with the put that takes it back once that is written down."""
    rows = work.change.parameter_versions.filter(state__in=(WriteState.DONE, WriteState.SENT)).order_by("pk")
    by_parameter: dict[int, list[ParameterVersion]] = {}
    for row in rows.select_related("parameter"):
        by_parameter.setdefault(row.parameter_id, []).append(row)
    return [
        (first, rest[0] if rest else None) for first, *rest in by_parameter.values() if first.state == WriteState.DONE
    ]


def put_back(work: Work, because: str) -> Wait | None:
    """Put the earlier values, each once; None when there is nothing left to put."""
    for mine, back in puts_of(work):
        if back is not None and back.state == WriteState.DONE:
            continue
        wish = _wish(work, mine)
        if wish is None:
            continue
        outcome = put(work, wish, partial(_begun, work, mine, wish, because))
        if isinstance(outcome, Wait):
            return outcome
    return None


def _begun(work: Work, mine: ParameterVersion, wish: Wish, because: str) -> ParameterVersion:
    """The intent and its audit entry, in one transaction (pitfall 15)."""
    change = work.change
    with transaction.atomic():
        hold(change)
        said = f"{wish.key} of {change.environment} goes back to what it was before v{mine.version}, by itself"
        AuditEntry.objects.create(
            at=timezone.now(),
            verb=PUT_BACK,
            environment=change.environment,
            change=change,
            summary=said[:300],
            reason=because,
            detail={"key": wish.key, "attempt": change.attempt},
        )
        return begin(change.environment, wish, change, reason=f"Put back by itself. {because}")


def _wish(work: Work, mine: ParameterVersion) -> Wish | None:
    """What takes a put back; None when what there was before is not known."""
    row = mine.parameter
    if mine.verb == ParameterVerb.CREATE or (mine.version == 1 and mine.verb != ParameterVerb.DELETE):
        return Wish(row.key, row.name, ParameterVerb.DELETE, mine.type, None, mine.version)
    earlier = _earlier(mine)
    value = _value(work, earlier) if earlier else None
    if earlier is None or value is None:
        return None
    expected = None if mine.verb == ParameterVerb.DELETE else mine.version
    return Wish(row.key, row.name, ParameterVerb.RESTORE, earlier.type, value, expected, earlier.pk)


def _earlier(mine: ParameterVersion) -> ParameterVersion | None:
    """The version that stood before a put; its own row is the source, beyond AWS's hundred (pitfall 11)."""
    known = ParameterVersion.objects.filter(
        parameter=mine.parameter_id, generation=mine.generation, state=WriteState.DONE, version__isnull=False
    )
    if mine.version is not None:
        known = known.filter(version__lt=mine.version)
    return known.order_by("-version").first()


def _value(work: Work, earlier: ParameterVersion) -> str | None:
    """A value as text. A secret's that was never read here is asked of AWS, once."""
    if earlier.digest:
        try:
            return opened(earlier.type, earlier.value)
        except UnreadableError:
            pass
    found = store.get_parameter(work.aws, f"{earlier.parameter.name}:{earlier.version}")
    return found.value if found else None


def story(work: Work) -> Iterator[str]:
    """What was set, and what became of it, in sentences; no secret is in them."""
    for mine, back in puts_of(work):
        key = mine.parameter.key
        if back is not None and back.state == WriteState.DONE:
            as_what = "was deleted again" if back.version is None else f"was put back{_to(back)}, as v{back.version}"
            yield f"{key} was {_set(mine)}, and {as_what}."
        else:
            yield f"{key} was {_set(mine)}, and is left as it is now: {LEFT}."


def _set(mine: ParameterVersion) -> str:
    if mine.verb == ParameterVerb.DELETE:
        return "deleted"
    shown = "to another value" if mine.type == SECURE else f"to {short(mine.value)}"
    return f"set {shown} (v{mine.version})"


def _to(back: ParameterVersion) -> str:
    return "" if back.type == SECURE else f" to {short(back.value)}"
