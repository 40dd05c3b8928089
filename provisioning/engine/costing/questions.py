"""What one reading asks of Cost Explorer, in order, and when: pure.

An answer is grouped by two things at most (E2), so what each application's environments cost by service takes a
question for each application, and one for what has no such tag. A question counts as usage what is no credit, refund or
tax; those are asked for once, for the whole account, and never smeared over environments (pitfalls 11, 12).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from provisioning.aws.billing import CostGroup, GroupBy

APPLICATION, ENVIRONMENT = GroupBy("TAG", "Application"), GroupBy("TAG", "Environment")
SERVICE, RECORD_TYPE = GroupBy("DIMENSION", "SERVICE"), GroupBy("DIMENSION", "RECORD_TYPE")
NOT_USAGE = ("Credit", "Refund", "Tax")
USAGE = "Usage"
TOTAL = "total"
CLOSED_ON = 15  # the day of a month on which the month before counts as closed (E4)
FIRST_MONTHS = 12  # how far back the first reading goes


@dataclass(frozen=True)
class Question:
    """One question. `about` is total, names, other, or app: with the `application` whose tag it asks for, empty for
    spend without one."""

    about: str
    group_by: tuple[GroupBy, ...]
    only: dict[str, Any] | None = None
    application: str = ""


FIRST = (
    Question(TOTAL, ()),
    Question("names", (APPLICATION,)),
    Question(
        "other",
        (RECORD_TYPE, SERVICE),
        {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(NOT_USAGE), "MatchOptions": ["EQUALS"]}},
    ),
)
TOTAL_AT, NAMES_AT = 0, 1  # the places of the first two in every reading


def questions(applications: Sequence[str]) -> tuple[Question, ...]:
    """Every question of a reading, once it is known which applications have costs."""
    return (*FIRST, _untagged(), *(_tagged(name) for name in sorted(set(applications)) if name))


def _tagged(application: str) -> Question:
    tag = {"Tags": {"Key": "Application", "Values": [application], "MatchOptions": ["EQUALS", "CASE_SENSITIVE"]}}
    return Question("app", (ENVIRONMENT, SERVICE), _usage(tag), application)


def _untagged() -> Question:
    return Question("app", (ENVIRONMENT, SERVICE), _usage({"Tags": {"Key": "Application", "MatchOptions": ["ABSENT"]}}))


def _usage(tag: dict[str, Any]) -> dict[str, Any]:
    other = {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(NOT_USAGE), "MatchOptions": ["EQUALS"]}}
    return {"And": [tag, {"Not": other}]}


def row_of(question: Question, group: CostGroup) -> dict[str, str]:
    """The columns of a group: application, environment_name, service and record_type."""
    if question.about == "app":
        environment, service = group.keys
        return {
            "application": question.application,
            "environment_name": environment,
            "service": service,
            "record_type": USAGE,
        }
    if question.about == "other":
        record_type, service = group.keys
        return {"application": "", "environment_name": "", "service": service, "record_type": record_type}
    named = group.keys[0] if group.keys else ""
    return {"application": named, "environment_name": "", "service": "", "record_type": ""}


def days_to_read(today: date, *, first_time: bool) -> tuple[date, date]:
    """The days of a reading on a day (UTC): from the first of the month before, as long as that is not closed, else of
    this month; up to and without tomorrow, because today has costs already (pitfalls 7 and 8). The first reading goes
    back a year."""
    first = today.replace(day=1)
    if first_time:
        for _ in range(FIRST_MONTHS):
            first = _month_before(first)
    elif today.day <= CLOSED_ON:
        first = _month_before(first)
    return first, date.fromordinal(today.toordinal() + 1)


def _month_before(first: date) -> date:
    return date.fromordinal(first.toordinal() - 1).replace(day=1)
