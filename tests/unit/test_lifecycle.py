"""What statuses mean and which moves are legal; CloudFormation's statuses against botocore's own list."""

import ast
from datetime import UTC, datetime, timedelta

import botocore.session
import pytest
import time_machine
from botocore.model import StringShape
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from provisioning.lifecycle import (
    CANCELLABLE_CHANGES,
    MOVING_CHANGES,
    MOVING_STACKS,
    NO_STACK,
    OPEN_CHANGES,
    STACK_STATUSES,
    ChangeStatus,
    EnvironmentStatus,
    IllegalMoveError,
    Outcome,
    StackStatus,
    StepState,
    move,
    stack_status,
)
from provisioning.models import Change

S = ChangeStatus
TONES = {"good", "busy", "attention", "bad", "quiet"}
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

# Written again from the table of stack statuses (S1): what rests, lives, takes an update.
AWS_SAYS = {
    "REVIEW_IN_PROGRESS": "shell",
    "CREATE_IN_PROGRESS": "moving",
    "CREATE_COMPLETE": "live updatable",
    "CREATE_FAILED": "failed updatable",
    "ROLLBACK_IN_PROGRESS": "moving failed",
    "ROLLBACK_COMPLETE": "failed shell",
    "ROLLBACK_FAILED": "failed",
    "UPDATE_IN_PROGRESS": "moving live",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "moving live",
    "UPDATE_COMPLETE": "live updatable",
    "UPDATE_FAILED": "failed updatable",
    "UPDATE_ROLLBACK_IN_PROGRESS": "moving failed",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "moving live failed",
    "UPDATE_ROLLBACK_COMPLETE": "live failed updatable",
    "UPDATE_ROLLBACK_FAILED": "failed",
    "DELETE_IN_PROGRESS": "moving",
    "DELETE_FAILED": "failed",
    "DELETE_COMPLETE": "gone",
    "IMPORT_IN_PROGRESS": "moving",
    "IMPORT_COMPLETE": "live updatable",
    "IMPORT_ROLLBACK_IN_PROGRESS": "moving failed",
    "IMPORT_ROLLBACK_COMPLETE": "live failed updatable",
    "IMPORT_ROLLBACK_FAILED": "failed",
}
MEANINGS = ("moving", "live", "failed", "updatable", "gone", "shell")

LEGAL = {
    (S.PLANNING, S.AWAITING_APPROVAL), (S.PLANNING, S.QUEUED), (S.PLANNING, S.SUCCEEDED), (S.PLANNING, S.FAILED),
    (S.PLANNING, S.CANCELLED), (S.PLANNING, S.SUPERSEDED),
    (S.AWAITING_APPROVAL, S.QUEUED), (S.AWAITING_APPROVAL, S.REJECTED), (S.AWAITING_APPROVAL, S.CANCELLED),
    (S.AWAITING_APPROVAL, S.EXPIRED), (S.AWAITING_APPROVAL, S.SUPERSEDED), (S.AWAITING_APPROVAL, S.PLANNING),
    (S.AWAITING_APPROVAL, S.FAILED),
    (S.QUEUED, S.RUNNING), (S.QUEUED, S.CANCELLED), (S.QUEUED, S.FAILED), (S.QUEUED, S.REJECTED),
    (S.QUEUED, S.EXPIRED), (S.QUEUED, S.SUPERSEDED), (S.QUEUED, S.PLANNING),
    (S.RUNNING, S.SUCCEEDED), (S.RUNNING, S.FAILED), (S.RUNNING, S.CANCELLED),
    (S.FAILED, S.PLANNING), (S.FAILED, S.QUEUED),
}  # fmt: skip
FINAL = {S.SUCCEEDED, S.CANCELLED, S.REJECTED, S.EXPIRED, S.SUPERSEDED}


def _meaning(status: StackStatus) -> set[str]:
    return {name for name in MEANINGS if getattr(status, name)}


def test_every_status_that_cloudformation_has_is_classified() -> None:
    """S1: a new botocore with a new status fails here."""
    shape = botocore.session.get_session().get_service_model("cloudformation").shape_for("StackStatus")
    assert isinstance(shape, StringShape)
    enum = shape.enum
    assert set(STACK_STATUSES) == set(enum)
    assert len(STACK_STATUSES) == len(enum) == 23


@pytest.mark.parametrize("name", sorted(AWS_SAYS))
def test_a_stack_status_means_what_aws_says(name: str) -> None:
    assert _meaning(stack_status(name)) == set(AWS_SAYS[name].split())
    assert (name in MOVING_STACKS) is ("moving" in AWS_SAYS[name])


def test_stack_statuses_do_not_contradict_themselves() -> None:
    for status in STACK_STATUSES.values():
        assert status.tone in TONES
        assert status.label
        assert not (status.moving and status.updatable), status.name
        assert not (status.gone and (status.live or status.moving)), status.name
        assert (status.tone == "busy") is status.moving, status.name


def test_statuses_are_matched_whole_not_by_their_ending() -> None:
    """S3: one of these is dead, the other serves and takes updates."""
    dead, alive = stack_status("ROLLBACK_COMPLETE"), stack_status("UPDATE_ROLLBACK_COMPLETE")
    assert dead.shell
    assert not dead.live
    assert not dead.updatable
    assert alive.live
    assert alive.updatable
    assert not alive.shell
    assert not stack_status("REVIEW_IN_PROGRESS").moving


def test_no_status_is_no_stack() -> None:
    assert stack_status("") is NO_STACK
    assert NO_STACK.gone
    assert not NO_STACK.moving


