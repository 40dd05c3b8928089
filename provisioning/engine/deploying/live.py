"""Which value what runs has: written on the parameters' rows while a redeploy rolls, and once it was proved.

`live_on` of `live_of` have the stored version. `live_version` is what all of what runs has: it stays the old one while
old and new run side by side (pitfall 9).
"""

from collections.abc import Iterator, Mapping

from django.utils import timezone

from provisioning.engine.deploying.asking import Report
from provisioning.flags.rules import SECURE
from provisioning.flags.sealing import UnreadableError, digest, kept, opened
from provisioning.lifecycle import LiveFrom, WriteState
from provisioning.models import Environment, Parameter, ParameterVersion, Rollout

LIVE = ("live_value", "live_version", "live_on", "live_of", "live_at", "live_from")
Versions = dict[str, dict[str, int | str]]


def there(environment: Environment) -> Iterator[Parameter]:
    """The parameters of an environment that are stored now."""
    yield from Parameter.objects.filter(environment=environment, gone_at__isnull=True, version__gt=0).order_by("key")


def versions_now(environment: Environment) -> Versions:
    """The stored version of each parameter, by key; digests are keyed, and tell no secret."""
    return {
        row.key: {"version": row.version, "generation": row.generation, "digest": row.digest}
        for row in there(environment)
    }


def mark_rolling(rollout: Rollout) -> None:
    """How many of what runs have each stored version now. What all of them had before stays as it is."""
    now = timezone.now()
    for row in there(rollout.environment):
        everywhere = _is_live(row)
        row.live_of = rollout.of
        row.live_on = rollout.of if everywhere else rollout.on if _was_read(rollout.versions, row) else 0
        row.live_at, row.live_from = now, LiveFrom.STARTED
        row.save(update_fields=LIVE)


def mark_all(environment: Environment, versions: Versions, of: int) -> None:
    """All of what runs was started after these versions were stored, so it has them."""
    now = timezone.now()
    for row in there(environment):
        read = versions.get(row.key)
        if read is None:
            continue
        same = _was_read(versions, row)
        row.live_version = int(read["version"])
        row.live_value = row.value if same else _past_value(row, read)
        row.live_on, row.live_of = (of if same else 0), of
        row.live_at, row.live_from = now, LiveFrom.STARTED
        row.save(update_fields=LIVE)


def mark_unseen(environment: Environment) -> None:
    """Nothing that runs can be seen: nothing is known, and that is what the rows say."""
    Parameter.objects.filter(environment=environment, gone_at__isnull=True).update(
        live_value="", live_version=None, live_on=0, live_of=0, live_at=timezone.now(), live_from=LiveFrom.UNSEEN
    )


def mark_reported(environment: Environment, report: Report, of: int) -> list[str]:
    """What the backend itself says goes before what was inferred. Returns how it differs from what is stored, in words
    that repeat no secret."""
    now, wrong = timezone.now(), []
    for row in there(environment):
        told = report.parameters.get(row.key)
        if told is None or (told.value is None and told.version is None):
            continue
        is_same = _says_stored(row, told.value, told.version)
        row.live_value = kept(row.type, told.value) if told.value is not None else (row.value if is_same else "")
        row.live_version = told.version or (row.version if is_same else None)
        row.live_of = max(of, 1)
        row.live_on = row.live_of if is_same else 0
        row.live_at, row.live_from = now, LiveFrom.REPORTED
        row.save(update_fields=LIVE)
        if not is_same:
            wrong.append(_said(row, told.value, told.version))
    return wrong


def _says_stored(row: Parameter, value: str | None, version: int | None) -> bool:
    if value is not None and digest(value) != row.digest:
        return False
    return version in {None, row.version}


def _said(row: Parameter, value: str | None, version: int | None) -> str:
    shown = "another value" if row.type == SECURE or value is None else f"“{value[:60]}”"
    stored = "" if row.type == SECURE else f" “{row.value[:60]}”"
    number = f" (v{version})" if version else ""
    return f"the backend has {row.key} at {shown}{number}; stored is{stored} v{row.version}"


def _is_live(row: Parameter) -> bool:
    return row.live_version == row.version and row.live_on == row.live_of and bool(row.live_of)


def _was_read(versions: Versions, row: Parameter) -> bool:
    read = versions.get(row.key)
    return read is not None and (read["version"], read["generation"]) == (row.version, row.generation)


def _past_value(row: Parameter, read: Mapping[str, int | str]) -> str:
    """The value of a version that is not the stored one any more, as it is kept; empty when it is not known."""
    found = ParameterVersion.objects.filter(
        parameter=row, generation=read["generation"], version=read["version"], state=WriteState.DONE
    ).first()
    return found.value if found else ""


def plain(row: Parameter) -> str:
    """The live value as text; empty when it cannot be read."""
    try:
        return opened(row.type, row.live_value)
    except UnreadableError:
        return ""
