"""The plan's part about a deployment: what is deployed, what it goes back to, and what it rests on. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

SEALED = ("before", "after", "kept_in", "release", "back", "template", "promoted_from")
ENOUGH = 3  # past ones, before they say more than a first guess
# Seconds of a first guess: a service of few tasks, a group of few instances, a command, somebody else.
FIRST_GUESSES: Mapping[str, float] = {"ecs": 240, "instance_refresh": 420, "run_command": 120}
ANY_GUESS = 300.0

Part = Mapping[str, Any]


def sealed_part(part: Part) -> dict[str, Any]:
    """What of it a reviewer agrees to, for the plan's digest: the artifact before and after, the release that runs and
    the one it goes back to, the template, the version of every parameter, and where it was promoted from. How well what
    runs is, and how long it may take, help to decide and are left out."""
    return {**{name: part[name] for name in SEALED}, "versions": _versions(part)}


def _versions(part: Part) -> list[list[Any]]:
    return [[key, one["generation"], one["version"], one["digest"]] for key, one in sorted(part["versions"].items())]


def moved(sealed: Part, now: Part) -> Iterator[str]:
    """How what a deployment rests on differs from what its plan says, in words."""
    if sealed["before"] != now["before"]:
        yield f"{now['before'] or 'nothing'} runs now, not {sealed['before'] or 'nothing'}"
    elif sealed["release"] != now["release"]:
        yield f"release {now['release']} has come up since"
    elif sealed["back"] != now["back"]:
        yield "the release that it goes back to is another one"
    if sealed["template"] != now["template"]:
        yield "the compute stack has another template"
    was, is_now = sealed["versions"], now["versions"]
    for key in sorted({*was, *is_now}):
        if key not in is_now:
            yield f"{key} is gone"
        elif key not in was:
            yield f"{key} is new"
        elif was[key] != is_now[key]:
            yield f"{key} was set meanwhile"


def minutes(past: list[float], method: str, watch_minutes: int) -> int:
    """How long a deployment may take, in whole minutes: as the median of the past ones in seconds, or a first guess,
    and as long as it is watched."""
    guess = FIRST_GUESSES.get(method, ANY_GUESS)
    usual = sorted(past)[len(past) // 2] if len(past) >= ENOUGH else guess
    return max(1, -(-int(usual) // 60)) + watch_minutes
