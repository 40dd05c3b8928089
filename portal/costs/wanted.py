"""What a link to the costs asks for: which days, by what, and of what. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from provisioning.costs.spend import UNTAGGED, USAGE, By, Line, label, month_before

DAY = timedelta(days=1)
LONGEST = 366  # days
DEFAULT_RANGE = "30"
DEFAULT_BY: By = "environment"
EVERYTHING = "all"
RANGES = {
    "month": "This month",
    "last-month": "Last month",
    "7": "Last 7 days",
    "30": "Last 30 days",
    "90": "Last 90 days",
    "365": "Last 365 days",
}
KINDS: Mapping[By, str] = {
    "environment": "Environment",
    "application": "Application",
    "service": "Service",
    "stage": "Stage",
    "owner": "Owner",
}
FILTERS: tuple[By, ...] = ("environment", "application", "service", "stage", "owner")


@dataclass(frozen=True)
class Wanted:
    """The days from `first` up to, and without, `end`, by `by`; `filters` hold what is not empty; `types` is which
    record types: empty for usage, EVERYTHING, or one. `asked` are the fields as they were given."""

    first: date
    end: date
    by: By
    filters: Mapping[By, str]
    types: str
    source: str
    asked: Mapping[str, str]

    def keeps(self, line: Line) -> bool:
        """Whether a line is among what is asked for."""
        if self.types != EVERYTHING and line.record_type != (self.types or USAGE):
            return False
        return all(_fits(line, by, value) for by, value in self.filters.items())

    def kept(self, lines: Iterable[Line]) -> list[Line]:
        """The lines that are asked for."""
        return [line for line in lines if self.keeps(line)]

    def link(self, **changed: str) -> str:
        """This question with some fields changed, as the query of a link; empty ones fall away."""
        fields = {**self.asked, **changed}
        if "from" in changed or "to" in changed:
            fields["range"] = ""
        return f"?{urlencode({name: value for name, value in fields.items() if value})}"


def _fits(line: Line, by: By, value: str) -> bool:
    """A name is what it is; only the text for environments may be a part of one, as long as it has no slash."""
    name = label(line, by)
    if by != "environment" or "/" in value or value == UNTAGGED:
        return name == value
    return value.casefold() in name.casefold()


def days_of(range_: str, today: date) -> tuple[date, date]:
    """The days of a range's name, up to today; those of the default where there is no such range."""
    tomorrow = today + DAY
    if range_ == "month":
        return today.replace(day=1), tomorrow
    if range_ == "last-month":
        return month_before(today.replace(day=1)), today.replace(day=1)
    return tomorrow - int(range_ if range_ in RANGES else DEFAULT_RANGE) * DAY, tomorrow
