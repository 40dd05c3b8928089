"""Releases as they are told: a line of the list, the whole of one, two against each other; and what promotes one."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from ninja import Schema
from pydantic import Field

from portal.api.text import Line, Moment, Name, Sent
from portal.releases.comparing import difference_between, templates_between
from portal.releases.showing import proof_of
from portal.releases.values import HASH, Values
from provisioning.actions.promoting import targets_of
from provisioning.lifecycle import ChangeKind
from provisioning.models import Environment, Release


class ReleaseName(Schema):
    """A release of another environment of the same application."""

    environment: str
    release: int


class ReleaseLine(Schema):
    """One release of the list. `artifact` is what it ran, `template` the digest of its compute template; `good` is
    whether it was proved; `restores` the number of the one that it put back; `url` is its page."""

    number: int
    at: datetime
    by: str | None
    change: uuid.UUID | None
    kind: ChangeKind | None
    artifact: str
    template: str | None
    good: bool
    restores: int | None
    promoted_from: ReleaseName | None
    url: str


class ReleaseList(Schema):
    """A page of releases, the newest first."""

    items: list[ReleaseLine]
    next: str | None


class Version(Schema):
    """The version of a parameter that a release had. `hash` is keyed: the same for the same value, and worth nothing
    elsewhere. `value` is null for a secret, and where it is not known any more."""

    version: int
    hash: str
    value: str | None


class KeptParameter(Version):
    """A parameter as a release had it."""

    key: str
    secret: bool
    flag: bool


class Seen(Schema):
    """What was seen of a release. `values_from` says how it is known which values it ran with."""

    healthy: bool | None
    lines: list[str]
    blind: list[str]
    values_from: str
    seconds: int
    watched_minutes: int


class ReleaseDetail(ReleaseLine):
    """One release. `promoted_to` are those that were made of it, `may_go_to` the environments of higher stages."""

    environment: str
    proof: Seen
    stack_parameters: dict[str, str]
    parameters: list[KeptParameter]
    promoted_to: list[ReleaseName]
    may_go_to: list[str]


class Sides(Schema):
    """A value on both sides; null where it is not there."""

    name: str
    before: str | None
    after: str | None


class ParameterSides(Schema):
    """A parameter on both sides; null where it is not there."""

    key: str
    secret: bool
    flag: bool
    before: Version | None
    after: Version | None


class Part(Schema):
    """A part of a template that was added, removed or changed."""

    section: str
    name: str
    how: str
    type: str


class TemplateSides(Schema):
    """Two templates: which parts differ, and the lines of the text, each with -, +, @ or a blank before it."""

    before: str
    after: str
    parts: list[Part]
    lines: list[str]
    problem: str


class ReleaseDifference(Schema):
    """What differs between two releases; what does not is null, or not listed. `unchanged` counts parameters."""

    before: int
    after: int
    artifact: Sides | None
    template: TemplateSides | None
    stack_parameters: list[Sides]
    parameters: list[ParameterSides]
    unchanged: int


class NewPromotion(Sent):
    """A good release, and the name of the environment of a higher stage that it goes to."""

    release: int = Field(ge=1, le=2**31 - 1)
    to: Name
    reason: Line = ""
    start_at: Moment | None = None


def release_line(row: Release) -> dict[str, Any]:
    """What the list says of a release. Needs its person, change and relations at hand."""
    where = row.environment
    return {
        "number": row.number,
        "at": row.at,
        "by": row.by.get_username() if row.by else None,
        "change": row.change_id,
        "kind": ChangeKind(row.change.kind) if row.change else None,
        "artifact": row.artifact,
        "template": row.template_id,
        "good": bool(row.good),
        "restores": row.restores.number if row.restores else None,
        "promoted_from": _name(row.promoted_from) if row.promoted_from else None,
        "url": reverse("release", args=[where.application, where.name, row.number]),
    }


def release_detail(environment: Environment, row: Release) -> ReleaseDetail:
    """The whole of one."""
    values, seen = Values(environment, (row,)), proof_of(row)
    return ReleaseDetail(
        **release_line(row),
        environment=str(environment),
        proof=Seen(
            healthy=row.proof.get("healthy"),
            lines=list(seen.lines),
            blind=list(seen.blind),
            values_from=str(row.proof.get("from") or ""),
            seconds=seen.seconds,
            watched_minutes=seen.watched,
        ),
        stack_parameters={name: str(value) for name, value in row.stack_parameters.items()},
        parameters=[_kept(key, row.versions[key], values) for key in sorted(row.versions)],
        promoted_to=[_name(one) for one in row.promotions.select_related("environment").order_by("pk")],
        may_go_to=[one.name for one in targets_of(row)] if row.good and row.artifact else [],
    )


def release_difference(environment: Environment, before: Release, after: Release) -> ReleaseDifference:
    """Two releases of one environment against each other."""
    found, values = difference_between(before, after), Values(environment, (before, after))
    templates = templates_between(before, after)
    return ReleaseDifference(
        before=before.number,
        after=after.number,
        artifact=Sides(**_sides(found.artifact)) if found.artifact else None,
        template=TemplateSides(
            before=before.template_id or "",
            after=after.template_id or "",
            parts=[Part(**vars(one)) for one in templates.parts],
            lines=[f"{one.sign}{one.text}" for one in templates.lines],
            problem=templates.problem,
        )
        if templates
        else None,
        stack_parameters=[Sides(**_sides(line)) for line in found.stack_parameters],
        parameters=[_parameter(line.name, before, after, values) for line in found.parameters],
        unchanged=found.same,
    )


def _name(row: Release) -> ReleaseName:
    return ReleaseName(environment=row.environment.name, release=row.number)


def _sides(line: Any) -> dict[str, Any]:
    return {"name": line.name, "before": line.before, "after": line.after}


def _version(key: str, kept: Mapping[str, Any], values: Values) -> dict[str, Any]:
    told = values.told(key, kept)
    return {"version": kept["version"], "hash": kept["digest"][:HASH], "value": told.value}


def _kept(key: str, kept: Mapping[str, Any], values: Values) -> KeptParameter:
    return KeptParameter(
        key=key,
        secret=values.told(key, kept).is_secret,
        flag=values.is_flag(key),
        **_version(key, kept, values),
    )


def _parameter(key: str, before: Release, after: Release, values: Values) -> ParameterSides:
    was, will = before.versions.get(key), after.versions.get(key)
    secret = any(values.told(key, one).is_secret for one in (was, will) if one)
    return ParameterSides(
        key=key,
        secret=secret,
        flag=values.is_flag(key),
        before=Version(**_version(key, was, values)) if was else None,
        after=Version(**_version(key, will, values)) if will else None,
    )
