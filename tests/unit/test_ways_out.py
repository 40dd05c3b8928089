"""One way out of each bad state: every status that AWS has, what may be spared, and who has to agree."""

from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.model import StringShape
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.model import StagePolicy
from provisioning.lifecycle import ChangeKind, StackKind, stack_status
from provisioning.planning.changes import DATA_TYPES
from provisioning.planning.guard import dangers
from provisioning.planning.policy import may_start_later, needed
from provisioning.planning.ways_out import (
    CONTINUE,
    DELETE,
    DELETING,
    FORCE,
    FROZEN,
    RETAIN,
    RETRY,
    ROLL_BACK,
    Held,
    Said,
    StackFacts,
    failed_in_roll_back,
    is_still,
    made_by_update,
    may_be_stuck,
    planned_rows,
    was_stable,
    way_out,
)

TABLE, GROUP = "AWS::DynamoDB::Table", "AWS::AutoScaling::AutoScalingGroup"
STACK = "AWS::CloudFormation::Stack"
# What each state of rest comes to, with nothing else known; every other status has no way out.
WAYS = {
    "REVIEW_IN_PROGRESS": DELETE,
    "CREATE_FAILED": DELETE,
    "ROLLBACK_COMPLETE": DELETE,
    "ROLLBACK_FAILED": DELETE,
    "UPDATE_FAILED": ROLL_BACK,
    "UPDATE_ROLLBACK_FAILED": CONTINUE,
    "DELETE_FAILED": DELETE,
    "IMPORT_ROLLBACK_COMPLETE": DELETE,
    "IMPORT_ROLLBACK_FAILED": DELETE,
}
SHAPE = botocore.session.get_session().get_service_model("cloudformation").shape_for("StackStatus")
assert isinstance(SHAPE, StringShape)
STATUSES = sorted(SHAPE.enum)


def own(status: str) -> Said:
    return Said("yard", STACK, status, own=True)


def facts(status: str, kind: StackKind = StackKind.COMPUTE, **more: Any) -> StackFacts:
    return StackFacts(kind, "yard", status, **more)


def held(name: str, status: str, kind: str = GROUP) -> Held:
    return Held(name, f"{name}-1", kind, status, "AWS said why")


def policy(stage: str, approvals: int) -> StagePolicy:
    """A stage that asks nobody in particular."""
    return StagePolicy(stage, approvals, (), protection=False, lifetime_days=None, personal=False, defaults={})


STUCK_GROUP = facts(
    "UPDATE_ROLLBACK_FAILED",
    held=(held("Group", "UPDATE_FAILED"), held("Other", "UPDATE_COMPLETE")),
    said=(
        own("UPDATE_IN_PROGRESS"),
        Said("Other", GROUP, "UPDATE_FAILED", "No capacity"),
        own("UPDATE_ROLLBACK_IN_PROGRESS"),
        Said("Group", GROUP, "UPDATE_FAILED", "Stuck"),
        Said("Third", GROUP, "UPDATE_FAILED", "Resource update cancelled"),
        own("UPDATE_ROLLBACK_FAILED"),
    ),
)


@pytest.mark.parametrize("kind", StackKind)
@pytest.mark.parametrize("status", STATUSES)
def test_each_of_the_statuses_that_aws_has_is_answered(status: str, kind: StackKind) -> None:
    assert len(STATUSES) == 23
    found = way_out(facts(status, kind))
    assert (found.what if found else None) == WAYS.get(status)
    assert may_be_stuck(status) is (status in WAYS)
    if found is not None:
        assert found.label
        assert found.condition
        assert found.sentence.endswith(".")
        assert "yard" in found.sentence
        assert not stack_status(status).moving


@pytest.mark.parametrize("kind", StackKind)
def test_an_unknown_status_freezes_and_says_so(kind: StackKind) -> None:
    """S2."""
    found = way_out(facts("ARCHIVED", kind))
    assert found is not None
    assert (found.what, found.label) == (FROZEN, "")
    assert "ARCHIVED" in found.condition
    assert "administrator" in found.sentence
    assert way_out(facts("ARCHIVE_IN_PROGRESS", kind)) is None


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("ROLLBACK_COMPLETE", "Create again"),
        ("REVIEW_IN_PROGRESS", "Create again"),
        ("IMPORT_ROLLBACK_COMPLETE", "Create again"),
        ("DELETE_FAILED", "Delete again"),
    ],
)
def test_a_failed_change_that_helps_is_tried_again_instead(status: str, label: str) -> None:
    found = way_out(facts(status, retry=True))
    assert found is not None
    assert (found.what, found.label, found.retry) == (RETRY, label, True)


