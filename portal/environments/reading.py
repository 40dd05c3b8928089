"""The overview of one environment, shaped for its page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.urls import reverse

from portal.environments.banners import Banner, what_is_left
from portal.environments.console import console_link
from portal.environments.outside import is_moving_outside
from portal.environments.protection import ProtectionNote, read_note
from portal.environments.versions import newer_version
from provisioning.aws.endpoint import is_emulator
from provisioning.blueprints.loader import library
from provisioning.lifecycle import (
    BESIDE_STACKS,
    OPEN_CHANGES,
    ChangeKind,
    ChangeStatus,
    EnvironmentStatus,
    Outcome,
    StackKind,
    StackStatus,
    stack_status,
)
from provisioning.models import Change, Check, Environment, Stack, StackResource

STACK_TYPE = "AWS::CloudFormation::Stack"
KEPT = StackStatus("DELETE_SKIPPED", "Kept", "quiet")


@dataclass(frozen=True)
class ResourceLine:
    """One resource of a stack; `link` leads to the AWS console, "" where there is none."""

    logical_id: str
    type: str
    physical_id: str
    status: StackStatus
    reason: str
    link: str


@dataclass(frozen=True)
class StackView:
    """One stack as last seen. `trouble` are resources to look at, `resources` the rest."""

    kind: str
    title: str
    icon: str
    name: str
    status: StackStatus
    reason: str
    link: str
    there: bool
    protected: bool
    seen_at: datetime | None
    trouble: tuple[ResourceLine, ...]
    resources: tuple[ResourceLine, ...]
    outputs: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class CheckLine:
    """One promise and what was found."""

    label: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True)
class CheckGroup:
    """Promises about one thing, such as a table. `summary` counts what was found, `calm` says that none is broken."""

    title: str
    lines: tuple[CheckLine, ...]
    summary: str
    calm: bool


@dataclass(frozen=True)
class Overview:
    """Everything on the overview below its heading; `moving` asks the page to look again."""

    banner: Banner | None
    moving: bool
    rest: Banner | None
    stacks: tuple[StackView, ...]
    checks: tuple[CheckGroup, ...]
    checked_at: datetime | None
    broken: int
    version: str
    newer: str
    digests: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    address: str
    local: bool
    protection: ProtectionNote


def read_overview(environment: Environment) -> Overview:
    """The overview from rows alone: no AWS call. Needs `environment.stacks` prefetched; three more queries."""
    stacks = list(environment.stacks.all())
    resources: dict[int, list[StackResource]] = {}
    for row in StackResource.objects.filter(stack__in=stacks).order_by("logical_id"):
        resources.setdefault(row.stack_id, []).append(row)
    checks = list(environment.checks.order_by("position"))
    blueprint = library().blueprints.get(environment.application)
    region = environment.account.region
    there = [stack for stack in stacks if not stack_status(stack.status).gone]
    banner = _banner(environment)
    return Overview(
        banner=banner,
        moving=(banner is not None and banner.moving) or is_moving_outside(environment),
        rest=what_is_left(environment) if environment.status == EnvironmentStatus.REMOVED else None,
        stacks=tuple(_stack(stack, resources.get(stack.pk, []), region) for stack in stacks),
        checks=tuple(_groups(checks)) if there else (),
        checked_at=max((check.at for check in checks), default=None),
        broken=sum(check.outcome == Outcome.BAD for check in checks) if there else 0,
        version=", ".join(sorted({stack.blueprint_version for stack in there if stack.blueprint_version})),
        newer=newer_version(stacks, blueprint),
        digests=tuple((StackKind(one.kind).label, (one.template_id or "")[:12]) for one in there),
        tags=tuple(sorted({**(there[-1].tags if there else {}), **(there[0].tags if there else {})}.items())),
        address=_address(stacks, blueprint.deploy.url_output if blueprint else None),
        local=is_local(),
        protection=read_note(environment),
    )


def is_local() -> bool:
    """Whether AWS is a local one, which the AWS console does not show."""
    return is_emulator(settings.AWS_ENDPOINT_URL)


def resource_status(name: str) -> StackStatus:
    """The meaning of a resource's status: the words of stacks, and one that only resources have."""
    return KEPT if name == KEPT.name else stack_status(name)


