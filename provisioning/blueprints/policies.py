"""The policy of a stage as data: what a blueprint writes of it, and what the platform's own file puts over that."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from provisioning.blueprints.fields import Problems, Section
from provisioning.blueprints.model import (
    BY_RULE,
    DATA_CONDITIONS,
    NEVER_BY_RULE,
    ON_EXPIRY,
    STAGES,
    UNPROVED,
    AutoApproval,
    StagePolicy,
)
from provisioning.blueprints.reading import read
from provisioning.blueprints.shapes import TemplateError

EVERY = "*"
POLICY_KEYS = frozenset(
    (
        *("approvals", "approvers", "protection", "expires_hours", "on_expiry", "auto_approve"),
        *("revert_without_approval", "promote_from", "promote_unproved"),
    )
)
LONGEST_EXPIRY = 720
LONGEST_NAME = 100  # what a decision keeps of it
_RULE = frozenset(("rule", "kinds", "data", "replaces", "deletes", "monthly_increase"))


class PolicyFileError(Exception):
    """The platform's policy file cannot be used; the text says where and what to do."""


@dataclass(frozen=True)
class PolicyFloor:
    """What the platform's file says of one stage, of one application or of every one ("*"). `parts` are fields of a
    StagePolicy with their values; `file` and `line` say where it is written."""

    application: str
    stage: str
    parts: tuple[tuple[str, Any], ...]
    file: str
    line: int


def written(policy: Section, *, needed: Sequence[str] = ()) -> dict[str, Any]:
    """The parts of a stage's policy that are written in a section, under the names of StagePolicy's fields; `needed`
    ones are asked for. What is wrong becomes problems of the section."""
    readers: dict[str, tuple[str, Callable[[], Any]]] = {
        "approvals": ("approvals", lambda: policy.count("approvals")),
        "approvers": ("approver_groups", lambda: policy.texts("approvers")),
        "protection": ("protection", lambda: policy.flag("protection")),
        "expires_hours": ("expires_hours", lambda: _hours(policy)),
        "on_expiry": ("on_expiry", lambda: policy.one_of("on_expiry", ON_EXPIRY)),
        "revert_without_approval": (
            "revert_without_approval",
            lambda: policy.flag("revert_without_approval", default=False),
        ),
        "promote_from": ("promote_from", lambda: policy.one_of("promote_from", STAGES)),
        "promote_unproved": ("promote_unproved", lambda: policy.one_of("promote_unproved", UNPROVED)),
        "auto_approve": ("auto_approvals", lambda: _rules(policy)),
    }
    return {field: value() for key, (field, value) in readers.items() if key in policy.data or key in needed}


def _hours(policy: Section) -> int:
    hours = policy.count("expires_hours")
    if not 1 <= hours <= LONGEST_EXPIRY:
        policy.complain(
            ("expires_hours",), f"A plan cannot wait for {hours} hours.", f"Write a number from 1 to {LONGEST_EXPIRY}."
        )
    return hours


def _rules(policy: Section) -> tuple[AutoApproval, ...]:
    found: list[AutoApproval] = []
    for section in policy.sections("auto_approve", _RULE):
        rule = AutoApproval(
            name=section.text("rule"),
            kinds=frozenset(_kinds(section)),
            data=section.one_of("data", DATA_CONDITIONS, "untouched"),
            replaces=section.flag("replaces", default=False),
            deletes=section.flag("deletes", default=False),
            monthly_increase=_increase(section),
        )
        if len(rule.name) > LONGEST_NAME:
            section.complain(("rule",), f"At most {LONGEST_NAME} characters.", "Shorten the rule's name.")
        if rule.name in {other.name for other in found}:
            section.complain(("rule",), f"There are two rules called {rule.name}.", "Rename one of the two.")
        found.append(rule)
    return tuple(found)


