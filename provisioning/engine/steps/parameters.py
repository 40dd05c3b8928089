"""Parameters as a change: planned on the version that somebody looked at, put only while that is the newest one.

Parameter Store has no compare-and-set (M3). So a version is read right before the put, and the version that the put
returns must be the next one: if it is not, somebody wrote in between, which is said, with both values. No stack is held
by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.aws import parameters as store
from provisioning.aws.errors import Conflict, Denied, Refused
from provisioning.aws.parameters import Parameter as Stored
from provisioning.engine.claims import hold
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.parameters.copying import COPIED, why_source_moved
from provisioning.engine.parameters.putting import begin, landed, overwritten, refused
from provisioning.engine.parameters.reading import want_now
from provisioning.engine.work import Work
from provisioning.lifecycle import WriteState
from provisioning.models import Change, Parameter, ParameterVersion
from provisioning.planning import parameter_plans
from provisioning.planning.parameter_plans import Wish

VALUES = "values"  # under which the wished-for values are in the change's secrets, by key
LOOK_AGAIN = "Look at the value as it is now, and ask again."
REST_AFTER_DELETE = timedelta(seconds=30)  # M9
PINNED = "ParameterMaxVersionLimitExceeded"
OUR_LABEL = "stackyard-good"


class _RefusedError(Exception):
    """What was asked for cannot work on what is stored."""


@dataclass(frozen=True)
class Seen:
    """A wish, and what is stored now."""

    wish: Wish
    now: Stored | None


def ensure_parameters_read(work: Work) -> Outcome:
    """Each parameter as it is stored now, and whether it still is what was looked at."""
    try:
        found = _read(work)
        _require_source(work)
    except _RefusedError as why:
        want_now(work.change.environment)
        return Stop(Problem(str(why), "you", LOOK_AGAIN, code="parameter"))
    return Done("1 parameter is read" if len(found) == 1 else f"{len(found)} parameters are read")


def _require_source(work: Work) -> None:
    """What is copied from another environment is there as it was looked at. Raises _RefusedError."""
    why = why_source_moved(work.change.goal, work.change.environment, work.aws)
    if why:
        raise _RefusedError(why)


def parameters_part(work: Work) -> dict[str, Any]:
    """The plan's part about parameters; no secret's value is in it."""
    rows = [parameter_plans.planned(one.wish, one.now, about(work, one.wish.key)) for one in _read(work)]
    goal = work.change.goal
    return {
        "sets": rows,
        "redeploy": work.blueprint.deploy.kind if goal.get("redeploy") else "",
        "reverts": bool(goal.get("reverts")),
        **({"back": goal["back"]} if goal.get("back") else {}),
        **({"copied_from": goal[COPIED]["from"]} if goal.get(COPIED) else {}),
        "sentence": parameter_plans.sentence(str(work.change.environment), rows, goal.get("back")),
    }


def about(work: Work, key: str) -> dict[str, Any]:
    """What the blueprint says of a parameter."""
    flag = next((one for one in work.blueprint.flags if one.key == key), None)
    return {
        "title": flag.title if flag else "",
        "owner": flag.owner if flag else work.blueprint.owner,
        "after_change": flag.after if flag else "nothing",
    }


def moved(work: Work) -> tuple[dict[str, Any], list[str]]:
    """The plan's part as it would be now, and how it differs from the sealed one, in words (C15, pitfall 13)."""
    sealed: Mapping[str, Any] = (work.change.plan or {})["parameters"]
    try:
        now = parameters_part(work)
    except _RefusedError as why:
        return {}, [str(why).rstrip(".")]
    return {"parameters": now}, parameter_plans.moved(sealed, now)


def has_work(change: Change) -> bool:
    """Whether a sealed plan sets anything, or redeploys."""
    part: Mapping[str, Any] = (change.plan or {}).get("parameters") or {}
    return bool(part.get("sets") or part.get("redeploy"))


def wishes(work: Work) -> tuple[Wish, ...]:
    """What the change asks for, with the values that were kept apart."""
    values = work.secrets.get(VALUES, {})
    return tuple(Wish.from_dict(kept, values.get(kept["key"])) for kept in work.change.goal.get("sets", ()))


def _read(work: Work) -> tuple[Seen, ...]:
    """Raises _RefusedError for the first wish that cannot work. What is done, or is so already, is left out."""
    if work.parameters_read is None:
        done = _done(work.change)
        found = []
        for wish in wishes(work):
            if wish.key in done:
                continue
            now = store.get_parameter(work.aws, wish.name)
            why = "" if _sent(work.change, wish.key) else parameter_plans.why_not(wish, now)
            if why:
                raise _RefusedError(why)
            if not parameter_plans.is_idle(wish, now):
                found.append(Seen(wish, now))
        work.parameters_read = tuple(found)
    return work.parameters_read  # type: ignore[no-any-return]  # kept as an object, so that Work knows no step


def _done(change: Change) -> set[str]:
    puts = change.parameter_versions.filter(state=WriteState.DONE)
    return set(puts.values_list("parameter__key", flat=True))


def _sent(change: Change, key: str) -> ParameterVersion | None:
    return change.parameter_versions.filter(state=WriteState.SENT, parameter__key=key).first()


def ensure_parameters_put(work: Work) -> Outcome:
    """The planned puts, in their order, each once."""
    planned = ((work.change.plan or {}).get("parameters") or {}).get("sets", [])
    if not planned:
        return Done(skipped=True)
    by_key = {wish.key: wish for wish in wishes(work)}
    done = _done(work.change)
    for row in planned:
        if row["key"] in done:
            continue
        outcome = put(work, by_key[row["key"]])
        if outcome is not None:
            return outcome
    want_now(work.change.environment)
    return Done(f"{planned[0]['key']} is stored" if len(planned) == 1 else f"{len(planned)} parameters are stored")


