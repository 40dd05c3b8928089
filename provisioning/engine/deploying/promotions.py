"""What is known of an artifact before it comes to an environment, from rows alone: pages, verbs and plans ask this."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from django.utils import timezone

from provisioning.blueprints.artifacts import held_in
from provisioning.blueprints.model import STAGES, Blueprint
from provisioning.blueprints.shapes import TemplateError
from provisioning.blueprints.template import parse
from provisioning.engine.drifting import drifted
from provisioning.engine.outcome import Done, Outcome, Problem, Stop
from provisioning.engine.work import Work
from provisioning.flags.rules import SECURE
from provisioning.lifecycle import StackKind, WriteState, stack_status
from provisioning.models import DriftCheck, Environment, Parameter, ParameterVersion, Release, Stack
from provisioning.planning import promoting
from provisioning.planning.findings import Finding, with_new
from provisioning.planning.parameter_plans import short
from provisioning.planning.promoting import EXCEPTED, REFUSED, Place, Ran, Rule, judge, place_of

LOOKED_AT = 500  # releases of one environment: what ran before them is no proof any more
ADMINS = "admins"


def places_of(application: str, artifact: str) -> tuple[Place, ...]:
    """Where an artifact came up, or did not: the lowest stage first."""
    if not artifact:
        return ()
    where = Release.objects.filter(environment__application=application, artifact=artifact)
    rows = (
        Release.objects.filter(environment__in=where.values("environment"))
        .order_by("environment_id", "-number")
        .select_related("environment")
        .only(
            "environment", "number", "at", "artifact", "good", "template_id", "environment__name", "environment__stage"
        )
    )
    found = []
    for _, group in groupby(rows, key=lambda row: row.environment_id):
        newest = list(islice(group, LOOKED_AT))
        environment, ran = newest[0].environment, [_ran(row) for row in reversed(newest)]
        place = place_of(environment.name, environment.stage, artifact, ran)
        found += [place] if place else []
    return tuple(sorted(found, key=lambda one: (STAGES.index(one.stage), one.environment)))


def _ran(row: Release) -> Ran:
    return Ran(row.pk, row.number, row.at, row.artifact, bool(row.good), row.template_id or "")


def judged(
    blueprint: Blueprint, environment: Environment, artifact: str, *, is_admin: bool, reason: str
) -> Rule | None:
    """How an artifact stands against the policy of an environment's stage; None where that asks nothing of it."""
    policy = blueprint.stages[environment.stage]
    if not policy.promote_from:
        return None
    places = places_of(environment.application, artifact)
    return judge(policy, places, environment=environment.name, artifact=artifact, is_admin=is_admin, reason=reason)


def ensure_artifact_judged(work: Work) -> Outcome:
    """An artifact that comes to a stage has to be one that the stage takes. An exception is a finding that whoever
    decides reads."""
    artifact = str(work.change.goal["artifact"])
    rule = judged(
        work.blueprint, work.change.environment, artifact, is_admin=_by_admin(work), reason=work.change.reason
    )
    if rule is None:
        return Done(skipped=True)
    if rule.how == REFUSED:
        return Stop(Problem(rule.sentence, "you", "Ask for it again once that is so.", code="not-proved"))
    if rule.how == EXCEPTED:
        fix = f"Deploy it in {rule.stage} first, and promote it from there."
        work.change.findings = with_new(work.change.findings, [Finding("warning", artifact, rule.sentence, fix)])
    return Done(rule.sentence)


def _by_admin(work: Work) -> bool:
    return work.change.requested_by.groups.filter(name=ADMINS).exists()


def proof_part(work: Work) -> dict[str, Any]:
    """What a plan says of the artifact that it brings."""
    change, origin = work.change, work.change.goal.get("promoted_from")
    release = _related(Release.objects.filter(pk=origin["id"])).first() if origin else None
    return proof_of(
        work.blueprint,
        change.environment,
        str(change.goal["artifact"]),
        release,
        is_admin=_by_admin(work),
        reason=change.reason,
    )


def proof_of(
    blueprint: Blueprint,
    environment: Environment,
    artifact: str,
    origin: Release | None,
    *,
    is_admin: bool,
    reason: str,
) -> dict[str, Any]:
    """What is known of an artifact that is to come to an environment: `places` where it ran, how it stands against the
    stage's `rule`, and of its `source`, which is the release that is promoted, else the newest good one of the highest
    stage below: whether the template is the same, the last proof, drift, and what the two environments have
    otherwise."""
    places = places_of(environment.application, artifact)
    policy = blueprint.stages[environment.stage]
    rule = judge(policy, places, environment=environment.name, artifact=artifact, is_admin=is_admin, reason=reason)
    source = origin or _source(environment, places)
    return {
        "artifact": artifact,
        "as_of": timezone.now().isoformat(),
        "promoted": origin is not None,
        "places": [one.as_dict() for one in places],
        "rule": rule.as_dict() if rule else None,
        "source": _told(source) if source else None,
        **(_against(blueprint, environment, source) if source else {}),
    }


