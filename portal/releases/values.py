"""Values of parameters as releases had them: found in the history by their keyed hash; a secret's are never shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.flags.showing import HIDDEN_WORD, shown
from provisioning.blueprints.loader import library
from provisioning.blueprints.model import Flag
from provisioning.flags.rules import SECURE
from provisioning.lifecycle import WriteState
from provisioning.models import Environment, Parameter, ParameterVersion, Release

UNKNOWN = "not known any more"
HASH = 8  # characters of a keyed hash that are shown, enough to see whether two secrets are the same


@dataclass(frozen=True)
class Told:
    """The value of one version: `text` for people, with the keyed hash in its stead where it is a secret; `value` as it
    was, None for a secret's and for one that is not known any more."""

    text: str
    version: str
    is_secret: bool = False
    value: str | None = None

    def __str__(self) -> str:
        """Value and version in one."""
        return f"{self.text} ({self.version})"


class Values:
    """What the parameters of some releases of one environment were, read in two queries."""

    def __init__(self, environment: Environment, releases: Iterable[Release]) -> None:
        """`releases` are those whose versions are asked about."""
        digests = {one["digest"] for release in releases for one in release.versions.values()}
        blueprint = library().blueprints.get(environment.application)
        self._flags: Mapping[str, Flag] = {flag.key: flag for flag in blueprint.flags} if blueprint else {}
        rows = list(Parameter.objects.filter(environment=environment).values_list("key", "type", "digest", "value"))
        self._types = {key: kind for key, kind, *_ in rows}
        past = ParameterVersion.objects.filter(
            parameter__environment=environment, state=WriteState.DONE, digest__in=digests
        ).values_list("parameter__key", "type", "digest", "value")
        self._past = {(key, kept): (kind, value) for key, kind, kept, value in (*rows, *past.order_by("pk"))}

    def told(self, key: str, version: Mapping[str, Any]) -> Told:
        """The value that a release had of a parameter, by what it kept of it."""
        number, flag = f"v{version['version']}", self._flags.get(key)
        kind, value = self._past.get((key, version["digest"]), (None, None))
        if SECURE in {kind, self._types.get(key)} or (flag is not None and flag.type == "secret"):
            return Told(f"{HIDDEN_WORD} #{version['digest'][:HASH]}", number, is_secret=True)
        if kind is None or value is None:
            return Told(UNKNOWN, number)
        return Told(shown(kind, value, flag).short, number, value=value)

    def is_flag(self, key: str) -> bool:
        """Whether the blueprint declares it."""
        return key in self._flags
