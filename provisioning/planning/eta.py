"""How long it still takes, and what is slower than usual. Pure: numbers in, numbers out.

Resources follow one another as their template says (Ref, GetAtt, Sub, DependsOn), so what is left is the longest way
through those that are not done: the critical path.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

ENOUGH = 3  # samples, before our own past says more than a first guess
MINUTE, HOUR = 60.0, 3600.0
QUIET, QUIET_SERVICE, QUIET_INDEXES = 30 * MINUTE, 3 * HOUR, 12 * HOUR
TABLE, SERVICE = "AWS::DynamoDB::Table", "AWS::ECS::Service"
# Seconds of a first guess, from published figures; deletes of what takes long take about as long.
FIRST_GUESSES: Mapping[str, float] = {
    TABLE: 15,
    "AWS::IAM::Role": 12,
    "AWS::IAM::InstanceProfile": 126,
    "AWS::EC2::SecurityGroup": 6,
    "AWS::EC2::Instance": 16,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 116,
    "AWS::ElasticLoadBalancingV2::TargetGroup": 18,
    "AWS::ElasticLoadBalancingV2::Listener": 2,
    "AWS::ECS::Cluster": 5,
    "AWS::ECS::TaskDefinition": 4,
    SERVICE: 119,
    "AWS::Logs::LogGroup": 1,
    "AWS::SSM::Parameter": 1,
}
UPDATE_GUESSES: Mapping[str, float] = {SERVICE: 71, "AWS::ElasticLoadBalancingV2::LoadBalancer": 15}
ANY_GUESS = 10.0
_SUB = re.compile(r"\$\{([^!}][^}]*)\}")


@dataclass(frozen=True)
class Usual:
    """How long a resource takes, in seconds: on half of the days (`half`), and on nine of ten (`most`)."""

    half: float
    most: float
    guessed: bool = False


@dataclass(frozen=True)
class Part:
    """One resource of an operation. `elapsed` is None for one that has not begun; `done` is one that is through."""

    name: str
    type: str
    verb: str
    elapsed: float | None = None
    done: bool = False


@dataclass(frozen=True)
class Eta:
    """What is left, in seconds, and the resource that it hangs on now. `guessed`: no past of our own was enough;
    `late`: the resource that takes longest beyond its usual, empty when none does. With one the figure is a hope."""

    seconds: float
    critical: str
    guessed: bool
    late: str = ""


def usual(samples: Sequence[float], type_: str, verb: str) -> Usual:
    """From our own past, or the first guess while that is shorter than three."""
    if len(samples) < ENOUGH:
        guess = UPDATE_GUESSES.get(type_) if verb == "update" else None
        seconds = guess if guess is not None else FIRST_GUESSES.get(type_, ANY_GUESS)
        return Usual(seconds, 2 * seconds, guessed=True)
    cuts = quantiles(samples, n=10, method="inclusive")
    return Usual(cuts[4], cuts[8])


def is_slow(elapsed: float, known: Usual) -> bool:
    """Whether it takes so much longer than usual that a person should know: twice as long, and a minute more."""
    return elapsed > max(known.most, 2 * known.half) and elapsed - known.half >= MINUTE


def dependencies(resources: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """For each resource of a template, those that have to be there first."""
    return {
        name: frozenset(_named(body, frozenset(resources)) | _depends_on(body)) & frozenset(resources) - {name}
        for name, body in resources.items()
    }


def _depends_on(body: Mapping[str, Any]) -> set[str]:
    found = body.get("DependsOn", [])
    return {found} if isinstance(found, str) else set(found)


def _named(raw: Any, names: frozenset[str]) -> set[str]:
    if isinstance(raw, list):
        return {name for one in raw for name in _named(one, names)}
    if not isinstance(raw, Mapping):
        return set()
    found: set[str] = set()
    for key, inner in raw.items():
        if key == "Ref" and isinstance(inner, str):
            found.add(inner)
        elif key == "Fn::GetAtt":
            found.add(str(inner[0]) if isinstance(inner, list) else str(inner).split(".", 1)[0])
        elif key == "Fn::Sub":
            text = inner[0] if isinstance(inner, list) else inner
            found |= {one.split(".", 1)[0] for one in _SUB.findall(str(text))}
        found |= _named(inner, names)
    return found & names


def remaining(
    parts: Sequence[Part], needs: Mapping[str, frozenset[str]], usual_of: Callable[[str, str], Usual]
) -> Eta | None:
    """What is left of one operation; None when nothing is. What is deleted goes in the opposite order of what is made:
    a resource may go when nothing needs it any more."""
    left = {part.name: _left(part, usual_of(part.type, part.verb)) for part in parts}
    waits = _order(parts, needs)
    ends: dict[str, tuple[float, str]] = {}

    def end(name: str, above: frozenset[str]) -> tuple[float, str]:
        """When it is through, and what is up now on the way there. A circle is cut where it closes."""
        if name not in ends:
            above = above | {name}
            before = [end(one, above) for one in waits.get(name, ()) if one in left and one not in above]
            last = max(before, default=(0.0, ""))
            ends[name] = (last[0] + left[name], last[1] if last[0] > 0 else name)
        return ends[name]

    todo = [part for part in parts if not part.done]
    if not todo:
        return None
    seconds, critical = max(end(part.name, frozenset()) for part in todo)
    known = [(part, usual_of(part.type, part.verb)) for part in todo]
    return Eta(
        seconds,
        critical,
        guessed=any(one.guessed for _, one in known),
        late=_latest(known),
    )


def _latest(known: Iterable[tuple[Part, Usual]]) -> str:
    beyond = [
        (part.elapsed - one.half, part.name)
        for part, one in known
        if part.elapsed is not None and is_slow(part.elapsed, one)
    ]
    return max(beyond, default=(0.0, ""))[1]


def _left(part: Part, known: Usual) -> float:
    """Seconds that one resource still takes: as on half of the days, and past that as on nine of ten."""
    if part.done:
        return 0.0
    if part.elapsed is None:
        return known.half
    return max(known.half - part.elapsed, 0.0) or max(known.most - part.elapsed, 1.0)


def _order(parts: Iterable[Part], needs: Mapping[str, frozenset[str]]) -> Mapping[str, set[str]]:
    verbs = {part.name: part.verb for part in parts}
    waits: dict[str, set[str]] = {name: set() for name in verbs}
    for name, others in needs.items():
        for other in others:
            if name not in verbs or other not in verbs:
                continue
            if verbs[name] == "delete":
                waits[other].add(name)
            elif verbs[other] != "delete":
                waits[name].add(other)
    return waits


def longest_silence(types: Iterable[str], *, indexes: bool) -> float:
    """Seconds without any news after which an operation is called stalled, for the resources that move (S14, L17)."""
    limits = {SERVICE: QUIET_SERVICE, TABLE: QUIET_INDEXES if indexes else QUIET}
    return max((limits.get(one, QUIET) for one in types), default=QUIET)
