"""What preflight found, each with a severity and what to do about it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the preflight. `severity` is error (the change stops), warning or info; `about` is a stack
    kind, a table or a parameter."""

    severity: str
    about: str
    sentence: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """The finding as the plan keeps it."""
        return asdict(self)


def errors(findings: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The findings that stop a change."""
    return [finding for finding in findings if finding["severity"] == "error"]


def with_new(kept: list[dict[str, str]], new: Iterable[Finding]) -> list[dict[str, str]]:
    """The findings so far and the new ones, each once: a step that runs twice adds nothing."""
    result = list(kept)
    for finding in new:
        if finding.as_dict() not in result:
            result.append(finding.as_dict())
    return result
