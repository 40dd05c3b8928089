"""Ways out: what gets a stack that rests in a bad state out of it, one for each state, and what that will do. Pure.

Nothing in here is automatic: a person asks for it, as a change of its own, or tries the failed change again (S4, S7,
S8, S11, S12).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.lifecycle import STACK_STATUSES, StackKind, stack_status
from provisioning.planning.reasons import consequence

RETRY, DELETE, ROLL_BACK, CONTINUE, RETAIN, FORCE, FROZEN = (
    "retry",
    "delete",
    "roll_back",
    "continue",
    "retain",
    "force",
    "",
)
DELETING = frozenset({DELETE, RETAIN, FORCE})
SPARING = frozenset({CONTINUE, RETAIN})
# How far a delete goes: asking for less than what is the way out by now is no harm.
REACH = {DELETE: 1, RETAIN: 2, FORCE: 3}
STACK_TYPE = "AWS::CloudFormation::Stack"
ROLLING_BACK, UPDATING, IMPORTING = "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS", "IMPORT_IN_PROGRESS"
LEFT = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED", "IMPORT_ROLLBACK_COMPLETE"})  # no longer in the stack
TABLES_STAY = "Tables stay with their items, outside the stack, and the next create takes them over."


@dataclass(frozen=True)
class Held:
    """A resource of the stack, and how it stands; statuses and reasons are AWS's own words."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Said:
    """One stack event; `own` when it is about the stack itself, and not about something in it."""

    logical_id: str
    type: str
    status: str
    reason: str = ""
    own: bool = False


@dataclass(frozen=True)
class StackFacts:
    """What is known of a stack: what it has, what its events said, oldest first, whether it ever came to a state that
    it can go back to, whether a delete that retains was tried, and whether the newest failed change of its environment
    gets it out when it is tried again."""

    kind: StackKind
    name: str
    status: str
    held: tuple[Held, ...] = ()
    said: tuple[Said, ...] = ()
    stable: bool = True
    retained_before: bool = False
    retry: bool = False

    @property
    def there(self) -> tuple[Held, ...]:
        """What it still has."""
        return tuple(one for one in self.held if one.status not in LEFT and one.type != STACK_TYPE)


@dataclass(frozen=True)
class Proposal:
    """A resource that a way out may skip or leave behind, and what AWS said of it."""

    logical_id: str
    type: str
    reason: str


@dataclass(frozen=True)
class WayOut:
    """One way out. `label` is the verb on its button, empty where there is none; `condition` the state in words;
    `sentence` what it will do and what stays. Of the `proposals` any may be skipped (`continue`, `ticked` to begin
    with or not), at least one has to stay (`retain`). With `retry` the failed change itself is tried again."""

    what: str
    label: str
    condition: str
    sentence: str
    proposals: tuple[Proposal, ...] = ()
    ticked: bool = False
    second_person: bool = False
    retry: bool = False

    @property
    def chooses(self) -> bool:
        """Whether a person chooses among resources."""
        return self.what in SPARING and bool(self.proposals)

    def asks_two(self, spared: Collection[str]) -> bool:
        """Whether somebody else has to agree, at every stage."""
        return self.second_person and (self.what != CONTINUE or bool(spared))

    def needs_reason(self, spared: Collection[str]) -> bool:
        """Whether it is kept why: wherever something is skipped, left behind or forced."""
        return self.what in {RETAIN, FORCE} or bool(spared)


def way_out(facts: StackFacts) -> WayOut | None:
    """The one way out of where a stack is; None while it moves, serves, or is not there."""
    if not may_be_stuck(facts.status):
        return None
    if facts.status not in STACK_STATUSES:
        return WayOut(
            FROZEN,
            "",
            f"CloudFormation shows {facts.status}, which Stackyard does not know",
            f"Nothing is done to {facts.name} until an administrator has looked at it in the AWS console. Once it has"
            " another status, look again.",
        )
    return _WAYS[facts.status](facts)


def may_be_stuck(status: str) -> bool:
    """Whether a stack in this status may need a way out: a cheap look before its facts are gathered."""
    meaning = stack_status(status)
    return not meaning.moving and not meaning.gone and (status in _WAYS or status not in STACK_STATUSES)


def is_still(asked: str, found: WayOut) -> bool:
    """Whether what was asked for is the way out that was found, or a gentler one of the same kind."""
    return asked == found.what or (asked in REACH and REACH[asked] < REACH.get(found.what, 0))


