"""One line of the checklist."""

from dataclasses import dataclass

from provisioning.lifecycle import Outcome


@dataclass(frozen=True)
class Line:
    """What was promised (`label`), whether it is so, and what was found."""

    group: str
    label: str
    outcome: Outcome
    detail: str = ""


def line(group: str, label: str, good: bool, detail: str) -> Line:  # noqa: FBT001  (the finding itself)
    """A line that is as promised or not."""
    return Line(group, label, Outcome.GOOD if good else Outcome.BAD, detail)


def unknown(group: str, label: str, why: str) -> Line:
    """A line that cannot be checked here, and why."""
    return Line(group, label, Outcome.UNKNOWN, why)