def test_an_import_that_was_undone_leaves_a_stack_that_serves() -> None:
    assert (
        way_out(facts("IMPORT_ROLLBACK_COMPLETE", StackKind.DATA, held=(held("T", "CREATE_COMPLETE", TABLE),))) is None
    )


def test_only_what_failed_because_of_the_roll_back_may_be_skipped() -> None:
    """S11: neither what failed in the update itself, nor what was only cancelled."""
    found = way_out(STUCK_GROUP)
    assert found is not None
    assert [(one.logical_id, one.type, one.reason) for one in found.proposals] == [("Group", GROUP, "Stuck")]
    assert (found.ticked, found.second_person, found.chooses) == (True, False, True)
    data = way_out(replace(STUCK_GROUP, kind=StackKind.DATA))
    assert data is not None
    assert (data.ticked, data.second_person) == (False, True)
    assert not data.asks_two([])
    assert data.asks_two(["Group"])
    assert not data.needs_reason([])
    assert data.needs_reason(["Group"])


def test_a_roll_back_that_went_on_proposes_what_failed_last() -> None:
    again = (*STUCK_GROUP.said, own("UPDATE_ROLLBACK_IN_PROGRESS"), Said("Other", GROUP, "UPDATE_FAILED", "Now this"))
    assert failed_in_roll_back(again) == {"Other": "Now this"}
    assert failed_in_roll_back((*again, Said("Other", GROUP, "UPDATE_COMPLETE"))) == {}
    assert failed_in_roll_back((*again, own("UPDATE_IN_PROGRESS"))) == {}


def test_a_deletion_that_fails_goes_further_step_by_step() -> None:
    """S8: again, then what blocks is left behind, last by force."""
    blocked = (held("Group", "DELETE_FAILED"), held("Other", "DELETE_COMPLETE"))
    once, twice = (own("DELETE_FAILED"),), (own("DELETE_FAILED"), own("DELETE_FAILED"))
    first = way_out(facts("DELETE_FAILED", held=blocked, said=once))
    second = way_out(facts("DELETE_FAILED", held=blocked, said=twice))
    last = way_out(facts("DELETE_FAILED", held=blocked, said=twice, retained_before=True))
    assert first is not None
    assert second is not None
    assert last is not None
    assert [first.what, second.what, last.what] == [DELETE, RETAIN, FORCE]
    assert [one.logical_id for one in second.proposals] == ["Group"]
    assert way_out(facts("DELETE_FAILED", said=twice)) == replace(last, condition="Deleting it failed 2 times")
    assert [is_still(asked, second) for asked in (DELETE, RETAIN, FORCE, CONTINUE)] == [True, True, False, False]


def test_an_update_without_an_earlier_state_is_deleted_not_rolled_back() -> None:
    """S12: rolling it back would delete it as well, without saying so."""
    found = way_out(facts("UPDATE_FAILED", stable=False))
    assert found is not None
    assert found.what == DELETE
    assert not was_stable((own("CREATE_IN_PROGRESS"), own("CREATE_FAILED"), own("UPDATE_IN_PROGRESS")))
    assert was_stable((own("CREATE_COMPLETE"), own("UPDATE_FAILED")))
    assert not was_stable((Said("nested", STACK, "CREATE_COMPLETE"),))


def test_a_table_that_only_the_update_made_goes_with_its_roll_back_so_that_is_seen() -> None:
    made = Said("New", TABLE, "CREATE_COMPLETE")
    said = (own("CREATE_COMPLETE"), own("UPDATE_IN_PROGRESS"), made, own("UPDATE_FAILED"))
    assert made_by_update(said) == {"New"}
    stuck = facts("UPDATE_FAILED", StackKind.DATA, held=(held("New", "CREATE_COMPLETE", TABLE),), said=said)
    assert dangers(planned_rows(ROLL_BACK, stuck, spared=(), keeps=()))
    assert not dangers(planned_rows(ROLL_BACK, stuck, spared=(), keeps={"New"}))
    assert dangers(planned_rows(CONTINUE, stuck, spared=(), keeps={"New"}))