def _shell(facts: StackFacts) -> WayOut:
    condition = {
        "REVIEW_IN_PROGRESS": "Empty: made for a plan that did not run",
        "ROLLBACK_COMPLETE": "The create failed and was rolled back; what is left is an empty stack",
        "IMPORT_ROLLBACK_COMPLETE": "Taking the tables over failed; what is left is an empty stack",
    }[facts.status]
    if facts.retry:
        sentence = (
            f"The empty {facts.name} is deleted, and the change is planned and run again. What has to be kept is kept."
        )
        return WayOut(RETRY, "Create again", condition, sentence, retry=True)
    sentence = f"The empty {facts.name} is deleted; its name is free again. {_stay(facts)}"
    return WayOut(DELETE, "Delete the empty stack", condition, sentence.strip())


def _undone_import(facts: StackFacts) -> WayOut | None:
    """A stack that had something before the import serves it still (S5)."""
    imported: set[str] = set()
    for one in facts.said:
        imported = set() if one.own and one.status == IMPORTING else imported | {one.logical_id}
    return None if any(one.logical_id not in imported for one in facts.there) else _shell(facts)


def _failed_create(facts: StackFacts) -> WayOut:
    condition = {
        "CREATE_FAILED": "The create failed and was not rolled back",
        "ROLLBACK_FAILED": "The create failed, and so did removing what it had made",
        "UPDATE_FAILED": "The update failed, and there is no earlier state to go back to",
    }[facts.status]
    sentence = f"{facts.name} is deleted with what it made. {_stay(facts)} Then create it again."
    return WayOut(DELETE, "Delete the failed stack", condition, sentence.replace("  ", " "))


def _failed_import(facts: StackFacts) -> WayOut:
    sentence = f"{facts.name} is deleted. {_stay(facts)} Then create it again."
    return WayOut(
        DELETE,
        "Delete the failed stack",
        "Taking the tables over failed, and so did undoing that",
        sentence.replace("  ", " "),
        second_person=facts.kind == StackKind.DATA,
    )


def _failed_update(facts: StackFacts) -> WayOut:
    if not facts.stable:
        return _failed_create(facts)
    sentence = (
        f"CloudFormation brings {facts.name} back to how it was before the update. What the update had made goes; no"
        " table is deleted."
    )
    return WayOut(ROLL_BACK, "Roll back", "The update failed and was not rolled back", sentence)


def _stuck_roll_back(facts: StackFacts) -> WayOut:
    failed = failed_in_roll_back(facts.said)
    types = {one.logical_id: one for one in facts.held}
    proposals = tuple(
        Proposal(name, types[name].type, reason)
        for name, reason in failed.items()
        if name in types and types[name].status == "UPDATE_FAILED"
    )
    sentence = f"CloudFormation goes on rolling {facts.name} back to how it was before the update."
    if proposals:
        sentence += (
            " What is ticked is skipped: it stays as it is now, no longer as the template says, and updates are"
            " refused until a drift check finds it in order. Skip only what cannot be mended."
        )
    return WayOut(
        CONTINUE,
        "Continue the roll-back",
        "The update failed, and so did undoing it",
        sentence,
        proposals=proposals,
        ticked=bool(proposals) and facts.kind == StackKind.COMPUTE,
        second_person=facts.kind == StackKind.DATA and bool(proposals),
    )


def _stuck_delete(facts: StackFacts) -> WayOut:
    """First the same again, then what blocks is left behind, last by force (S8)."""
    condition, data = "Deleting it failed", facts.kind == StackKind.DATA
    failures = sum(one.own and one.status == "DELETE_FAILED" for one in facts.said)
    blocking = tuple(
        Proposal(one.logical_id, one.type, one.reason) for one in facts.there if one.status == "DELETE_FAILED"
    )
    if failures < 2:
        sentence = f"Deletes {facts.name} once more, now that the cause is gone. {_stay(facts)}".strip()
        return WayOut(RETRY if facts.retry else DELETE, "Delete again", condition, sentence, retry=facts.retry)
    condition = f"Deleting it failed {failures} times"
    if blocking and not facts.retained_before:
        sentence = (
            f"Deletes {facts.name} and leaves what is ticked where it is, in no stack: it goes on costing until"
            f" somebody removes it. {_stay(facts)}"
        )
        return WayOut(RETAIN, "Delete, leave what blocks", condition, sentence.strip(), blocking, not data, data)
    sentence = (
        f"Deletes {facts.name} whatever of it cannot be deleted: that stays, in no stack, and goes on costing until"
        f" somebody removes it. {_stay(facts)}"
    )
    return WayOut(FORCE, "Force the deletion", condition, sentence.strip(), second_person=data)


