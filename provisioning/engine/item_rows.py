"""Rows of item writes: what is to become of which items, there before the call, and how it ended, with its audit
entry."""

import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.items.intents import BadIntentError, WriteIntent
from provisioning.items.patching import patch_between
from provisioning.items.sealing import seal, unseal
from provisioning.items.values import Item, dumps, key_token, restored
from provisioning.lifecycle import WriteState, WriteVerb
from provisioning.models import AuditEntry, Change, ItemJob, ItemWrite, Table
from provisioning.planning.item_plans import Leg

PURPOSE = "item-write"
UNANSWERED_AFTER = timedelta(minutes=1)  # longer than any call lasts with its retry
ASK_EVERY = 30  # seconds between two looks at an item whose write had no answer
MOST_LOOKS = 5


@dataclass(frozen=True)
class Sender:
    """On whose behalf, and why. `address` is where they came from and `traces` how they acted, for the audit; `number`
    which of the writes of the change it is; `key` is of the request, which is sent once."""

    by_id: int
    address: str | None = None
    reason: str = ""
    change: Change | None = None
    job: ItemJob | None = None
    number: int | None = None
    traces: Mapping[str, object] = field(default_factory=dict)
    key: uuid.UUID | None = None


def key_types(row: Table) -> dict[str, str]:
    """The key attributes of a table with their types, the partition key first."""
    keys = sorted(row.described.get("keys", ()), key=lambda key: str(key["role"]))  # HASH comes before RANGE
    types: Mapping[str, str] = row.described.get("attribute_types", {})
    return {key["attribute"]: types.get(key["attribute"], "S") for key in keys}


def key_digest(environment_id: int, table: str, key: Item) -> str:
    """What finds the writes of one item without telling its key. A number is the same however it is written."""
    plain = {name: {"N": _plain(value["N"])} if "N" in value else value for name, value in sorted(key.items())}
    text = f"{environment_id}/{table}/{key_token(plain)}"
    return hmac.new(f"keys:{settings.SECRET_KEY}".encode(), text.encode(), "sha256").hexdigest()


def _plain(number: str) -> str:
    return f"{Decimal(number).normalize():f}"


def legs_of(write: ItemWrite) -> tuple[Leg, ...]:
    """What became, or was to become, of the items of a write. Raises NotSealedError when Stackyard's secret key has
    changed since."""
    return tuple(
        Leg(restored(leg["key"]), _item(leg["before"]), _item(leg["after"]))
        for leg in json.loads(unseal(PURPOSE, write.content))["legs"]
    )


def _item(text: str | None) -> Item | None:
    return None if text is None else restored(text)


def back(write: ItemWrite) -> tuple[Leg, ...]:
    """The way back from a write: its legs reversed. Raises as `legs_of`."""
    return tuple(Leg(leg.key, leg.after, leg.before) for leg in legs_of(write) if not leg.stays)


def _content(legs: Sequence[Leg]) -> str:
    told = [
        {"key": dumps(leg.key), "before": _text(leg.before), "after": _text(leg.after)}  # as texts: typed JSON
        for leg in legs
    ]
    return seal(PURPOSE, json.dumps({"legs": told}))


def _text(item: Item | None) -> str | None:
    return None if item is None else dumps(item)


def opened(row: Table, intent: WriteIntent, legs: Sequence[Leg], sender: Sender) -> ItemWrite:
    """The row of a write, there before the call. Raises BadIntentError where nothing is changed, or where it was sent
    before: as this write of its change, or as what takes that other write back."""
    if row.environment_id is None:
        raise BadIntentError("This table belongs to no environment.")
    if all(leg.stays for leg in legs):
        raise BadIntentError("Nothing is changed.")
    try:
        with transaction.atomic():
            return ItemWrite.objects.create(
                environment_id=row.environment_id,
                table=row.name,
                key_digest=key_digest(row.environment_id, row.name, legs[0].key),
                verb=intent.verb,
                state=WriteState.SENT,
                content=_content(legs),
                by_id=sender.by_id,
                at=timezone.now(),
                reason=sender.reason,
                change=sender.change,
                job=sender.job,
                number=sender.number,
                undoes_id=intent.undoes,
                request_key=sender.key,
            )
    except IntegrityError:
        sentence = "This write was taken back already." if intent.undoes else "This was sent already."
        raise BadIntentError(sentence) from None


def closed(
    write: ItemWrite,
    state: WriteState,
    problem: str = "",
    *,
    legs: Sequence[Leg] = (),
    capacity: Decimal | None = None,
    sender: Sender | None = None,
) -> ItemWrite:
    """Note how a write ended, once, with its audit entry. One that did not land undoes nothing, says so, and its
    request may be sent again."""
    with transaction.atomic():
        rows = ItemWrite.objects.select_for_update(of=("self",)).select_related("environment", "change", "by")
        found = rows.get(pk=write.pk)
        if found.state != WriteState.SENT:
            return found
        found.state, found.problem = state, problem[:300]
        if legs:
            found.content = _content(legs)
        if state == WriteState.REFUSED:
            found.undoes = found.request_key = None
        found.save()
        _audit(found, capacity, sender)
    return found


def noted(write: ItemWrite, problem: str) -> ItemWrite:
    """Keep what is known of a write that stays without an answer."""
    write.problem = problem
    write.save(update_fields=["problem"])
    return write


def unanswered(now: datetime) -> list[int]:
    """Writes that AWS has not answered for a while, whose items somebody has to look at; each now and then."""
    since = now - UNANSWERED_AFTER
    rows = ItemWrite.objects.filter(state=WriteState.SENT, at__lt=since, problem="").order_by("at")
    waiting = rows.values_list("pk", "at")[:MOST_LOOKS]
    return [pk for pk, at in waiting if cache.add(f"item-write-look-{pk}-{at.timestamp()}", 1, ASK_EVERY)]


def _audit(write: ItemWrite, capacity: Decimal | None, sender: Sender | None) -> None:
    """The one entry of a write. It names attributes and never a value, so that nothing hidden gets into it."""
    legs = legs_of(write)
    done = write.state == WriteState.DONE
    touched = {edit.attribute for leg in legs for edit in patch_between(leg.before or {}, leg.after or {})}
    what = WriteVerb(write.verb).label if done else f"Not {WriteVerb(write.verb).label.lower()}"
    AuditEntry.objects.create(
        at=timezone.now(),
        by_id=write.by_id,
        verb=f"{write.verb}_item",
        environment=write.environment,
        change=write.change,
        summary=f"{what}: an item of {write.table} in {write.environment}",
        reason=write.reason,
        address=sender.address if sender else None,
        detail={
            "write": write.pk,
            "table": write.table,
            "attributes": sorted(touched),
            **({"capacity": str(capacity)} if capacity is not None else {}),
            **({"problem": write.problem} if write.problem else {}),
            **(sender.traces if sender else {}),
        },
    )