def put(work: Work, wish: Wish, begun: Callable[[], ParameterVersion] | None = None) -> Outcome | None:
    """One put, at most one altering call; None once it is stored. `begun` writes it down before the call, where that
    takes more than the row."""
    resting = _rests(work, wish)
    if resting > 0:
        return Wait("AWS wants half a minute between deleting a parameter and making it again", resting)
    with transaction.atomic():
        hold(work.change)
    now = store.get_parameter(work.aws, wish.name)
    sent = _sent(work.change, wish.key)
    if sent is not None and _has_landed(work, wish, now):
        return _settled(work, sent, wish, (wish.expected or 0) + 1)
    if (now.version if now else None) != wish.expected:
        if sent is not None:
            refused(sent)
        return _stopped(work, parameter_plans.why_not(wish, now) or f"{wish.key} is not there any more.")
    sent = sent or (begun() if begun else begin(work.change.environment, wish, work.change))
    return _send(work, wish, sent)


def _rests(work: Work, wish: Wish) -> float:
    """The seconds before a name that was deleted may be made again (M9)."""
    if wish.expected is not None:
        return 0.0
    row = Parameter.objects.filter(environment=work.change.environment, key=wish.key, version__gt=0).first()
    if row is None or row.gone_at is None:
        return 0.0
    return (row.gone_at + REST_AFTER_DELETE - timezone.now()).total_seconds()


def _has_landed(work: Work, wish: Wish, now: Stored | None) -> bool:
    """Whether a put whose answer was lost is what is, or was, stored as the version after the one it expected."""
    if wish.value is None:
        return now is None
    if now is None or now.version <= (wish.expected or 0):
        return False
    if now.version == (wish.expected or 0) + 1:
        return now.value == wish.value
    next_one = store.get_parameter(work.aws, f"{wish.name}:{(wish.expected or 0) + 1}")
    return next_one is not None and next_one.value == wish.value


def _send(work: Work, wish: Wish, sent: ParameterVersion) -> Outcome | None:
    # Whoever looks in AWS finds Stackyard's role as the writer; who it was stands here (pitfall 23).
    told = f"{work.change.requested_by.get_username()} through Stackyard, change {work.change.pk.hex[:8]}"
    try:
        if wish.value is None:
            store.delete_parameter(work.aws, wish.name)
            return _settled(work, sent, wish, None)
        if wish.expected is None:
            version = store.create_parameter(
                work.aws, wish.name, wish.value, type=store.type_of(wish.type), tags=work.tags(), description=told
            )
        else:
            version = store.put_parameter(work.aws, wish.name, wish.value, description=told)
    except Conflict:
        refused(sent)
        return _stopped(work, f"Somebody made {wish.key} outside Stackyard in the same moment.")
    except Denied:
        refused(sent)  # else the next put of somebody outside with this value would be taken for it
        raise
    except Refused as why:
        if why.code != PINNED:
            refused(sent)
            raise
        return _unpinned(work, wish, sent)
    return _settled(work, sent, wish, version)


def _settled(work: Work, sent: ParameterVersion, wish: Wish, version: int | None) -> Outcome | None:
    """Write the put down as stored; when it is not the version after the one that was read, somebody wrote in between,
    and this put stands over theirs (M3, pitfall 5)."""
    landed(sent, version)
    expected = (wish.expected or 0) + 1
    if version is None or version == expected:
        return None
    theirs = store.get_parameter(work.aws, f"{wish.name}:{version - 1}")
    their_value = ""
    if theirs is not None:
        overwritten(sent, theirs)
        their_value = "" if wish.is_secret else f" Theirs was {parameter_plans.short(theirs.value)}."
    want_now(work.change.environment)
    return _stopped(
        work,
        f"Somebody outside Stackyard set {wish.key} in the same moment, as v{version - 1}.{their_value} "
        f"Yours stands over it now, as v{version}.",
        "Talk to whoever sets it outside. The history has both: set theirs back, or leave yours.",
    )


def _unpinned(work: Work, wish: Wish, sent: ParameterVersion) -> Outcome:
    """The oldest of a hundred versions carries a label, so AWS takes no new one (M4, pitfall 12). Our own label moves;
    somebody else's is named."""
    oldest = store.parameter_history(work.aws, wish.name)[0]
    if set(oldest.labels) == {OUR_LABEL}:
        store.unlabel_version(work.aws, wish.name, oldest.version, (OUR_LABEL,))
        return Wait(f"The label {OUR_LABEL} was taken off v{oldest.version}, so that AWS takes a new version", 0.0)
    refused(sent)
    labels = ", ".join(oldest.labels) or "unknown"
    return _stopped(
        work,
        f"AWS keeps 100 versions of {wish.key}, and the oldest, v{oldest.version}, carries the label {labels}: "
        "it takes no new version.",
        f"Move the label {labels} to a newer version, then retry.",
    )


def _stopped(work: Work, sentence: str, advice: str = LOOK_AGAIN) -> Stop:
    done = _done(work.change)
    if done and len(work.change.goal.get("sets", ())) > 1:
        sentence += f" {len(done)} of {len(work.change.goal['sets'])} were stored before and stay."
    want_now(work.change.environment)
    return Stop(Problem(sentence, "you", advice, code="parameter"))