def _stay(facts: StackFacts) -> str:
    return TABLES_STAY if facts.kind == StackKind.DATA else ""


_WAYS: Mapping[str, Callable[[StackFacts], WayOut | None]] = {
    "REVIEW_IN_PROGRESS": _shell,
    "CREATE_FAILED": _failed_create,
    "ROLLBACK_COMPLETE": _shell,
    "ROLLBACK_FAILED": _failed_create,
    "UPDATE_FAILED": _failed_update,
    "UPDATE_ROLLBACK_FAILED": _stuck_roll_back,
    "DELETE_FAILED": _stuck_delete,
    "IMPORT_ROLLBACK_COMPLETE": _undone_import,
    "IMPORT_ROLLBACK_FAILED": _failed_import,
}


def was_stable(said: Iterable[Said]) -> bool:
    """Whether the stack ever came to a state that it can go back to (S12)."""
    statuses = (stack_status(one.status) for one in said if one.own)
    return any(status.live and not status.moving for status in statuses)


def failed_in_roll_back(said: Iterable[Said]) -> dict[str, str]:
    """What failed in the newest roll-back, and why: only that may be skipped (S11). What failed in the update itself,
    or was only cancelled, is not among it."""
    found: dict[str, str] = {}
    rolling = False
    for one in said:
        if one.own and one.status in {ROLLING_BACK, UPDATING}:
            rolling, found = one.status == ROLLING_BACK, {}
        elif rolling and not one.own and one.status == "UPDATE_FAILED" and not consequence(one.reason):
            found[one.logical_id] = one.reason
        elif one.status == "UPDATE_COMPLETE":
            found.pop(one.logical_id, None)
    return found


def made_by_update(said: Iterable[Said]) -> frozenset[str]:
    """The logical ids that only the newest update made: a roll-back takes them away again (R3)."""
    made: set[str] = set()
    for one in said:
        if one.own and one.status == UPDATING:
            made = set()
        elif one.status == "CREATE_COMPLETE" and not one.own:
            made.add(one.logical_id)
        elif one.status in LEFT:
            made.discard(one.logical_id)
    return frozenset(made)


def planned_rows(
    what: str, facts: StackFacts, *, spared: Collection[str], keeps: Collection[str]
) -> list[dict[str, Any]]:
    """What a way out does, as rows of a plan: the stack itself first, then each resource that it touches. `keeps` are
    the logical ids that the stack's template retains when they go."""
    if what in DELETING:
        kept = {*keeps, *(spared if what == RETAIN else ())}
        return [_stack_row(facts, "Remove", "gone"), *(_gone_row(one, kept, what) for one in facts.there)]
    ended = "as it was before the update"
    return [_stack_row(facts, "Modify", ended), *_rolled_back(facts, spared, keeps if what == ROLL_BACK else ())]


def _rolled_back(facts: StackFacts, spared: Collection[str], keeps: Collection[str]) -> list[dict[str, Any]]:
    made, failed = made_by_update(facts.said), failed_in_roll_back(facts.said)
    rows = []
    for one in facts.there:
        if one.logical_id in made:
            rows.append(_gone_row(one, keeps, ROLL_BACK))
        elif one.logical_id in spared:
            rows.append(_row(one, "Keep", "skipped: stays as it is now"))
        elif one.logical_id in failed:
            rows.append(_row(one, "Modify", "rolled back once more"))
    return rows


def _gone_row(one: Held, keeps: Collection[str], what: str) -> dict[str, Any]:
    if one.logical_id in keeps:
        return {**_row(one, "Keep", "stays, in no stack"), "policy_action": "Retain"}
    unsure = what == FORCE and one.status == "DELETE_FAILED"
    return {
        **_row(one, "Remove", "stays, in no stack, if it cannot be deleted" if unsure else ""),
        "policy_action": "Delete",
    }


def _row(one: Held, action: str, after: str) -> dict[str, Any]:
    return {
        "logical_id": one.logical_id,
        "physical_id": one.physical_id,
        "name": one.physical_id or one.logical_id,
        "type": one.type,
        "action": action,
        "replacement": "",
        "policy_action": "",
        "details": [_detail(one.status, after)] if after else [],
    }


def _stack_row(facts: StackFacts, action: str, after: str) -> dict[str, Any]:
    label = stack_status(facts.status).label.lower()
    stack = Held(facts.name, facts.name, STACK_TYPE, label)
    return _row(stack, action, after)


def _detail(before: str, after: str) -> dict[str, Any]:
    return {"path": "State", "before": before, "after": after, "requires_recreation": "", "cause": ""}