def _stack(stack: Stack, resources: Iterable[StackResource], region: str) -> StackView:
    kind, status = StackKind(stack.kind), stack_status(stack.status)
    lines = [_resource(row, region) for row in resources if row.type != STACK_TYPE]
    return StackView(
        kind=kind,
        title=kind.label,
        icon=kind.value,
        name=stack.name,
        status=status,
        reason=stack.status_reason if status.failed else "",
        link=_link(STACK_TYPE, stack.stack_id, region),
        there=not status.gone,
        protected=stack.termination_protection,
        seen_at=stack.observed_at,
        trouble=tuple(line for line in lines if line.status.failed or line.status.moving),
        resources=tuple(line for line in lines if not (line.status.failed or line.status.moving)),
        outputs=tuple(stack.outputs),
    )


def _resource(row: StackResource, region: str) -> ResourceLine:
    status = resource_status(row.status)
    return ResourceLine(
        logical_id=row.logical_id,
        type=row.type.removeprefix("AWS::").replace("::", " "),
        physical_id=row.physical_id,
        status=status,
        reason=row.reason if status.failed else "",
        link=_link(row.type, row.physical_id, region),
    )


def _link(kind: str, physical_id: str, region: str) -> str:
    return "" if is_local() else console_link(kind, physical_id, region)


def _groups(checks: list[Check]) -> Iterable[CheckGroup]:
    for title, rows in groupby(sorted(checks, key=_by_group(checks)), key=lambda check: check.group):
        lines = tuple(CheckLine(row.label, Outcome(row.outcome), row.detail) for row in rows)
        counted = [(outcome, sum(line.outcome is outcome for line in lines)) for outcome in Outcome]
        parts = [f"{number} {outcome.label.lower()}" for outcome, number in counted if number]
        calm = all(line.outcome is not Outcome.BAD for line in lines)
        yield CheckGroup(title, lines, ", ".join(parts), calm)


def _by_group(checks: list[Check]) -> Any:
    """Groups in the order in which they first appear, their lines in order."""
    first: dict[str, int] = {}
    for check in checks:
        first.setdefault(check.group, check.position)
    return lambda check: (first[check.group], check.position)


def _banner(environment: Environment) -> Banner | None:
    stacks = environment.changes.exclude(kind__in=BESIDE_STACKS).select_related("requested_by").defer("plan", "goal")
    newest = stacks.order_by("-requested_at").first()
    if newest is None:
        return None
    url = reverse("change", args=[newest.pk])
    kind, status = ChangeKind(newest.kind), ChangeStatus(newest.status)
    if status in OPEN_CHANGES:
        text = f"Asked for by {newest.requested_by.get_username()}. {_waits(newest)}".strip()
        return Banner(status.tone, f"{kind.label}: {status.label.lower()}", text, url, "Follow it", moving=True)
    if status is ChangeStatus.FAILED:
        # The change says what went wrong; the environment says whether that matters now (S5).
        tone = "bad" if environment.status == EnvironmentStatus.ATTENTION else "attention"
        return Banner(tone, f"{kind.label} failed", _problem(newest), url, "See what to do", moving=False)
    return None


def _waits(change: Change) -> str:
    return change.waiting_for and f"{change.waiting_for.rstrip('.')}."


def _problem(change: Change) -> str:
    problem = change.problem or {}
    return str(problem.get("sentence") or "It did not say why.")


def _address(stacks: Iterable[Stack], output: str | None) -> str:
    for stack in stacks:
        for found in stack.outputs if stack.kind == StackKind.COMPUTE else []:
            if found["key"] == output:
                return str(found["value"])
    return ""