def _source(environment: Environment, places: Sequence[Place]) -> Release | None:
    """The newest good release with the artifact at the highest stage below."""
    below = [one for one in places if one.release and STAGES.index(one.stage) < STAGES.index(environment.stage)]
    found = below[-1].release if below else None
    return _related(Release.objects.filter(pk=found.id)).first() if found else None


def _related(rows: Any) -> Any:
    return rows.select_related("environment", "by")


def _told(source: Release) -> dict[str, Any]:
    return {
        "id": source.pk,
        "environment": source.environment.name,
        "stage": source.environment.stage,
        "release": source.number,
        "at": source.at.isoformat(),
        "by": source.by.get_username() if source.by else "",
        "template": source.template_id or "",
        "proof": {name: source.proof.get(name) for name in ("healthy", "lines", "blind", "seconds", "watched_minutes")},
    }


def _against(blueprint: Blueprint, environment: Environment, source: Release) -> dict[str, Any]:
    """How the environment differs from where the artifact comes from, beside the artifact."""
    stack = environment.stacks.select_related("template").get(kind=StackKind.COMPUTE)
    leave_out = {*blueprint.stacks[StackKind.COMPUTE].filled, held_in(blueprint.deploy), *_hidden(stack)}
    return {
        "same_template": stack.template_id == source.template_id,
        "template": stack.template_id or "",
        "runs_there": _runs(source),
        "drift": _drift(source.environment),
        "stack_parameters": list(
            promoting.values_differing(stack.parameters, source.stack_parameters, frozenset(leave_out))
        ),
        "parameters": list(_parameters(blueprint, environment, source)),
    }


def _hidden(stack: Stack) -> list[str]:
    """Parameters whose values nobody can read, and of which nothing can be said therefore (P3)."""
    if stack.template is None:
        return []
    try:
        return [name for name, one in parse(stack.template.body).parameters.items() if one.no_echo]
    except TemplateError:
        return []


def _runs(source: Release) -> bool:
    """Whether its environment runs that very release now: nothing came up well after it, and it is not parked."""
    later = Release.objects.filter(environment=source.environment_id, number__gt=source.number, good=True)
    stack = Stack.objects.filter(environment=source.environment_id, kind=StackKind.COMPUTE).first()
    return stack is not None and not stack_status(stack.status).gone and not later.exists()


def _drift(environment: Environment) -> dict[str, Any]:
    """What drift detection last saw of an environment; `seen_at` is the older of its two stacks, None where one of them
    was never looked into."""
    checks = list(DriftCheck.objects.filter(stack__environment=environment).values_list("seen_at", flat=True))
    there = [one for one in environment.stacks.all() if not stack_status(one.status).gone]
    seen: list[datetime] = [at for at in checks if at is not None]
    return {
        "resources": [row.logical_id for row in drifted(environment)],
        "seen_at": min(seen).isoformat() if seen and len(seen) >= len(there) else None,
    }


def _parameters(blueprint: Blueprint, environment: Environment, source: Release) -> Iterator[dict[str, Any]]:
    """Parameters of the path with another value here than in the release, by keyed hash; a secret's value is not told,
    and what stacks make differs by nature."""
    here = {row.key: row for row in Parameter.objects.filter(environment=environment, gone_at=None, version__gt=0)}
    made = {row.key for row in Parameter.objects.filter(environment=source.environment).exclude(owned_by="")}
    made |= {key for key, row in here.items() if row.owned_by}
    flags = {flag.key: flag for flag in blueprint.flags}
    past = _past(source)
    for key in sorted({*here, *source.versions} - made):
        row, then = here.get(key), source.versions.get(key)
        if row is not None and then is not None and row.digest == then["digest"]:
            continue
        kind, value = past.get((key, then["digest"]), ("", None)) if then else ("", None)
        flag = flags.get(key)
        is_secret = SECURE in {kind, row.type if row else ""} or (flag is not None and flag.type == "secret")
        yield {
            "name": key,
            "flag": flag is not None,
            "secret": is_secret,
            "here": _said(row.value, f"v{row.version}", hidden=is_secret) if row else None,
            "there": _said(value, f"v{then['version']}", hidden=is_secret) if then else None,
        }


def _past(source: Release) -> Mapping[tuple[str, str], tuple[str, str]]:
    versions = ParameterVersion.objects.filter(
        parameter__environment=source.environment,
        state=WriteState.DONE,
        digest__in=[one["digest"] for one in source.versions.values()],
    )
    return {
        (key, kept): (kind, value)
        for key, kept, kind, value in versions.values_list("parameter__key", "digest", "type", "value")
    }


def _said(value: str | None, version: str, *, hidden: bool) -> str:
    if hidden:
        return f"hidden ({version})"
    return f"{short(value)} ({version})" if value is not None else f"not known any more ({version})"
