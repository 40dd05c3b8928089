"""Plans of parameters: what each is now, what it becomes, why it cannot, and what of that a reviewer agrees to. Pure.

A part of a plan never holds a secret's value: only keyed digests, so that it can be said whether two differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from provisioning.aws.parameters import Parameter
from provisioning.flags.rules import SECURE
from provisioning.flags.sealing import digest
from provisioning.lifecycle import ParameterVerb

HIDDEN = None  # what stands for the value of a secret, and of nothing


@dataclass(frozen=True)
class Wish:
    """What one parameter is to become. `value` is None for a deletion; `expected` is the version that was looked at,
    None where there was none."""

    key: str
    name: str
    verb: str
    type: str
    value: str | None
    expected: int | None
    restores: int | None = None

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return self.type == SECURE

    def as_dict(self) -> dict[str, Any]:
        """The wish without its value, as a change's goal keeps it."""
        return {
            "key": self.key,
            "name": self.name,
            "verb": self.verb,
            "type": self.type,
            "expected": self.expected,
            "restores": self.restores,
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any], value: str | None) -> "Wish":
        """Read back what `as_dict` wrote, with the value that was kept apart."""
        return cls(
            key=kept["key"],
            name=kept["name"],
            verb=kept["verb"],
            type=kept["type"],
            value=value,
            expected=kept["expected"],
            restores=kept.get("restores"),
        )


def why_not(wish: Wish, now: Parameter | None) -> str:
    """Why a wish cannot be planned on what is stored now, with both values where they may be shown; empty when it can
    (pitfall 5)."""
    if wish.verb == ParameterVerb.CREATE or wish.expected is None:
        return "" if now is None else f"{wish.key} exists already: {_stored(now)}."
    if now is None:
        return f"{wish.key} is not there any more."
    if now.version != wish.expected:
        wanted = "" if wish.value is None else f" You asked for {_shown(wish.type, wish.value)}."
        return f"{wish.key} was set by somebody else meanwhile: {_stored(now)}; you looked at v{wish.expected}.{wanted}"
    if now.type != wish.type:
        return f"{wish.key} is a {now.type}, and AWS cannot change the type of a parameter."
    return ""


def is_idle(wish: Wish, now: Parameter | None) -> bool:
    """Whether what is stored is what is wished for: a put would only make another version of it."""
    return now is not None and wish.value is not None and now.value == wish.value


def planned(wish: Wish, now: Parameter | None, about: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the plan: before and after, and `about`: its title, owner and what comes after."""
    return {
        **wish.as_dict(),
        "secret": wish.is_secret or (now is not None and now.type == SECURE),
        "before": None if now is None else _side(now.type, now.value, now.version),
        "after": None if wish.value is None else _side(wish.type, wish.value, None),
        **about,
    }


def _side(kind: str, value: str, version: int | None) -> dict[str, Any]:
    return {"value": HIDDEN if kind == SECURE else value, "digest": digest(value), "version": version}


def sealed_part(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What of it a reviewer agrees to, for the plan's digest: each parameter by name, its version and value as planned
    on, what it becomes, whether something is redeployed, and when it goes back by itself."""
    rows = [
        [
            row["name"],
            row["verb"],
            row["type"],
            row["before"] and [row["before"]["version"], row["before"]["digest"]],
            row["after"] and row["after"]["digest"],
        ]
        for row in parameters["sets"]
    ]
    back = parameters.get("back")
    return {"sets": rows, "redeploy": bool(parameters["redeploy"]), **({"back": back} if back else {})}


def moved(sealed: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """How parameters differ from what a plan rests on, in words."""
    was = {row["name"]: row["before"] for row in sealed["sets"]}
    is_now = {row["name"]: row for row in now["sets"]}
    return [
        f"{is_now[name]['key']} was set meanwhile"
        for name in sorted(is_now)
        if _standing(was.get(name)) != _standing(is_now[name]["before"])
    ]


def _standing(side: Mapping[str, Any] | None) -> tuple[Any, Any] | None:
    return (side["version"], side["digest"]) if side else None


def sentence(environment: str, rows: Sequence[Mapping[str, Any]], back: Mapping[str, Any] | None = None) -> str:
    """What the change does, in one sentence, with the way back that is part of it."""
    return _forward(environment, rows) + (f", and goes back {when_back(back)}" if back else "")


def when_back(back: Mapping[str, Any]) -> str:
    """When a value goes back by itself, in words: `minutes` after it was stored, or `at` a time in ISO format."""
    minutes = back.get("minutes")
    if minutes:
        return f"{minutes} {'minute' if minutes == 1 else 'minutes'} after it is stored"
    return f"at {datetime.fromisoformat(back['at']).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _forward(environment: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return f"No parameter of {environment} is set"
    if len(rows) != 1:
        return f"{len(rows)} parameters of {environment} are set"
    (row,) = rows
    if row["verb"] == ParameterVerb.DELETE:
        return f"{row['key']} of {environment} is deleted"
    if row["secret"] or row["after"] is None or row["after"]["value"] is None:
        return f"{row['key']} of {environment} is set to another value"
    return f"{row['key']} of {environment} is set to {short(row['after']['value'])}"


def _stored(now: Parameter) -> str:
    return f"it is {_shown(now.type, now.value)} now (v{now.version})"


def _shown(kind: str, value: str) -> str:
    return "a hidden value" if kind == SECURE else short(value)


def short(value: str) -> str:
    """A value in quotation marks for a sentence, cut when it is long."""
    return f"“{value[:60]}…”" if len(value) > 60 else f"“{value}”"