def _kinds(rule: Section) -> tuple[str, ...]:
    kinds = rule.texts("kinds")
    if not kinds:
        rule.complain(("kinds",), f"{rule.name} has no kinds.", f"List some of {', '.join(BY_RULE)}.")
    for kind in kinds:
        if kind in NEVER_BY_RULE:
            rule.complain(("kinds",), f"No rule may approve {kind}: a person does.", "Take it out.")
        elif kind not in BY_RULE:
            rule.complain(("kinds",), f"“{kind}” is not a kind of change.", f"Use some of {', '.join(BY_RULE)}.")
    return kinds


def _increase(rule: Section) -> Decimal | None:
    text = rule.text("monthly_increase", "0")
    if text == "any":
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        rule.complain(("monthly_increase",), f"“{text}” is no amount.", "Write US dollars a month, such as 5, or any.")
        return Decimal(0)
    return amount


def policy_problems(policy: StagePolicy) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What does not fit together in a stage's policy: key, sentence, fix."""
    if policy.approvals and not policy.approver_groups:
        yield ("approvers",), f"Nobody may approve in {policy.stage}.", "Name a group of approvers."
    if policy.stage == "prod" and (not policy.approvals or not policy.protection):
        yield (), "prod must ask for approval and protect its data.", "Set approvals and protection."
    if policy.promote_from and not is_below(policy.promote_from, policy.stage):
        yield ("promote_from",), *_not_below(policy.promote_from, policy.stage)


def is_below(lower: str, stage: str) -> bool:
    """Whether a stage comes before another: what runs goes from dev over staging to prod."""
    return STAGES.index(lower) < STAGES.index(stage)


def _not_below(lower: str, stage: str) -> tuple[str, str]:
    below = STAGES[: STAGES.index(stage)]
    fix = f"Use one of {', '.join(below)}." if below else "Remove it: nothing is below it."
    return f"Nothing is promoted from {lower} to {stage}.", fix


def under(policy: StagePolicy, application: str, floors: Sequence[PolicyFloor]) -> StagePolicy:
    """The stage's policy with what the platform's file says of it: of every application first, then of this one."""
    for name in (EVERY, application):
        for floor in floors:
            if (floor.application, floor.stage) == (name, policy.stage):
                policy = replace(policy, **dict(floor.parts))
    return policy


def read_policies(path: Path) -> tuple[PolicyFloor, ...]:
    """The platform's policy file, whole. Raises PolicyFileError for the first thing that is wrong, with its line."""
    try:
        document = read(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError):
        raise PolicyFileError(f"{path} cannot be read. Check the name and the rights.") from None
    except TemplateError as error:
        raise PolicyFileError(f"{error.file}:{error.line}: {error.sentence} {error.fix}") from None
    problems = Problems(str(path), document)
    if not isinstance(document.data, dict):
        raise PolicyFileError(f"{path}:1: The file must be a mapping. Write application, stage and policy.")
    floors = tuple(
        _floor(Section(policy, (application, stage), problems, POLICY_KEYS), document.lines)
        for application, stages in document.data.items()
        for stage, policy in Section(stages, (application,), problems, STAGES).data.items()
    )
    if problems.found:
        raise PolicyFileError(str(problems.found[0]))
    return floors


def _floor(policy: Section, lines: Any) -> PolicyFloor:
    application, stage = policy.path
    parts = written(policy)
    if parts.get("approvals") and not parts.get("approver_groups"):
        policy.complain((), f"{policy.name} asks for approvals of nobody.", "Name approvers beside approvals.")
    if parts.get("approver_groups") == () and parts.get("approvals") != 0:
        policy.complain(("approvers",), f"{policy.name} leaves nobody to approve.", "Name one, or set approvals: 0.")
    lower = parts.get("promote_from")
    if lower in STAGES and not is_below(lower, stage):
        policy.complain(("promote_from",), *_not_below(lower, stage))
    if stage == "prod" and (parts.get("approvals") == 0 or parts.get("protection") is False):
        policy.complain((), "prod must ask for approval and protect its data.", "Set approvals and protection.")
    return PolicyFloor(application, stage, tuple(parts.items()), policy.problems.file, lines.get(policy.path, 1))