@pytest.mark.parametrize("name", ["ARCHIVE_IN_PROGRESS", "NEW_CLEANUP_IN_PROGRESS"])
def test_an_unknown_status_in_progress_moves(name: str) -> None:
    """S2."""
    assert _meaning(stack_status(name)) == {"moving"}
    assert name in stack_status(name).label


@pytest.mark.parametrize("name", ["ARCHIVED", "create_complete", "CREATE_COMPLETE ", "ARCHIVE_COMPLETE"])
def test_any_other_unknown_status_freezes(name: str) -> None:
    """S2: it neither moves nor lives nor takes updates, and its name is not free."""
    assert _meaning(stack_status(name)) == {"failed"}
    assert stack_status(name).tone == "bad"


@pytest.mark.parametrize("here", S)
@pytest.mark.parametrize("to", S)
def test_moves(here: ChangeStatus, to: ChangeStatus) -> None:
    change = Change(status=here)
    if (here, to) in LEGAL:
        move(change, to)
        assert change.status == to
        return
    with pytest.raises(IllegalMoveError) as refused:
        move(change, to)
    assert str(refused.value) == f"A change that is {here.label.lower()} cannot become {to.label.lower()}."
    assert change.status == here


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 99)), min_size=20, max_size=40))
def test_no_walk_leaves_a_final_status(wishes: list[tuple[bool, int]]) -> None:
    """Whatever is asked for in whatever order, sensible or wild: final stays final, and the times tell the truth."""
    change = Change(status=S.PLANNING)
    ended_as = None
    for wild, number in wishes:
        sensible = sorted(to for here, to in LEGAL if here == change.status)
        choices = list(S) if wild or not sensible else sensible
        try:
            move(change, choices[number % len(choices)])
        except IllegalMoveError:
            pass
        else:
            assert ended_as is None
        ended_as = ended_as or (change.status if change.status in FINAL else None)
        assert ended_as in {None, change.status}
        assert (change.finished_at is None) is (change.status in OPEN_CHANGES)
        assert change.started_at is not None or change.status != S.RUNNING


def test_every_status_can_be_reached() -> None:
    reached, edge = {S.PLANNING}, {S.PLANNING}
    while edge:
        edge = {to for here, to in LEGAL if here in edge} - reached
        reached |= edge
    assert reached == set(S)


def test_times_follow_the_moves() -> None:
    change = Change(status=S.QUEUED)
    with time_machine.travel(NOW, tick=False) as clock:
        move(change, S.RUNNING)
        assert (change.started_at, change.finished_at) == (NOW, None)
        clock.shift(60)
        move(change, S.FAILED)
        assert change.finished_at == NOW + timedelta(seconds=60)
        clock.shift(60)
        move(change, S.QUEUED)
        assert change.finished_at is None
        move(change, S.RUNNING)
    assert change.started_at == NOW, "a retry keeps when it first began"


def test_groups_of_statuses() -> None:
    assert set(S) - FINAL - {S.FAILED} == OPEN_CHANGES
    assert OPEN_CHANGES - {S.AWAITING_APPROVAL} == MOVING_CHANGES
    assert OPEN_CHANGES - {S.RUNNING} == CANCELLABLE_CHANGES
    assert all((here, S.CANCELLED) in LEGAL for here in CANCELLABLE_CHANGES)


@pytest.mark.parametrize("choices", [ChangeStatus, EnvironmentStatus, Outcome])
def test_every_status_has_a_label_and_a_tone(choices: type[ChangeStatus]) -> None:
    assert {status.tone for status in choices} <= TONES
    assert len(set(choices.labels)) == len(choices)


# Steps, and stops of the rail, fail and run too: their words count only where they are somebody's status.
ELSEWHERE = set(StepState.values) & set(ChangeStatus.values)


def _words(node: ast.AST) -> set[str]:
    constants = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
    return {value for value in constants if isinstance(value, str) and value in ChangeStatus.values}


def status_words(tree: ast.AST) -> set[str]:
    """The statuses of changes that a module writes out as text."""
    found = _words(tree) - ELSEWHERE
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Assign):
            sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else [*node.targets, node.value]
            if any(isinstance(side, ast.Attribute) and side.attr == "status" for side in sides):
                found |= _words(node)
        elif isinstance(node, ast.keyword) and (node.arg or "").startswith("status"):
            found |= _words(node)
    return found


@pytest.mark.parametrize(
    "code",
    [
        'change.status == "failed"',
        'change.status in {"running", "other"}',
        'Change.objects.filter(status="failed")',
        'Change.objects.filter(status__in=["running"])',
        'change.status = "failed"',
        'words = ("superseded",)',
    ],
)
def test_a_status_literal_is_seen(code: str) -> None:
    assert status_words(ast.parse(code))


LIFECYCLE = "provisioning/lifecycle/"
CLIENT = "portal/cli/"  # knows the API and its words only, and nothing of Stackyard's code


def test_no_status_literal_outside_lifecycle() -> None:
    found: dict[str, set[str]] = {}
    for face in ("provisioning", "portal"):
        for path in sorted((settings.BASE_DIR / face).rglob("*.py")):
            name = path.relative_to(settings.BASE_DIR).as_posix()
            if not name.startswith(("provisioning/models/", "provisioning/migrations/", CLIENT)):
                name = LIFECYCLE if name.startswith(LIFECYCLE) else name
                found.setdefault(name, set()).update(status_words(ast.parse(path.read_text())))
    assert found.pop(LIFECYCLE) >= {"queued", "superseded"}
    assert {name: words for name, words in found.items() if words} == {}
