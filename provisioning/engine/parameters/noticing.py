"""What a reading of a path says against what is known: new versions, whose they are, and what is gone.

A version that Stackyard put has its row from before the call; one that a stack put belongs to the stack; any other one
was put by somebody outside, and is never taken for ours (pitfalls 5–7). A version that falls back means that the name
was deleted and made again (M9).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from provisioning.aws import parameters as store
from provisioning.aws.errors import AwsError
from provisioning.aws.parameters import Parameter as Stored
from provisioning.aws.parameters import PastVersion
from provisioning.engine.reaching import AwsFor, reach
from provisioning.flags.rules import SECURE
from provisioning.flags.sealing import digest, kept
from provisioning.lifecycle import ParameterVerb, WriteState
from provisioning.models import Environment, Parameter, ParameterVersion, StackResource

OWNED = "AWS::SSM::Parameter"


@dataclass(frozen=True)
class Reading:
    """One reading of an environment's path: when, which stack resource owns which name, and of moved parameters what
    AWS tells about their versions."""

    environment: Environment
    at: datetime
    owners: Mapping[str, str]
    histories: Mapping[str, tuple[PastVersion, ...]]


def notice(environment: Environment, path: str, found: Iterable[Stored], aws_for: AwsFor) -> None:
    """Write down what Parameter Store holds under an environment's path now."""
    stored = {one.name.removeprefix(path): one for one in found}
    owners = owned_names(environment)
    known = {row.key: row for row in Parameter.objects.filter(environment=environment)}
    moved = [key for key, one in stored.items() if _moved(known.get(key), one)]
    histories = _histories(environment, [stored[key] for key in moved if key in known], aws_for)
    now = timezone.now()
    reading = Reading(environment, now, owners, histories)
    with transaction.atomic():
        for key in moved:
            _take_over(reading, key, stored[key])
        for key in known.keys() - stored.keys():
            _gone(known[key].pk, now)
        still = [known[key].pk for key in stored.keys() - set(moved)]
        Parameter.objects.filter(pk__in=still).update(seen_at=now)
    _own(environment, owners)


def owned_names(environment: Environment) -> dict[str, str]:
    """The parameters that the environment's stacks make, by full name: their logical ids (pitfall 21)."""
    rows = StackResource.objects.filter(stack__environment=environment, type=OWNED)
    return dict(rows.exclude(status__startswith="DELETE_").values_list("physical_id", "logical_id"))


def _own(environment: Environment, owners: Mapping[str, str]) -> None:
    for name, logical_id in owners.items():
        Parameter.objects.filter(environment=environment, name=name).exclude(owned_by=logical_id).update(
            owned_by=logical_id
        )
    Parameter.objects.filter(environment=environment).exclude(name__in=owners).exclude(owned_by="").update(owned_by="")


def _moved(row: Parameter | None, one: Stored) -> bool:
    if row is None or row.gone_at is not None:
        return True
    return (row.version, row.digest, row.type) != (one.version, digest(one.value), one.type)


def _histories(environment: Environment, moved: list[Stored], aws_for: AwsFor) -> dict[str, tuple[PastVersion, ...]]:
    """Who put the new versions, as AWS keeps it; asked only about parameters with a version that is not ours. Not being
    told is no reason to stop."""
    rows = Parameter.objects.filter(environment=environment, name__in=[one.name for one in moved])
    ours = set(
        ParameterVersion.objects.filter(parameter__in=rows, state=WriteState.DONE, version__isnull=False).values_list(
            "parameter__name", "version"
        )
    )
    aws = reach(environment.account, aws_for)
    told = {}
    for one in moved:
        if (one.name, one.version) in ours:
            continue
        try:
            told[one.name] = store.parameter_history(aws, one.name)
        except AwsError:
            continue
    return told


def _take_over(reading: Reading, key: str, one: Stored) -> None:
    row = Parameter.objects.select_for_update().filter(environment=reading.environment, key=key).first()
    is_new = row is None
    if row is None:
        row = Parameter(environment=reading.environment, key=key, name=one.name)
    elif row.gone_at is not None or one.version < row.version:
        row.generation += 1
        row.gone_at = None
    row.type, row.value, row.digest = one.type, kept(one.type, one.value), digest(one.value)
    row.version, row.modified_at, row.seen_at = one.version, one.modified_at, reading.at
    row.owned_by = reading.owners.get(one.name, "")
    row.save()
    ours = ParameterVersion.objects.filter(parameter=row, generation=row.generation, version=one.version).first()
    ours = ours or _landed(row) or _others(row, one, reading.histories.get(one.name, ()), is_new=is_new)
    if ours.verb != ParameterVerb.OUTSIDE:
        row.outside_at = None
    elif row.outside_at is None:
        row.outside_at = reading.at
    row.save(update_fields=["outside_at"])


def _landed(row: Parameter) -> ParameterVersion | None:
    """The put of ours whose answer was lost, when what is stored is what it sent."""
    sent = ParameterVersion.objects.filter(
        parameter=row, version__isnull=True, state=WriteState.SENT, digest=row.digest
    ).first()
    if sent is not None:
        sent.version, sent.state, sent.generation = row.version, WriteState.DONE, row.generation
        sent.save(update_fields=["version", "state", "generation"])
    return sent


def _others(row: Parameter, one: Stored, history: tuple[PastVersion, ...], *, is_new: bool) -> ParameterVersion:
    """A version that nobody here put: with who AWS says it was, and the ones between that were missed, too."""
    verb = ParameterVerb.STACK if row.owned_by else ParameterVerb.FOUND if is_new else ParameterVerb.OUTSIDE
    known = ParameterVersion.objects.filter(parameter=row, generation=row.generation)
    there = set(known.values_list("version", flat=True))
    for past in history:
        if past.version not in there and past.version < one.version:
            _keep(row, verb, past, None if past.type == SECURE else past.value)
    newest = next((past for past in history if past.version == one.version), None)
    return _keep(row, verb, newest or _untold(one), one.value)


def _untold(one: Stored) -> PastVersion:
    """A version of which AWS does not say who put it."""
    return PastVersion(one.name, "", one.type, one.version, one.modified_at, "", "", ())


def _keep(row: Parameter, verb: ParameterVerb, past: PastVersion, value: str | None) -> ParameterVersion:
    """`value` is None for a secret's old version: to read it would reveal it."""
    return ParameterVersion.objects.create(
        parameter=row,
        generation=row.generation,
        version=past.version,
        type=past.type,
        value=kept(past.type, value) if value is not None else "",
        digest=digest(value) if value is not None else "",
        verb=verb,
        state=WriteState.DONE,
        who=past.by[:300],
        at=past.modified_at or row.modified_at or timezone.now(),
    )


def _gone(row_id: int, now: datetime) -> None:
    row = Parameter.objects.select_for_update().get(pk=row_id)
    if row.gone_at is not None:
        return
    row.gone_at = now
    row.save(update_fields=["gone_at"])
    of_generation = ParameterVersion.objects.filter(parameter=row, generation=row.generation)
    deleted = of_generation.filter(verb=ParameterVerb.DELETE).first()
    if deleted is None:
        ParameterVersion.objects.create(
            parameter=row,
            generation=row.generation,
            verb=ParameterVerb.STACK if row.owned_by else ParameterVerb.GONE,
            state=WriteState.DONE,
            at=now,
        )
    elif deleted.state == WriteState.SENT:
        of_generation.filter(pk=deleted.pk).update(state=WriteState.DONE)
