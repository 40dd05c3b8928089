"""The plan's part about where an artifact ran before, as reviewers read it: a page of promoting shows the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime

from provisioning.planning.promoting import EXCEPTED, MET, REFUSED

_TONES = {MET: "good", EXCEPTED: "attention", REFUSED: "bad"}
_DIGEST = 12
_HOUR, _DAY = 3600, 86400


@dataclass(frozen=True)
class PlaceLine:
    """An environment where the artifact came up, or did not. `until` is None while it runs there still."""

    environment: str
    stage: str
    url: str
    since: datetime | None
    until: datetime | None
    ran: str
    counted: str
    template: str


@dataclass(frozen=True)
class OtherLine:
    """What has another value in the two environments; None where it is not there."""

    name: str
    note: str
    here: str | None
    there: str | None


@dataclass(frozen=True)
class ProofView:
    """The whole panel. `source` names the environment and the release that the artifact is taken from, `lines` what was
    seen there; `facts` are sentences with their tone."""

    artifact: str
    sentence: str
    tone: str
    rule: str
    rule_tone: str
    places: tuple[PlaceLine, ...]
    facts: tuple[tuple[str, str], ...]
    source: str
    source_url: str
    others: tuple[OtherLine, ...]


def proof_view(application: str, environment: str, proof: Mapping[str, Any] | None) -> ProofView | None:
    """The panel about an artifact that comes to an environment; None for a plan that brings none, and where there is
    nothing to say: it ran nowhere, and the stage asks nothing of it."""
    if not proof or not (proof["places"] or proof["rule"]):
        return None
    rule, source = proof["rule"], proof["source"]
    as_of = datetime.fromisoformat(proof["as_of"])
    places = tuple(_place(application, one, as_of) for one in proof["places"])
    others = tuple(_others(proof)) if source else ()
    return ProofView(
        artifact=proof["artifact"],
        sentence=_sentence(environment, proof, len(others)),
        tone=_tone(environment, proof),
        rule=rule["sentence"] if rule else "",
        rule_tone=_TONES[rule["how"]] if rule else "quiet",
        places=places,
        facts=tuple(_facts(environment, proof)) if source else (),
        source=f"release {source['release']} of {source['environment']}" if source else "",
        source_url=_url(application, source["environment"], source["release"]) if source else "",
        others=others,
    )


def _url(application: str, environment: str, number: int | None) -> str:
    if number is None:
        return reverse("releases", args=[application, environment])
    return reverse("release", args=[application, environment, number])


def _tone(environment: str, proof: Mapping[str, Any]) -> str:
    rule, source = proof["rule"], proof["source"]
    if rule and rule["how"] != MET:
        return _TONES[rule["how"]]
    if source is None:
        return "good" if _here(environment, proof) else "attention"
    return "good" if proof["same_template"] and not proof["drift"]["resources"] else "attention"


def _sentence(environment: str, proof: Mapping[str, Any], others: int) -> str:
    """The one sentence on top: the same template ran in staging for 9 days, 14 times well, differs in 4."""
    source, here = proof["source"], _here(environment, proof)
    if source is None and here:
        ran = _long(here, datetime.fromisoformat(proof["as_of"]))
        return f"It {'ran' if here['until'] else 'has run'} here for {ran} and {_times(here)}."
    if source is None:
        return f"It never came up well in {environment}, nor in an environment of a stage below."
    place = next((one for one in proof["places"] if one["environment"] == source["environment"]), None)
    template = "Same template as" if proof["same_template"] else "Another template than"
    said = [f"{template} {source['environment']}, where it"]
    if place and place["since"]:
        ran = _long(place, datetime.fromisoformat(proof["as_of"]))
        said.append(f"{'ran' if place['until'] else 'has run'} for {ran} and {_times(place)}.")
    else:
        said.append("came up well.")
    differs = f"differs in {_count(others, 'parameter')}" if others else "has the same parameters"
    said.append(f"{environment.capitalize()} {differs}.")
    return " ".join(said)


def _here(environment: str, proof: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What became of it in the environment itself; None where it never came up well there."""
    return next((one for one in proof["places"] if one["environment"] == environment and one["good"]), None)


def _place(application: str, place: Mapping[str, Any], as_of: datetime) -> PlaceLine:
    return PlaceLine(
        environment=place["environment"],
        stage=place["stage"],
        url=_url(application, place["environment"], place["release"]),
        since=_moment(place["since"]),
        until=_moment(place["until"]),
        ran=_long(place, as_of),
        counted=_times(place),
        template=str(place["template"])[:_DIGEST],
    )


def _facts(environment: str, proof: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    source = proof["source"]
    where = source["environment"]
    if proof["same_template"]:
        yield "good", f"{environment.capitalize()} has the template that it ran with."
    else:
        ids = f"{source['template'][:_DIGEST] or 'none'} there, {proof['template'][:_DIGEST] or 'none'} here"
        yield "attention", f"It ran with another template: {ids}. Only the artifact goes over."
    if not proof["runs_there"]:
        yield "attention", f"{where.capitalize()} does not run that release any more."
    kept = source["proof"]
    said = "; ".join(str(one).rstrip(".") for one in (*(kept.get("lines") or ()), *(kept.get("blind") or ())))
    watched = f", watched for {kept['watched_minutes']} min" if kept.get("watched_minutes") else ""
    if kept.get("healthy"):
        yield "good", f"Seen well in {where}: {said or 'healthy'}{watched}."
    else:
        yield "quiet", f"Its health could not be seen in {where}{f': {said}' if said else ''}."
    yield _drift(where, proof["drift"])


def _drift(where: str, drift: Mapping[str, Any]) -> tuple[str, str]:
    found = drift["resources"]
    if found:
        listed = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        return "attention", f"{where.capitalize()} is not as its templates say: {listed}."
    if drift["seen_at"] is None:
        return "quiet", f"Whether {where} has drifted was never looked into."
    seen = parse_datetime(drift["seen_at"])
    return "good", f"No drift in {where}{f', as of {seen:%Y-%m-%d %H:%M} UTC' if seen else ''}."


def _others(proof: Mapping[str, Any]) -> Iterator[OtherLine]:
    for line in proof["parameters"]:
        yield OtherLine(line["name"], "flag" if line["flag"] else "parameter", line["here"], line["there"])
    for line in proof["stack_parameters"]:
        yield OtherLine(line["name"], "compute stack", line["here"], line["there"])


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _long(place: Mapping[str, Any], as_of: datetime) -> str:
    """How long it stayed, until the proof was read where it is there still; empty where it never came up well."""
    since, until = _moment(place["since"]), _moment(place["until"]) or as_of
    if since is None:
        return ""
    seconds = int((until - since).total_seconds())
    if seconds >= _DAY:
        return _count(seconds // _DAY, "day")
    if seconds >= _HOUR:
        return _count(seconds // _HOUR, "hour")
    return _count(max(1, seconds // 60), "minute")


def _times(place: Mapping[str, Any]) -> str:
    good = f"came up well {_count(place['good'], 'time')}" if place["good"] else "never came up well"
    return f"{good}, failed {_count(place['failed'], 'time')}" if place["failed"] else good


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
