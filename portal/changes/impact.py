"""What a plan does to data, table by table; older plans say less, and what they do not say is shown as not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime


@dataclass(frozen=True)
class TableLine:
    """One table. `items` and `bytes` are AWS's own counts, hours old; None is not known. `restorable` is whether it
    can be restored to a moment, `since` and `until` the moments it can be restored to."""

    name: str
    effect: str
    items: int | None
    bytes: int | None
    protected: bool | None
    restorable: bool | None
    since: datetime | None
    until: datetime | None
    last_write: datetime | None


@dataclass(frozen=True)
class Impact:
    """What happens to data, in one sentence, and to each table. `detailed` when anything is known of a table."""

    sentence: str
    tone: str
    lines: tuple[TableLine, ...]

    @property
    def detailed(self) -> bool:
        """Whether more is known than what happens to each table."""
        return any(
            known is not None
            for line in self.lines
            for known in (line.items, line.bytes, line.protected, line.restorable, line.last_write)
        )


def impact_view(impact: Mapping[str, Any]) -> Impact:
    """The data impact of a sealed plan."""
    return Impact(impact["sentence"], impact["tone"], tuple(_line(line) for line in impact["lines"]))


def moment(text: str | None) -> datetime | None:
    """A moment as plans write it, in ISO 8601; None where they have none."""
    return parse_datetime(text) if text else None


def _line(line: Mapping[str, Any]) -> TableLine:
    recovery = line.get("recovery") or {}
    return TableLine(
        name=line["name"],
        effect=line["effect"],
        items=line.get("items"),
        bytes=line.get("bytes"),
        protected=line.get("protected"),
        restorable=recovery.get("enabled"),
        since=moment(recovery.get("earliest")),
        until=moment(recovery.get("latest")),
        last_write=moment(line.get("last_write")),
    )
