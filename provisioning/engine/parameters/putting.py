"""Rows about puts of Stackyard's own: written down before the call, settled by AWS's answer or by a later look."""

from django.db import transaction
from django.utils import timezone

from provisioning.aws.parameters import Parameter as Stored
from provisioning.flags.sealing import digest, kept
from provisioning.lifecycle import ParameterVerb, WriteState
from provisioning.models import Change, Environment, Parameter, ParameterVersion
from provisioning.planning.parameter_plans import Wish


def begin(environment: Environment, wish: Wish, change: Change, reason: str = "") -> ParameterVersion:
    """Write down a put that is about to be sent, by the person who asked for the change, for the change's reason unless
    there is another one."""
    with transaction.atomic():
        row, _ = Parameter.objects.get_or_create(
            environment=environment,
            key=wish.key,
            defaults={"name": wish.name, "type": wish.type, "generation": 0, "gone_at": timezone.now()},
        )
        # A name that is gone starts again at version 1, in a generation of its own (M9).
        generation = row.generation + 1 if row.gone_at is not None else row.generation
        value = wish.value or ""
        return ParameterVersion.objects.create(
            parameter=row,
            generation=generation,
            type=wish.type,
            value=kept(wish.type, value),
            digest=digest(value) if wish.value is not None else "",
            verb=wish.verb,
            state=WriteState.SENT,
            by_id=change.requested_by_id,
            at=timezone.now(),
            reason=reason or change.reason,
            restores_id=wish.restores,
            change=change,
        )


def landed(put: ParameterVersion, version: int | None) -> None:
    """AWS has taken a put, as this version; None for a deletion. The parameter's row follows at once, so that whoever
    toggled sees it stored without waiting for the next reading."""
    now = timezone.now()
    with transaction.atomic():
        row = Parameter.objects.select_for_update().get(pk=put.parameter_id)
        put.version, put.state = version, WriteState.DONE
        # A reading that came in between may have written the version down already: this row says whose it is.
        twin = ParameterVersion.objects.filter(parameter=row, generation=put.generation, version=version)
        if version is not None:
            twin.exclude(pk=put.pk).delete()
        put.save(update_fields=["version", "state"])
        if put.verb == ParameterVerb.DELETE:
            row.gone_at = now
        elif (put.generation, version or 0) >= (row.generation, row.version) or row.gone_at is not None:
            row.type, row.value, row.digest = put.type, put.value, put.digest
            row.version, row.generation, row.gone_at = version or 0, put.generation, None
            row.modified_at, row.outside_at = now, None
        row.save()


def overwritten(put: ParameterVersion, theirs: Stored) -> None:
    """Keep the version of somebody outside that a put of ours stands over now: it would be in no reading any more."""
    ParameterVersion.objects.get_or_create(
        parameter_id=put.parameter_id,
        generation=put.generation,
        version=theirs.version,
        defaults={
            "type": theirs.type,
            "value": kept(theirs.type, theirs.value),
            "digest": digest(theirs.value),
            "verb": ParameterVerb.OUTSIDE,
            "state": WriteState.DONE,
            "at": theirs.modified_at or timezone.now(),
        },
    )


def refused(put: ParameterVersion) -> None:
    """AWS did not take a put, or it never arrived: nothing was altered by it."""
    ParameterVersion.objects.filter(pk=put.pk).update(state=WriteState.REFUSED)


def is_revert(row: Parameter, value: str) -> bool:
    """Whether a value takes a parameter back: to what it was right before its present version, unless that version was
    itself a way back. To go forward again to what was reverted is no way back."""
    versions = list(
        ParameterVersion.objects.filter(
            parameter=row, generation=row.generation, version__isnull=False, state=WriteState.DONE
        ).order_by("-version")[:2]
    )
    if len(versions) < 2 or versions[0].version != row.version or versions[0].verb == ParameterVerb.RESTORE:
        return False
    return bool(versions[1].digest) and versions[1].digest == digest(value)