NAMES = ("A", "B", "C")
EVENTS = st.builds(
    Said,
    st.sampled_from([*NAMES, "yard"]),
    st.sampled_from([TABLE, GROUP, STACK]),
    st.sampled_from([*STATUSES, "DELETE_SKIPPED"]),
    st.sampled_from(["", "Stuck", "Resource update cancelled"]),
    st.booleans(),
)
RESOURCES = st.builds(
    held,
    st.sampled_from(NAMES),
    st.sampled_from(["UPDATE_FAILED", "DELETE_FAILED", "CREATE_COMPLETE", "DELETE_COMPLETE"]),
    st.sampled_from([TABLE, GROUP, "AWS::S3::Bucket"]),
)
FACTS = st.builds(
    StackFacts,
    st.sampled_from(list(StackKind)),
    st.just("yard"),
    st.sampled_from([*STATUSES, "ARCHIVED"]),
    st.lists(RESOURCES, max_size=4, unique_by=lambda one: one.logical_id).map(tuple),
    st.lists(EVENTS, max_size=8).map(tuple),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
STAGES = st.sampled_from(["dev", "staging", "prod"])


@given(FACTS, STAGES, st.integers(0, 2), st.data())
def test_nothing_of_a_data_stack_is_ever_spared_or_forced_by_one_person_alone(
    known: StackFacts, stage: str, approvals: int, data: st.DataObject
) -> None:
    found = way_out(known)
    if found is None:
        return
    spared = (
        data.draw(st.lists(st.sampled_from([one.logical_id for one in found.proposals]), unique=True))
        if (found.proposals)
        else []
    )
    goal = {"stack": known.kind, "what": found.what, "spared": spared, "second_person": found.asks_two(spared)}
    asked = needed(policy(stage, approvals), ChangeKind.RECOVER, goal)
    if known.kind == StackKind.DATA and (spared or found.what in {RETAIN, FORCE}):
        assert found.asks_two(spared)
        assert asked.approvals >= 1
        assert asked.approver_groups == ("admins",)
        assert not asked.auto_approvals
        assert found.needs_reason(spared)
        assert not found.ticked
    if not found.asks_two(spared):
        assert asked.approvals == approvals
    assert known.kind == StackKind.DATA or not found.second_person
    assert {one.logical_id for one in found.proposals} <= {one.logical_id for one in known.there}


@given(FACTS, st.frozensets(st.sampled_from(NAMES)), st.frozensets(st.sampled_from(NAMES)))
def test_a_way_out_never_takes_a_table_along(known: StackFacts, keeps: frozenset[str], spared: frozenset[str]) -> None:
    """What holds data either stays, because the template or a person keeps it, or the guard refuses the plan."""
    for what in sorted({*DELETING, CONTINUE, ROLL_BACK}):
        rows = planned_rows(what, known, spared=spared, keeps=keeps)
        refused = {one.logical_id for one in dangers(rows)}
        assert rows[0]["type"] == STACK
        for row in rows:
            if row["type"] in DATA_TYPES:
                stays = row["action"] == "Keep" or (row["action"] == "Modify" and what in {CONTINUE, ROLL_BACK})
                assert stays or row["logical_id"] in refused
        if what in DELETING:
            mentioned = {row["logical_id"] for row in rows}
            assert mentioned >= {one.logical_id for one in known.there}
            by_person = spared if what == RETAIN else frozenset()
            there = {one.logical_id: one.type for one in known.there}
            assert refused == {name for name in there.keys() - keeps - by_person if there[name] in DATA_TYPES}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_start_may_be_asked_for_where_somebody_decides(stage: str) -> None:
    nobody = policy(stage, 0)
    forced = {"stack": "data", "what": FORCE}
    assert may_start_later(nobody, ChangeKind.RECOVER, forced)
    assert may_start_later(nobody, ChangeKind.RECOVER, forced | {"stack": "compute"}) is (stage == "prod")
    assert needed(nobody, ChangeKind.UPDATE, forced) == nobody
