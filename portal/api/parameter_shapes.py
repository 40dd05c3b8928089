"""Parameters as they are told, and how one is set. A secret's value is never told."""

import uuid
from datetime import datetime

from ninja import Schema
from pydantic import Field

from portal.api.text import Line, Moment, Sent, Value
from portal.flags.showing import HIDDEN, shown
from provisioning.blueprints.model import Flag
from provisioning.lifecycle import ParameterVerb
from provisioning.models import Parameter, ParameterVersion


class StoredParameter(Schema):
    """One parameter below the environment's path. `value` null: it is hidden. `live_on` of `live_of` that run had the
    stored version at `live_at`, which is known as `live_from` says: reported, or started; null where nobody has looked.
    `live_value` is what runs, where it says so. `outside` when somebody set it outside Stackyard."""

    key: str
    name: str
    type: str
    value: str | None
    version: int
    generation: int
    modified_at: datetime | None
    outside: bool
    owned_by: str
    wrong: str
    live_version: int | None
    live_on: int | None
    live_of: int | None
    live_value: str | None
    live_at: datetime | None
    live_from: str
    asked_by: uuid.UUID | None


class Since(Schema):
    """The version since which a parameter has the value that it has, and who set it."""

    version: int
    at: datetime
    who: str
    reason: str


class ParameterDetail(StoredParameter):
    """One parameter, since when it has its value, and how old that is: `reading` while the path is being read again."""

    since: Since | None
    read_at: datetime | None
    reading: bool
    problem: str


class ParameterList(Schema):
    """A page of parameters, by key. `read_at` is when Parameter Store was last read, `problem` what went wrong."""

    path: str
    read_at: datetime | None
    problem: str
    items: list[StoredParameter]
    next: str | None


class VersionLine(Schema):
    """One version that was stored, or asked for. `by` null: outside Stackyard, by `who` where AWS says it."""

    id: int
    generation: int
    version: int | None
    verb: ParameterVerb
    state: str
    value: str | None
    by: str | None
    who: str
    at: datetime
    reason: str
    change: uuid.UUID | None


class VersionList(Schema):
    """A page of a parameter's history, the newest first."""

    items: list[VersionLine]
    next: str | None


class NewValue(Sent):
    """A value for a parameter. `redeploy` null: as the blueprint says. `confirmed`: a second flip within a minute is
    meant. `type` is for a new one that the blueprint does not declare."""

    value: Value = Field(min_length=1)
    reason: Line = ""
    redeploy: bool | None = None
    start_at: Moment | None = None
    confirmed: bool = False
    type: Line = "String"


def stored(row: Parameter, flag: Flag | None) -> StoredParameter:
    """A parameter as it is stored."""
    look = shown(row.type, row.value, flag)
    return StoredParameter(
        key=row.key,
        name=row.name,
        type=row.type,
        value=None if look is HIDDEN else row.value,
        version=row.version,
        generation=row.generation,
        modified_at=row.modified_at,
        outside=row.outside_at is not None,
        owned_by=row.owned_by,
        wrong=look.wrong,
        live_version=row.live_version,
        live_on=row.live_on,
        live_of=row.live_of,
        live_value=None if look is HIDDEN or row.live_at is None else row.live_value,
        live_at=row.live_at,
        live_from=row.live_from,
        asked_by=row.asked_by_id,
    )


def version_line(row: ParameterVersion, flag: Flag | None, kind: str) -> VersionLine:
    """A version; one of a parameter that is a secret now, or was one then, is hidden."""
    hidden = HIDDEN in (shown(row.type, row.value, flag), shown(kind, row.value, flag))
    return VersionLine(
        id=row.pk,
        generation=row.generation,
        version=row.version,
        verb=ParameterVerb(row.verb),
        state=row.state,
        value=None if hidden else row.value,
        by=row.by.get_username() if row.by else None,
        who=row.who,
        at=row.at,
        reason=row.reason,
        change=row.change_id,
    )
